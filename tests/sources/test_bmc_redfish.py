"""Redfish over a served tree: sessions, both places of each part, and peers that misbehave."""

import threading
from pathlib import Path

import pytest
from parts import loaded

from agent.sources import bmc_session
from agent.sources.bmc import open_bmc
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen, State, worst
from checks.bmc import Reach
from checks.codec import from_json

bmc_parts = loaded("sources/bmc_parts.py")


def means(place: Path, password: str = bmc_parts.PASSWORD, **more: object) -> Means:
    state = place / "state"
    state.mkdir(exist_ok=True)
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    file = state / "secrets.yaml"
    file.write_text(f"redfish: {{user: {bmc_parts.USER}, password: {password}{extra}}}\n")
    file.chmod(0o600)
    return Means(state=state)


@pytest.fixture
def tree(tmp_path):
    with bmc_parts.tree(tmp_path) as made:
        yield made
        made.mode = ""
        bmc_session.close_all()


def reach(tree, **more) -> Reach:
    return Reach("127.0.0.1", tree.port, **{"tls": False, "timeout_ms": 30_000, **more})


@pytest.fixture
def bmc(tree, tmp_path):
    return open_bmc(means(tmp_path), Transient())


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("silent", ErrorKind.TIMEOUT),
        ("drip", ErrorKind.TIMEOUT),
        ("closing", ErrorKind.GARBLED),
        ("garbage", ErrorKind.GARBLED),
        ("list", ErrorKind.GARBLED),
        ("endless", ErrorKind.GARBLED),
        ("busy", ErrorKind.REFUSED),
        ("forbidden", ErrorKind.DENIED),
    ],
)
def test_a_controller_that_misbehaves_ends_in_a_typed_error(tree, bmc, mode, kind) -> None:
    tree.mode = mode
    with pytest.raises(ObservationError) as caught:
        bmc.health(reach(tree, timeout_ms=1000 if kind is ErrorKind.TIMEOUT else 30_000))
    assert caught.value.kind is kind
    assert bmc_parts.PASSWORD not in caught.value.detail


def test_nobody_there_is_refused(tree, bmc) -> None:
    with pytest.raises(ObservationError) as caught:
        bmc.health(Reach("127.0.0.1", 1, tls=False))
    assert caught.value.kind is ErrorKind.REFUSED


def test_a_wrong_password_is_denied(tree, tmp_path) -> None:
    with pytest.raises(ObservationError) as caught:
        open_bmc(means(tmp_path, "wrong"), Transient()).health(reach(tree))
    assert caught.value.kind is ErrorKind.DENIED


def test_a_password_goes_nowhere_without_tls_but_to_this_machine(tmp_path) -> None:
    with pytest.raises(ObservationError) as caught:
        open_bmc(means(tmp_path), Transient()).health(Reach("192.0.2.1", 80, tls=False))
    assert caught.value.kind is ErrorKind.DENIED


def test_a_self_signed_certificate_is_denied_until_it_is_pinned(tmp_path) -> None:
    with bmc_parts.tree(tmp_path, tls=True) as tree:
        bmc = open_bmc(means(tmp_path), Transient())
        with pytest.raises(ObservationError) as caught:
            bmc.identity(reach(tree, tls=True))
        assert caught.value.kind is ErrorKind.DENIED
        assert tree.pin in caught.value.detail
        with pytest.raises(ObservationError) as caught:
            bmc.identity(reach(tree, tls=True, pin="00" * 32))
        assert caught.value.kind is ErrorKind.DENIED
        assert bmc.identity(reach(tree, tls=True, pin=tree.pin)).serial == "437XR1138R2"
        trusting = open_bmc(means(tmp_path, ca=tree.certificate), Transient())
        assert trusting.identity(reach(tree, tls=True)).maker == "Contoso"
        bmc_session.close_all()


