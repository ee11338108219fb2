"""A source that is asked for and that the artefact does not tell: nobody knows whose it is.

Recorded facts of good artefacts, with what they say of their source taken out.
"""

import json
from pathlib import Path

import pytest

from checks import registry
from checks.api import Seen, State
from checks.codec import from_json

RECORDINGS = Path(__file__).resolve().parents[2] / "checks" / "recordings"
SYSTEM = ("system", "systems")
NAMES = ("database", "source", "databases")


def without(value, keys):
    """The same facts, with nothing at these keys."""
    if isinstance(value, dict):
        return {k: type(v)() if k in keys and v is not None else without(v, keys) for k, v in value.items()}
    return [without(one, keys) for one in value] if isinstance(value, list) else value


def judged(name, recording, params, keys):
    check = registry.get(f"backup.{name}")
    raw = json.loads((RECORDINGS / check.id / f"{recording}.json").read_text("utf-8"))
    facts = from_json(check.facts, without(raw["facts"], keys), "facts")
    given = from_json(check.params, {**raw["params"], **params}, "params")
    return [(one.name.rpartition(":")[2], one.state, one.reason) for one in
            check.judge(Seen(facts, raw["taken_at"]), given)]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "recording", "params", "keys", "level"),
    [
        ("postgres", "ok_custom", {"system": "7"}, SYSTEM, "true"),
        ("postgres", "ok_plain", {"database": "oa_db"}, NAMES, "true"),
        ("fingerprint", "ok", {"system": "7"}, SYSTEM, "true"),
        ("basebackup", "ok_tar", {"system": "7"}, SYSTEM, "true"),
        ("mariabackup", "ok_chain", {"system": "7"}, SYSTEM, "true"),
        ("pgbackrest", "ok", {"system": "7"}, SYSTEM, "connected"),
        ("barman", "ok", {"system": "7"}, SYSTEM, "connected"),
    ],
)
def test_what_is_asked_and_not_told_is_unknown(name, recording, params, keys, level):
    told = judged(name, recording, params, keys)
    assert (level, State.UNKNOWN, "not_recorded") in told, told
    assert not [one for one in told if one[2] in ("wrong_source", "wrong_repository")]
    asked_nothing = judged(name, recording, dict.fromkeys(params, ""), keys)
    assert (level, State.UNKNOWN, "not_recorded") not in asked_nothing


def test_rows_that_are_those_of_the_source_tell_whose_a_mariadb_dump_is():
    assert ("true", State.OK, "") in judged("mariadb", "ok", {"database": "shop"}, NAMES)


def test_a_dump_of_a_whole_server_that_holds_the_database_tells_it():
    check = registry.get("backup.postgres")
    raw = json.loads((RECORDINGS / check.id / "ok_plain.json").read_text("utf-8"))
    bare = without(raw["facts"], NAMES)
    for databases, state in ((["a", "oa_db"], State.OK), (["a", "b"], State.UNKNOWN)):
        for one in bare["artefacts"]:
            one["dump"] = {**one["dump"], "cluster": True, "databases": databases}
        facts = from_json(check.facts, bare, "facts")
        found = check.judge(Seen(facts, raw["taken_at"]), from_json(check.params, raw["params"], "params"))
        assert {one.state for one in found if one.name.endswith(":true")} == {state}


def test_errors_of_the_pass_of_roles_are_shown_and_no_fault_of_the_dump():
    check = registry.get("backup.drill")
    raw = json.loads((RECORDINGS / check.id / "ok_custom.json").read_text("utf-8"))
    raw["facts"]["artefacts"][0]["roles"]["errors"] = 2
    facts = from_json(check.facts, raw["facts"], "facts")
    given = from_json(check.params, raw["params"], "params")
    found = {one.name.rpartition(":")[2]: one for one in check.judge(Seen(facts, raw["taken_at"]), given)}
    shown = found["globals_errors"]
    assert (shown.value, shown.state, shown.reason) == (2, State.WARN, "error_text")
    assert found["restorable"].state is State.OK
