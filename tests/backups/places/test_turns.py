"""How old a backup may be is asked of the newest; what another version of a check read is read again."""

import os
from pathlib import Path

import pytest

from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks import registry
from checks.api import Seen
from checks.artefacts.artefact import Artefact, Listed, Made
from checks.artefacts.look import Look, Stands
from checks.artefacts.standing import read, remembered, survey
from checks.backup import barman, basebackup, pgbackrest
from checks.codec import from_json

NOW = 1_800_000_000_000
DAY = 86_400_000
OLD = ("late", "old_inside")
EMPTY = basebackup.Inside()


def put(path: Path, data: bytes, days: float) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    os.utime(path, ns=(int(NOW - days * DAY) * 1_000_000,) * 2)
    return path


def fresh(check_id: str, path: str, **more: object) -> dict[str, str]:
    """By name what says that an artefact is too old; "" where nothing does."""
    check = registry.get(check_id)
    params = from_json(check.params, {"path": path, **more}, "params")
    facts = check.observe(open_backups(Transient({}), Means(), NOW), params)
    return freshness(check, facts, params)


def freshness(check, facts, params) -> dict[str, str]:
    found = list(check.judge(Seen(facts, NOW), params))
    words = {one.name: one.reason for one in found if one.name.endswith(":fresh")}
    return {name[: -len(":fresh")]: word if word in OLD else "" for name, word in words.items()}


@pytest.mark.parametrize(
    "check_id", ["backup.file", "backup.archive", "backup.redis", "backup.device_config", "backup.mariadb"]
)
def test_an_older_one_read_again_in_its_turn_is_not_late_and_an_old_newest_one_is(
    check_id: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    for days in (0.5, 1.5, 2.5, 3.5):
        put(tmp_path / f"one-{days}", b"%f" % days, days)
    # With `rolling: 1` it is the turn of all of them.
    asked = {"max_age_s": 100_000, "rolling": 1}
    found = fresh(check_id, f"{tmp_path}/one-*", **asked)
    assert found == {f"one-{days}": "" for days in (0.5, 1.5, 2.5, 3.5)}
    found = fresh(check_id, f"{tmp_path}/one-*", artefacts=2, **asked)
    assert found["one-1.5"] == "late", "the second newest is looked at each time too"
    assert found["one-2.5"] == ""
    (tmp_path / "one-0.5").unlink()
    assert fresh(check_id, f"{tmp_path}/one-*", **asked)["one-1.5"] == "late"


def artefact(name: str, days: float, **more: object) -> Artefact:
    at = int(NOW - days * DAY)
    return Artefact(name, "full", 1, 1, at, made=Made(at, at), id=name.rpartition("/")[2], **more)


def test_the_full_one_that_the_newest_is_built_on_is_as_old_as_it_is() -> None:
    check = registry.get("backup.basebackup")
    made = (artefact("today", 0.5, parent="0/2"), artefact("sunday", 5))
    stands = Stands(2, tuple(Listed(one.name, 1, one.modified) for one in made))
    facts = basebackup.Facts(tuple(basebackup.BaseBackup(one, EMPTY) for one in made), stands, ())
    params = basebackup.Params(path="/b/*", artefacts=1, max_age_s=100_000)
    assert freshness(check, facts, params) == {"today": "", "sunday": ""}
    alone = basebackup.Facts(facts.artefacts[1:], Stands(1, stands.listed[1:]), ())
    assert freshness(check, alone, params) == {"sunday": "old_inside"}


def test_of_each_stanza_the_newest_is_asked() -> None:
    names = (("a/3", 0.5), ("a/2", 4), ("b/3", 4), ("b/2", 8))
    made = tuple(pgbackrest.Set(artefact(name, days)) for name, days in names)
    facts = pgbackrest.Facts(made, Stands(4), ())
    params = pgbackrest.Params(path="/r", artefacts=1, max_age_s=100_000)
    found = freshness(registry.get("backup.pgbackrest"), facts, params)
    assert {name: found[name] for name, _ in names} == {"a/3": "", "a/2": "", "b/3": "old_inside", "b/2": ""}


def test_of_a_server_of_barman_the_newest_is_asked() -> None:
    made = tuple(barman.Kept(artefact(f"s/{20270100 + 20 - days}T0", days), None) for days in (4, 8))
    server = barman.Server(Artefact("s/wals", "log", 1, 1, NOW), barman.Log())
    facts = barman.Facts(made, Stands(2), server)
    params = barman.Params(path="/b/s", artefacts=1, max_age_s=100_000)
    found = freshness(registry.get("backup.barman"), facts, params)
    assert (found[made[0].base.name], found[made[1].base.name]) == ("old_inside", "")


def test_what_another_version_read_is_read_again_and_its_digest_still_counts(tmp_path: Path) -> None:
    path = put(tmp_path / "a.dmp", b"rows", 1)
    params, kept = Look(path=str(path), rolling=0), {}

    def looked(by: int, later: int) -> Artefact:
        source = open_backups(Transient(kept), Means(), NOW + later)
        with source.place(params) as place, remembered(source, "read", by) as memory:
            found = survey(place, params, memory)
            return read(place, found, found.chosen[0], memory, params, source.now())

    first = looked(3, 0)
    assert looked(3, 1).read_at == first.read_at
    assert looked(4, 2).read_at == NOW + 2
    assert looked(4, 3).read_at == NOW + 2
    os.utime(path, ns=(path.stat().st_mtime_ns,) * 2)
    put(path, b"ROWS", 1)  # the same size and time
    after = looked(5, 4)
    assert after.recorded == first.sha256 != after.sha256
