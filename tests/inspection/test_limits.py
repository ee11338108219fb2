"""The limit that a reading passed is found by asking its judge again."""

import json
from dataclasses import replace
from pathlib import Path

from checks import registry
from checks.api import Seen, worst
from checks.codec import from_json, to_json
from checks.result import Result, params_digest
from collector.inspection.limits import Limit, passed

RECORDING = Path(__file__).parents[1] / "checks" / "recordings" / "host.filesystem" / "crit.json"


def made(**params: object) -> tuple[Result, dict[str, object]]:
    check = registry.get("host.filesystem")
    given = to_json(from_json(check.params, params, "params"))
    facts = json.loads(RECORDING.read_text())["facts"]
    judged = check.judge(Seen(from_json(check.facts, facts, "facts"), 5), from_json(check.params, params, ""))
    readings = tuple(judged)
    result = Result(
        check=check.id,
        version=check.version,
        asset="web-01",
        target="web-01",
        vantage="web-01",
        slot=5,
        t0=5,
        t1=6,
        params=params_digest(given),
        facts=facts,
        readings=readings,
        state=worst(one.state for one in readings),
        error=None,
    )
    return result, given


def test_each_reading_names_the_limit_without_which_it_is_good() -> None:
    check = registry.get("host.filesystem")
    result, params = made(used={"warn": 80, "crit": 90})
    found = passed(check, result, params)
    assert found["/srv/full"] == Limit("used", "≥", 90)
    assert "/" not in found, "what is good passed no limit"
    result, params = made(used={"warn": 80, "crit": None})
    assert passed(check, result, params)["/srv/full"] == Limit("used", "≥", 80)


def test_nothing_is_said_of_another_version_or_of_facts_that_no_longer_fit() -> None:
    check = registry.get("host.filesystem")
    result, params = made(used={"warn": 80, "crit": 90})
    assert passed(check, replace(result, version=result.version + 1), params) == {}
    assert passed(check, replace(result, facts={"odd": 1}), params) == {}
    assert passed(check, result, {"no_such": 1}) == {}
