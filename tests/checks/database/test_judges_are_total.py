"""Whatever facts a result of a database check carries, judging them gives readings with reasons."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import registry
from checks.api import Seen, State
from checks.codec import from_json, to_json
from collector.reports.words import READINGS, REASONS

IDS = [check_id for check_id in registry.ids() if check_id.startswith("database.")]
MORE = {
    "database.query": {
        "query": "a",
        "digest": "00",
        "upper": {"warn": 1, "crit": 2},
        "lower": {"warn": 0, "crit": -1},
    },
    "database.settings": {"expected": {"a": "b"}},
    "database.jobs": {"expected": ["", "a"], "age_s": {"warn": 1, "crit": 2}},
    "database.accounts": {"superusers": ["a"]},
    "database.replication": {"members": 1, "role": "standby"},
    "database.alive": {"role": "primary", "restarted_s": 5},
    "database.space": {"size": {"warn": 1, "crit": 2}, "growth_per_day": {"warn": 1, "crit": 2}},
    "database.redis": {"replicas": 1, "sentinels": 2, "save_age_s": {"warn": 1, "crit": 2}},
}
_WORDS = ("answered", "primary", "standby", "streaming", "ok", "failed", "superuser", "master", "slave",
          "sentinel", "cluster", "online", "s_down", "a", "")  # fmt: skip
_SIMPLE = {
    str: st.sampled_from(_WORDS) | st.text(max_size=8),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    type(None): st.none(),
    Fraction: st.fractions(-(2**20), 2**20, max_denominator=1000),
}


def values(kind):
    """Any value of a fact's type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        made = st.fixed_dictionaries({f.name: values(hints[f.name]) for f in fields(kind)})
        return made.map(lambda v: kind(**v))
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    return st.one_of(*map(values, inner))


@pytest.mark.parametrize("check_id", IDS)
def test_any_facts_are_judged_and_every_bad_reading_has_a_reason(check_id):
    check = registry.get(check_id)
    base = {"logs": ["/a"]} if check_id == "database.log" else {"address": "a"}
    params = from_json(check.params, {**base, **MORE.get(check_id, {})}, "params")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(check.facts), st.integers(0, 2**53))
    def judged(facts, now):
        facts = from_json(check.facts, json.loads(json.dumps(to_json(facts))), "facts")
        readings = list(check.judge(Seen(facts, now), params))
        assert readings
        for one in readings:
            assert one.reason or one.state is State.OK

    judged()


def test_every_name_and_reason_in_a_recording_has_words():
    from pathlib import Path

    for path in (Path(__file__).parents[1] / "recordings").glob("database.*/*.json"):
        for reading in json.loads(path.read_text("utf-8"))["expect"].get("readings", []):
            last = reading[0].rpartition(":")[2]
            assert last in READINGS or reading[0].startswith("/"), (path, reading)
            assert len(reading) < 5 or reading[4] in REASONS, (path, reading)
