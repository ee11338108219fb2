"""Policies of firewalls: what lets everything through is seen, however it is written."""

import pytest

from checks.api import Seen, State
from checks.network import policy
from checks.network._policies import MAKERS

USG = """security-policy
 default action permit
 rule name web
  source-zone untrust
  destination-address 10.0.0.8 mask 255.255.255.255
  service http
  action permit
"""
USG_HITS = """Total:2
RULE ID  RULE NAME                         STATE      ACTION       HITS
-------------------------------------------------------------------------------
0        default                           enable     permit       1234
1        web                               enable     permit       5
"""
H3C = """Security-policy ip
 rule 0 name web
  action pass
  source-zone Untrust
  destination-ip web-servers
  service http
"""


def read(platform, *texts):
    """Rules, and the readings of the check over them."""
    rules = MAKERS[platform].read(texts)
    params = policy.Params("10.0.0.1", platform)
    found = policy.judge(Seen(policy.Facts(rules), 1_700_000_000_000), params)
    return rules, {one.name: one for one in found}


def test_a_default_action_that_permits_is_a_rule_of_its_own():
    rules, found = read("huawei_vrp", USG, USG_HITS, "")
    assert [(one.name, one.hits) for one in rules] == [("web", 5), ("default", 1234)]
    assert (found["any_any"].value, found["any_any"].state) == (1, State.CRIT)
    assert found["default"].state is State.CRIT
    for denying in (
        USG.replace(" default action permit\n", ""),
        USG.replace("action permit\n rule", "action deny\n rule"),
    ):
        rules, found = read("huawei_vrp", denying, USG_HITS, "")
        assert [one.name for one in rules] == ["web"] and found["any_any"].state is State.OK


def test_a_default_rule_of_comware_that_passes_is_one_too():
    assert read("hp_comware", H3C)[1]["any_any"].state is State.OK
    found = read("hp_comware", H3C + "security-policy default-rule action pass\n")[1]
    assert found["any_any"].state is State.CRIT


@pytest.mark.parametrize("any_word", ["any", "Any"])
def test_any_that_is_written_out_limits_nothing(any_word):
    text = f"""security-policy
 rule name open
  source-address {any_word}
  destination-address {any_word}
  service {any_word}
  action permit
"""
    assert read("huawei_vrp", text, "", "")[1]["any_any"].state is State.CRIT
    limited = text.replace(f"  service {any_word}", "  service https")
    assert read("huawei_vrp", limited, "", "")[1]["any_any"].state is State.OK


def test_a_policy_without_a_single_rule_that_lets_all_through_is_seen():
    rules, found = read("huawei_vrp", "security-policy\n default action permit\n", "", "")
    assert len(rules) == 1 and found["any_any"].state is State.CRIT


def test_hits_of_a_rule_without_an_action_and_of_one_whose_name_has_spaces():
    """A rule whose action nobody set has `-` there, as outputs that people published have it."""
    policy_text = """security-policy
 rule name lan to wan
  source-address 10.1.1.0 mask 255.255.255.0
  action permit
 rule name unfinished
"""
    hits = """2026-11-20 09:10:11.370
Total:3
RULE ID  RULE NAME                         STATE      ACTION       HITS
-------------------------------------------------------------------------------
1        lan to wan                        enable     permit       7
2        unfinished                        enable     -            0
0        default                           enable     deny         3
-------------------------------------------------------------------------------
"""
    rules, found = read("huawei_vrp", policy_text, hits, "")
    assert [(one.name, one.permits, one.hits) for one in rules] == [
        ("lan to wan", True, 7),
        ("unfinished", False, 0),
    ]
    assert found["unused"].value == 1 and found["unfinished"].reason == "never_hit"


FORTI = """config firewall policy
    edit 7
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        %s
        set schedule "always"
        set service "%s"
    next
end
"""
ALL4 = 'set srcaddr "all"\n        set dstaddr "all"'
ALL6 = 'set srcaddr6 "all"\n        set dstaddr6 "all"'
MAIL4 = 'set srcaddr "all"\n        set dstaddr "mail"'


@pytest.mark.parametrize(
    ("addresses", "service", "count"),
    [
        (ALL4, "ALL", 1),
        (ALL4, "ANY", 1),
        (ALL6, "ALL", 1),
        (f"{MAIL4}\n        {ALL6}", "ALL", 1),
        (ALL6, "HTTPS", 0),
        (MAIL4, "ALL", 0),
        # The source of one family and the destination of the other are no way through.
        ('set srcaddr "all"\n        set dstaddr6 "all"', "ALL", 0),
        (f"set nat46 enable\n        {MAIL4}\n        {ALL6}", "ALL", 0),
    ],
)
def test_a_rule_of_fortios_for_all_of_either_family_is_any_to_any(addresses, service, count):
    rules, found = read("fortinet", FORTI % (addresses, service), "")
    assert [one.name for one in rules] == ["7"]
    assert found["any_any"].value == count
    assert found["any_any"].state is (State.CRIT if count else State.OK)
