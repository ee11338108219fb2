"""Whatever facts a result carries, judging them gives readings: a verifier meets facts others wrote."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.sources import perfdata
from checks import registry
from checks.api import Seen, State
from checks.codec import from_json, to_json

PARAMS = {
    "service.icmp": {"host": "a"},
    "service.tcp": {"host": "a", "port": 1},
    "service.http": {"url": "https://a/", "text": "x", "location": "http://b/"},
    "service.tls": {"host": "a.example"},
    "service.dns": {"name": "a", "expect": ["b"], "exact": True},
    "plugin.nagios": {"plugin": "it", "limits": {"a": {"warn": 1, "crit": 2}}},
}
_WORDS = (
    "sent",
    "answered",
    "connected",
    "timeout",
    "tls_verify",
    "TLSv1",
    "TLSv1.2",
    "NOERROR",
    "dns:*.b",
    "",
)
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
        return st.fixed_dictionaries({f.name: values(hints[f.name]) for f in fields(kind)}).map(
            lambda v: kind(**v)
        )
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    return st.one_of(*map(values, inner))


@pytest.mark.parametrize("check_id", PARAMS)
def test_any_facts_are_judged_and_every_bad_reading_has_a_reason(check_id):
    check = registry.get(check_id)
    params = from_json(check.params, PARAMS[check_id], "params")

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(check.facts), st.integers(0, 2**53))
    def judged(facts, now):
        facts = from_json(check.facts, json.loads(json.dumps(to_json(facts))), "facts")
        readings = list(check.judge(Seen(facts, now), params))
        assert readings
        assert all(reading.reason for reading in readings if reading.state is not State.OK)

    judged()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="a'= |;U1.5e%\n内", max_size=60).map(str.encode))
def test_any_output_of_a_plugin_is_read_into_something_that_can_be_signed(output):
    _text, values = perfdata.split(output)
    found, unread = perfdata.parse(values)
    assert unread >= 0
    assert len({item.label for item in found}) == len(found)
    for item in found:
        assert item.label.encode() and item.label.isprintable()
        item.unit.encode()
