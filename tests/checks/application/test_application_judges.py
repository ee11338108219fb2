"""Whatever facts a result carries, judging them gives readings: a verifier meets facts others wrote."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import registry
from checks.api import Seen, State
from checks.codec import from_json, to_json

STEPS = {"steps": [{"url": "http://a/", "text": "x", "read": ["a"], "equals": {"b": "1"}}]}
AT = {"address": "a"}
PARAMS = {
    "application.transaction": {"script": STEPS},
    "application.interface": {"script": STEPS, "limits": {"a": {"warn": 1, "crit": 2}}, "success": "a"},
    "application.conversion": {"script": STEPS, "digest": "00", "pages": 2},
    "application.sso": {"script": STEPS, "forged": {"url": "http://a/", "status": [401]}},
    "application.callback": {"url": "http://a/"},
    "application.queue": {"url": "http://a/", "expect": ["a"], "oldest_path": "a"},
    "application.mail": {**AT, "offers": ["STARTTLS"], "secret": "a"},
    "application.directory": {**AT, "base": "dc=a"},
    "application.websocket": {"url": "ws://a/"},
    "application.sms": AT,
    "application.meeting": AT,
    "application.camera": {"stream": "rtsp://a/", "onvif": "http://a/", "picture": True, "serial": "x"},
    "application.recorder": {"script": STEPS, "channels": "a", "disks": "a", "oldest": "a"},
    "application.modbus": {
        **AT,
        "registers": {"a": {"kind": "coil", "at": 1}},
        "meanings": {"a": {"good": [0]}},
    },
    "application.nut": AT,
    "middleware.tomcat": {"url": "http://a/", "apps": ["/a"], "version": "9"},
    "middleware.jvm": {**AT, "main": "a"},
    "middleware.instance": {**AT, "word": "abc", "files": ["/a"], "version_file": "/v", "owner": "x"},
}
_WORDS = ("answered", "timeout", "OL", "OB LB", "1", "-3", "2026-01-01", "9" * 30, "x", "")
_NAMES = ("a", "b", "*.name", "*.messages", "*.consumers", "ups.status", "battery.charge", "/a")
_SIMPLE = {
    str: st.sampled_from(_WORDS) | st.text(max_size=8),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    type(None): st.none(),
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
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(st.sampled_from(_NAMES), values(inner[1]), max_size=4)
    return st.one_of(*map(values, inner))


def test_every_check_of_these_packages_is_tried():
    wanted = {one for one in registry.ids() if one.startswith(("application.", "middleware."))}
    assert wanted == PARAMS.keys()


@pytest.mark.parametrize("check_id", PARAMS)
def test_any_facts_are_judged_and_every_bad_reading_has_a_reason(check_id):
    check = registry.get(check_id)
    params = from_json(check.params, PARAMS[check_id], "params")

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(check.facts), st.integers(0, 2**53))
    def judged(facts, now):
        facts = from_json(check.facts, json.loads(json.dumps(to_json(facts))), "facts")
        readings = list(check.judge(Seen(facts, now), params))
        assert readings
        assert all(reading.reason for reading in readings if reading.state is not State.OK)

    judged()