def test_one_session_serves_many_looks_and_is_ended(tree, bmc) -> None:
    for _ in range(3):
        bmc.identity(reach(tree))
    assert sum(one.startswith("POST") for one in tree.asked) == 1
    bmc_session.close_all()
    assert tree.asked[-1] == "DELETE"
    assert not tree.tokens


def test_a_session_that_the_controller_forgot_is_made_again(tree, bmc) -> None:
    bmc.identity(reach(tree))
    tree.tokens.clear()
    assert bmc.identity(reach(tree)).model == "3500"


def test_a_controller_without_sessions_is_asked_with_basic_authentication(tree, bmc) -> None:
    tree.basic = True
    assert bmc.identity(reach(tree)).model == "3500"


def test_looks_at_the_same_time_do_not_disturb_each_other(tree, bmc) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(bmc.identity(reach(tree)).serial)) for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == ["437XR1138R2"] * 4


def test_the_newer_places_are_read_where_the_older_are_not_there(tree, bmc) -> None:
    del tree["Chassis/1U"]["Thermal"], tree["Chassis/1U"]["Power"]
    fans = {one.part.name: (one.milli, one.unit) for one in bmc.fans(reach(tree))}
    assert fans["Fan Bay 1"] == (2_200_000, "RPM")
    assert fans["Fan for CPU 1"] == (45_000, "%")
    heat = {one.part.name: (one.milli, one.upper_crit) for one in bmc.temperatures(reach(tree))}
    assert heat["CPU #1 Temperature"] == (37_000, 45_000)
    assert [one.state for one in bmc.supplies(reach(tree))] == ["Enabled", "Absent", "UnavailableOffline"]


def test_a_log_is_counted_from_the_second_look_on(tree, bmc) -> None:
    first = bmc.logs(reach(tree))
    assert all(one.first_look and one.new == 0 for one in first)
    entries = tree["Systems/437XR1138R2/LogServices/Log1/Entries"]["Members"]
    entries.insert(0, {**entries[0], "Id": "9", "Severity": "Warning", "Message": "fan slow"})
    second = {one.name: one for one in bmc.logs(reach(tree))}
    grown = second["437XR1138R2/Log1"]
    assert (grown.first_look, grown.new, grown.counts) == (False, 1, {"Warning": 1})
    entries[:] = [{**entries[0], "Id": "1", "Created": "2026-11-21T00:00:00Z"}]
    assert {one.name: one for one in bmc.logs(reach(tree))}["437XR1138R2/Log1"].cleared


def test_a_part_that_cannot_be_read_is_unknown_rather_than_left_out(tree, bmc) -> None:
    del tree.documents["/redfish/v1/Systems/437XR1138R2/Memory/DIMM2"]
    assert "unreadable" in [one.part.state for one in bmc.memory(reach(tree))]


def test_pages_that_lead_in_a_circle_end(tree, bmc) -> None:
    entries = tree["Systems/437XR1138R2/LogServices/Log1/Entries"]
    assert entries["@odata.nextLink"]
    assert {one.name: one.entries for one in bmc.logs(reach(tree))}["437XR1138R2/Log1"] == 2


@pytest.mark.parametrize(
    "odd", [None, 1, "x", [], [None], {"@odata.id": 5}, {"@odata.id": "http://elsewhere/"}]
)
def test_odd_documents_are_read_into_little(tree, bmc, odd) -> None:
    for path, document in tree.documents.items():
        if path.count("/") > 4:
            tree.documents[path] = dict.fromkeys(document, odd)
    for name in ("health", "supplies", "fans", "temperatures", "drives", "memory", "processors", "firmware"):
        assert isinstance(getattr(bmc, name)(reach(tree)), list)


def look(check_id, bmc, tree, **params):
    check = registry.get(check_id)
    given = {"address": "127.0.0.1", "port": tree.port, "tls": False, **params}
    wanted = from_json(check.params, given, "params")
    return list(check.judge(Seen(check.observe(bmc, wanted), 0), wanted))


