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
