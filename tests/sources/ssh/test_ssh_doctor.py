"""`doctor`: a host key that is not pinned, that has changed, that is the right one."""

import paramiko

from agent.doctor_plan import Planned, _host_key, _logins
from agent.sources.means import Means
from checks import registry
from checks.remote import Login


def test_a_key_that_is_not_pinned_comes_with_the_command_that_pins_it(device, state):
    to, _ = device(pinned=False)
    point = _host_key(to, Means(state=state))
    assert point.word == "bad" and f"roundseal-agent trust {to.name}" in point.why


def test_a_key_that_has_changed_is_told_with_both_fingerprints(device, state, pin):
    to, _ = device(pinned=False)
    pin(to, paramiko.ECDSAKey.generate())
    point = _host_key(to, Means(state=state))
    assert point.word == "bad" and "--replace" in point.why and point.why.count("SHA256:") == 2


def test_the_pinned_key_is_good_and_a_target_that_is_silent_is_told(device, state, peer):
    to, _ = device()
    assert _host_key(to, Means(state=state)).word == "ok"
    gone = peer(lambda sock, stop: sock.close())
    assert _host_key(gone, Means(state=state)).word == "no"


def test_targets_reached_by_ssh_are_those_of_such_checks_each_once():
    def planned(check, **params):
        return Planned(None, registry.get(check), params)

    looks = [
        planned("network.config", address="10.0.0.1", port=22, secret="a"),
        planned("network.policy", address="10.0.0.1", port=22, secret="a"),
        planned("network.interfaces", address="10.0.0.2", platform="", port=161),
        planned("network.interfaces", address="10.0.0.3", platform="huawei_vrp", port=22),
        planned("database.locks", address="10.0.0.4", port=0, client="", ssh=None),
        planned("database.locks", address="10.0.0.5", client="psql", ssh=Login("10.0.0.6")),
    ]
    assert [to.name for to in _logins(looks)] == ["10.0.0.1:22", "10.0.0.3:22", "10.0.0.6:22"]
