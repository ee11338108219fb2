"""Firewall policies as their makers' devices print them."""

from typing import Any

import pytest
from screens import Scripted, screen

from checks.api import ErrorKind, ObservationError, Seen, State
from checks.network import policy
from checks.network._policies import MAKERS

AT = 1_795_255_710_806

USG = """security-policy
 rule name out
  source-zone trust
  source-address 10.0.0.0 mask 255.255.255.0
  service http
  action permit
 rule name everything
  source-zone trust
  destination-zone untrust
  action permit
 rule name visitors
  destination-address 10.9.0.0 mask 255.255.0.0
  time-range summer
  action permit
 rule name old
  disable
  action permit
"""
USG_HITS = """ Total:4
 RULE ID  RULE NAME                         STATE      ACTION             HITS
 -------------------------------------------------------------------------------
 1        out                               enable     permit             0
 2        everything                        enable     permit             123456
 3        visitors                          enable     permit             7
 4        old                               disable    permit             0
"""
FORTI = """config firewall policy
    edit 1
        set name "all out"
        set srcaddr "all"
        set dstaddr "all"
        set action accept
        set schedule "always"
        set service "ALL"
    next
    edit 2
        set srcaddr "lan"
        set dstaddr "all"
        set action accept
        set schedule "project"
        set service "HTTPS"
    next
end
"""
FORTI_TIMES = """config firewall schedule onetime
    edit "project"
        set start 08:00 2024/01/01
        set end 18:00 2024/12/31
    next
end
"""


def told(platform: str, *texts: str, **params: Any) -> dict[str, tuple[Any, State, str]]:
    asked = policy.Params("10.0.0.1", platform, **params)
    facts = policy.observe(Scripted(*map(screen, texts)), asked)  # type: ignore[arg-type]
    return {one.name: (one.value, one.state, one.reason) for one in policy.judge(Seen(facts, AT), asked)}


def test_a_usg_policy_shows_what_is_open_unused_and_over() -> None:
    times = " time-range summer from 08:00 2024/6/1 to 18:00 2024/8/31\n"
    found = told("huawei_vrp", USG, USG_HITS, times)
    assert found["rules"][0] == 4 and found["disabled"][0] == 1
    assert found["any_any"] == (1, State.CRIT, "any_any") and "everything" in found
    assert found["expired"] == (1, State.WARN, "rule_expired") and "visitors" in found
    assert found["unused"] == (1, State.WARN, "never_hit") and "out" in found
    assert told("huawei_vrp", USG, USG_HITS, times, accepted=("everything",))["any_any"][0] == 0


def test_a_policy_that_tells_no_hits_is_not_all_used() -> None:
    found = told("fortinet", FORTI, FORTI_TIMES)
    assert found["any_any"] == (1, State.CRIT, "any_any")
    assert found["expired"] == (1, State.WARN, "rule_expired")
    assert found["unused"] == (None, State.UNKNOWN, "not_reported")


def test_a_comware_policy_is_read() -> None:
    text = "ip\n rule 0 name web\n  action pass\n  source-ip lan\n rule 1 name all\n  action pass\n"
    assert told("hp_comware", text)["any_any"][0] == 1


def test_a_text_without_rules_is_no_empty_policy() -> None:
    for platform in MAKERS:
        with pytest.raises(ObservationError) as raised:
            told(platform, "something else\n")
        assert raised.value.kind is ErrorKind.GARBLED