@pytest.mark.parametrize(
    ("path", "check_id", "params"),
    [
        ("Systems/437XR1138R2", "server.health", {}),
        ("Systems/437XR1138R2/Memory/DIMM1", "server.memory", {}),
        ("Systems/437XR1138R2/Processors/CPU1", "server.processors", {}),
        ("Systems/437XR1138R2/Storage/1/Drives/2", "server.drives", {}),
    ],
)
def test_a_part_that_turns_critical_is_found(tree, bmc, path, check_id, params) -> None:
    assert worst(one.state for one in look(check_id, bmc, tree, **params)) is State.OK
    tree[path]["Status"]["Health"] = "Critical"
    if "HealthRollup" in tree[path]["Status"]:
        tree[path]["Status"]["HealthRollup"] = "Critical"
    assert worst(one.state for one in look(check_id, bmc, tree, **params)) is State.CRIT


@pytest.mark.parametrize(
    ("own", "rolled_up", "state"),
    [
        ("Critical", "OK", State.CRIT),
        ("OK", "Critical", State.CRIT),
        ("OK", "Warning", State.WARN),
        ("OK", "Peculiar", State.UNKNOWN),
    ],
)
def test_the_worse_of_a_server_s_own_and_rolled_up_health_counts(tree, bmc, own, rolled_up, state) -> None:
    tree["Systems/437XR1138R2"]["Status"].update(Health=own, HealthRollup=rolled_up)
    assert worst(one.state for one in look("server.health", bmc, tree)) is state


def test_a_temperature_beyond_the_controller_s_own_limit_is_critical(tree, bmc) -> None:
    tree["Chassis/1U/Thermal"]["Temperatures"][0]["ReadingCelsius"] = 45.5
    found = {one.name: one for one in look("server.temperature", bmc, tree)}
    assert found["CPU1 Temp"].state is State.CRIT
    assert found["Chassis Intake Temp"].state is State.OK


def test_a_server_s_serial_number_is_compared_with_the_ledger(tree, bmc) -> None:
    assert look("server.identity", bmc, tree, serial="437xr1138r2")[0].state is State.OK
    assert look("server.identity", bmc, tree, serial="OTHER")[0].state is State.CRIT
    assert look("server.identity", bmc, tree)[0].state is State.UNKNOWN


def test_a_discovered_server_comes_with_its_piece_of_estate(tree, bmc) -> None:
    import yaml

    from agent.sources.bmc_discover import described

    value, shown = described(bmc, reach(tree))
    assert value["identity"]["serial"] == "437XR1138R2"
    assert len(value["memory"]) == 4
    assert "Contoso 3500, serial 437XR1138R2" in shown
    (asset,) = yaml.safe_load(value["estate"])["assets"]
    assert asset["redfish"] == {"address": "127.0.0.1", "secret": "redfish", "port": tree.port}


@pytest.mark.parametrize("target", ["http://a", "redfish://", "redfish://a:99999", "redfish://a?user=x"])
def test_a_target_that_names_no_controller_is_refused(target) -> None:
    from agent.errors import AgentError
    from agent.sources.bmc_discover import reach_of

    with pytest.raises(AgentError):
        reach_of(target)
    assert reach_of("ipmi://10.0.0.1?secret=s") == Reach("10.0.0.1", 0, "ipmi", "s")


def test_a_site_report_brings_the_root_and_one_member_of_each_collection(tree, tmp_path):
    from agent import site_asks

    params = {
        "address": "127.0.0.1",
        "port": tree.port,
        "protocol": "redfish",
        "secret": "redfish",
        "tls": False,
    }
    documents = site_asks._bmc(params, means(tmp_path))["documents"]
    assert "RedfishVersion" in documents["/redfish/v1/"]
    kinds = [str(one.get("@odata.type", "")).split(".")[0] for one in documents.values()]
    assert {"#ComputerSystem", "#Chassis", "#Manager"} <= set(kinds)
    assert bmc_parts.PASSWORD not in str(documents)
