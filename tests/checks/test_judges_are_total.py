"""Whatever facts a result carries, judging them gives readings: a verifier meets facts others wrote."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import registry
from checks.api import Seen, State
from checks.codec import from_json, to_json

LIMIT = {"warn": 1, "crit": 2}
STEPS = {"steps": [{"url": "http://a/", "text": "x", "read": ["a"], "equals": {"b": "1"}}]}
# What a check must be told, and what makes it judge more; whatever must be told and is not here is `a`.
PARAMS = {
    "application.callback": {"url": "http://a/"},
    "application.camera": {"stream": "rtsp://a/", "onvif": "http://a/", "picture": True, "serial": "x"},
    "application.conversion": {"script": STEPS, "digest": "00", "pages": 2},
    "application.directory": {"base": "dc=a"},
    "application.interface": {"script": STEPS, "limits": {"a": LIMIT}, "success": "a"},
    "application.mail": {"offers": ["STARTTLS"], "secret": "a"},
    "application.modbus": {
        "registers": {"a": {"kind": "coil", "at": 1}},
        "meanings": {"a": {"good": [0]}},
    },
    "application.queue": {"url": "http://a/", "expect": ["a"], "oldest_path": "a"},
    "application.recorder": {"script": STEPS, "channels": "a", "disks": "a", "oldest": "a"},
    "application.sso": {"script": STEPS, "forged": {"url": "http://a/", "status": [401]}},
    "application.transaction": {"script": STEPS},
    "application.websocket": {"url": "ws://a/"},
    "backup.archive": {"sealed": {"scheme": "any", "recipients": ["a"]}, "format": "tar"},
    "backup.copy": {"path": "/a", "first": "/a", "elsewhere": "host"},
    "backup.access": {"path": "/a", "refused": ["a"], "keys": ["a"], "owner": ["a"]},
    "backup.file": {"path": "/a", "recorded": True, "max_age_s": 5},
    "backup.tree": {"path": "/a", "layout": "increments", "strict": True},
    "backup.config_source": {"platform": "huawei_vrp"},
    "backup.redis_source": {"least_keys": 3},
    "backup.report": {"reader": "a", "silence_s": 5},
    "database.accounts": {"superusers": ["a"]},
    "database.alive": {"role": "primary", "restarted_s": 5},
    "database.jobs": {"expected": ["", "a"], "age_s": LIMIT},
    "database.log": {"logs": ["/a"]},
    "database.query": {"digest": "00", "upper": LIMIT, "lower": {"warn": 0, "crit": -1}},
    "database.redis": {"replicas": 1, "sentinels": 2, "save_age_s": LIMIT},
    "database.replication": {"members": 1, "role": "standby"},
    "database.settings": {"expected": {"a": "b"}},
    "database.space": {"size": LIMIT, "growth_per_day": LIMIT},
    "file.certificate": {"paths": ["/a"]},
    "file.config": {"paths": ["/a"], "baseline": {"/a": "00"}},
    "file.log": {"logs": ["/a"]},
    "middleware.datasources": {"url": "http://a/", "expected": ["a"]},
    "middleware.haproxy": {"url": "http://a/", "expected": ["a"]},
    "middleware.instance": {"word": "abc", "files": ["/a"], "version_file": "/v", "owner": "x"},
    "middleware.jvm": {"main": "a"},
    "middleware.nginx": {"status": "http://127.0.0.1/s", "expected": ["a"], "active": LIMIT},
    "middleware.tomcat": {"url": "http://a/", "apps": ["/a"], "version": "9"},
    "network.config": {"platform": "cisco_ios"},
    "network.licence": {"platform": "fortinet"},
    "network.log": {"platform": "cisco_ios"},
    "network.pools": {"expected": ["a"]},
    "network.policy": {"platform": "huawei_vrp"},
    "network.receiver": {"receives": ["syslog"]},
    "network.stack": {"platform": "cisco_ios", "members": 2, "roles": ["a=master"]},
    "network.storage": {"expected": ["a"]},
    "network.syslog": {"silence": "unexpected"},
    "network.traps": {"silence": "expected", "critical": ["1.3"], "ignore": ["a"]},
    "plugin.nagios": {"limits": {"a": LIMIT}},
    "server.clock": {"zone_min": 480},
    "server.firmware": {"expected": {"sent": "x"}, "withdrawn": [""]},
    "server.identity": {"serial": "x"},
    "service.dns": {"expect": ["b"], "exact": True},
    "service.http": {"url": "https://a/", "text": "x", "location": "http://b/"},
    "service.tcp": {"port": 1},
    "service.tls": {"host": "a.example"},
    "virtual.datastores": {"url": "http://a/", "expected": ["a"]},
    "virtual.vsphere": {"url": "http://a/", "running": ["a"], "hosts": 2},
}
# Words that judges know: those of one source mean nothing to the others.
_WORDS = (
    *("sent", "answered", "connected", "timeout", "tls_verify", "TLSv1", "TLSv1.2", "NOERROR", "dns:*.b"),
    *("OL", "OB LB", "1", "-3", "2026-01-01", "9" * 30, "x", "a", "b", "a,b", ""),
    *("primary", "standby", "streaming", "ok", "failed", "superuser", "master", "slave", "sentinel"),
    *("cluster", "online", "s_down", "up", "down", "state", "fanspeed", "temperature", "licence"),
    *("connected", "poweredOn", "green", "red"),
    *("root", "yes", "no", "success", "missing", "denied"),
)
_KEYS = (
    *("a", "b", "*.name", "*.messages", "*.consumers", "ups.status", "battery.charge", "/a"),
    *("permitrootlogin", "ciphers", "maxauthtries", "protocol", "usb_storage"),
)
_SIMPLE = {
    str: st.sampled_from(_WORDS) | st.text(max_size=8),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    type(None): st.none(),
    Fraction: st.fractions(-(2**20), 2**20, max_denominator=1000),
}


@cache
def values(kind):
    """Any value of a fact's type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        made = st.fixed_dictionaries({f.name: values(hints[f.name]) for f in fields(kind)})
        return made.map(lambda v: kind(**v))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(inner[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(st.sampled_from(_KEYS) | values(inner[0]), values(inner[1]), max_size=3)
    return st.one_of(*map(values, inner))


def told(check):
    """Parameters for it."""
    given_ones = PARAMS.get(check.id, {})
    if check.id.startswith("backup.") and "path" in {f.name for f in fields(check.params)}:
        given_ones = {"path": "/a", **given_ones}
    asked = (f.name for f in fields(check.params) if f.default is MISSING and f.default_factory is MISSING)
    return from_json(check.params, {**{name: "a" for name in asked}, **given_ones}, "params")


@pytest.mark.parametrize("check_id", registry.ids())
def test_any_facts_are_judged_and_every_bad_reading_has_a_reason(check_id):
    check = registry.get(check_id)
    params = told(check)
    # The host's own checks came first: a number beyond its limit says it itself, and no disk is no reading
    # (which is unknown as well). Unknown always has a reason.
    first = check_id.startswith("host.")
    plain = (State.OK, State.WARN, State.CRIT) if first else (State.OK,)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(check.facts), st.integers(0, 2**53))
    def judged(facts, now):
        facts = from_json(check.facts, json.loads(json.dumps(to_json(facts))), "facts")
        readings = list(check.judge(Seen(facts, now), params))
        assert readings or first
        assert all(one.reason for one in readings if one.state not in plain)

    judged()
