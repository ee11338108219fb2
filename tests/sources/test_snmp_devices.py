"""Devices read over real UDP from our responder, and peers that misbehave."""

import socket
import threading

import pytest

from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.snmp import open_snmp
from agent.sources.snmp_ber import INTEGER, RESPONSE, encode_oid, message, parse
from agent.sources.snmp_look import look
from agent.sources.snmp_profiles import chosen
from agent.sources.snmp_responder import Responder, recording
from agent.sources.snmp_udp import Job, Loop
from checks.api import ErrorKind, ObservationError
from checks.snmp import EVERYTHING, Part, Peer

UPS = b"""1.3.6.1.2.1.1.1.0|4|Acme UPS card
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.999998.4
1.3.6.1.2.1.1.3.0|67|123456
1.3.6.1.2.1.1.5.0|4|ups-1
1.3.6.1.2.1.2.2.1.2.1|4|eth0
1.3.6.1.2.1.2.2.1.3.1|2|6
1.3.6.1.2.1.2.2.1.7.1|2|1
1.3.6.1.2.1.2.2.1.8.1|2|2
1.3.6.1.2.1.2.2.1.10.1|65|1000
1.3.6.1.2.1.33.1.2.1.0|2|3
1.3.6.1.2.1.33.1.2.4.0|2|87
1.3.6.1.2.1.33.1.4.1.0|2|3
1.3.6.1.2.1.33.1.4.4.1.2.1|2|231
1.3.6.1.2.1.33.1.4.4.1.2.2|2|229"""
SWITCH = b"""1.3.6.1.2.1.1.1.0|4|S5735 Huawei VRP (R) software, Version 5.170 (S5735 V200R019C10SPC500)
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.2011.2.23.999
1.3.6.1.2.1.47.1.1.1.1.5.5|2|3
1.3.6.1.2.1.47.1.1.1.1.5.9|2|9
1.3.6.1.2.1.47.1.1.1.1.7.9|4|board 0
1.3.6.1.2.1.47.1.1.1.1.7.17|4|port
1.3.6.1.2.1.47.1.1.1.1.11.5|4|2102351ABC
1.3.6.1.2.1.47.1.1.1.1.13.5|4|S5735-L24T4S-A
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.5.5|2|0
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.5.9|2|12
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.6.5|2|0
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.6.9|2|95
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.7.5|2|0
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.7.9|2|34
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.8.5|2|0
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.8.9|2|95
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11.5|2|0
1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11.9|2|41
1.3.6.1.4.1.2011.5.25.31.1.1.3.1.8.17|2|78
1.3.6.1.4.1.2011.5.25.31.1.1.3.1.32.17|4|-1104.0
1.3.6.1.4.1.2011.5.25.31.1.1.18.1.5.1.1|2|1
1.3.6.1.4.1.2011.5.25.31.1.1.18.1.5.1.2|2|1
1.3.6.1.4.1.2011.5.25.31.1.1.18.1.6.1.1|2|1
1.3.6.1.4.1.2011.5.25.31.1.1.18.1.6.1.2|2|2"""
PRINTER = b"""1.3.6.1.2.1.1.1.0|4|Something that prints
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.999999.2
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Black
1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
1.3.6.1.2.1.43.11.1.1.9.1.1|2|40"""
PLAIN = b"""1.3.6.1.2.1.1.1.0|4|something nobody knows
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.999999.1
1.3.6.1.2.1.25.2.3.1.2.1|6|1.3.6.1.2.1.25.2.1.2
1.3.6.1.2.1.25.2.3.1.3.1|4|Physical memory
1.3.6.1.2.1.25.2.3.1.4.1|2|1024
1.3.6.1.2.1.25.2.3.1.5.1|2|1000
1.3.6.1.2.1.25.2.3.1.6.1|2|600
1.3.6.1.2.1.25.2.3.1.2.7|6|1.3.6.1.2.1.25.2.1.1
1.3.6.1.2.1.25.2.3.1.3.7|4|Cached memory
1.3.6.1.2.1.25.2.3.1.4.7|2|1024
1.3.6.1.2.1.25.2.3.1.5.7|2|200
1.3.6.1.2.1.25.2.3.1.6.7|2|200
1.3.6.1.2.1.25.3.3.1.2.5|2|37
1.3.6.1.2.1.99.1.1.1.1.9|2|8
1.3.6.1.2.1.99.1.1.1.2.9|2|8
1.3.6.1.2.1.99.1.1.1.3.9|2|0
1.3.6.1.2.1.99.1.1.1.4.9|2|41500
1.3.6.1.2.1.99.1.1.1.5.9|2|1
1.3.6.1.2.1.47.1.1.1.1.7.9|4|inlet"""

UCD = b"""1.3.6.1.2.1.1.1.0|4|a host without HOST-RESOURCES
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.999999.2
1.3.6.1.2.1.47.1.1.1.1.7.1|4|Stack
1.3.6.1.2.1.47.1.1.1.1.7.101|4|Chassis
1.3.6.1.2.1.47.1.1.1.1.11.101|4|SN101
1.3.6.1.4.1.2021.4.5.0|2|1000
1.3.6.1.4.1.2021.4.6.0|2|300
1.3.6.1.4.1.2021.4.14.0|2|50
1.3.6.1.4.1.2021.4.15.0|2|150"""


def held(text):
    return {b"public": recording(text.splitlines())}


@pytest.fixture
def means(tmp_path):
    path = tmp_path / "secrets.yaml"
    path.write_text("snmp: {community: public}\nwrong: {community: private}\n")
    path.chmod(0o600)
    return Means(state=tmp_path)


@pytest.fixture
def source(means):
    return open_snmp(Transient(), means)


def peer(port, **given):
    return Peer("127.0.0.1", port, **{"version": 2, "timeout_ms": 20_000, **given})


@pytest.mark.parametrize("version", [1, 2])
def test_a_device_is_identified_and_its_profile_read(source, version):
    with Responder(held(UPS)) as responder:
        device = source.look(peer(responder.port, version=version))
    assert (device.identity.vendor, device.identity.name) == ("", "ups-1")
    assert device.identity.uptime_ms == 1_234_560
    states = {sensor.name: (sensor.state, sensor.severity) for sensor in device.sensors if sensor.state}
    assert states["battery status"] == ("batteryLow", "crit")
    assert states["output source"] == ("normal", "ok")
    volts = [sensor.value for sensor in device.sensors if sensor.kind == "voltage"]
    assert volts == [231_000, 229_000]
    assert [(port.name, port.admin, port.oper) for port in device.ports] == [("eth0", "up", "down")]


def test_a_device_without_profile_is_read_by_the_standard_tables(source):
    with Responder(held(PLAIN)) as responder:
        device = source.look(peer(responder.port))
    assert device.identity.os == ""
    assert [cpu.load for cpu in device.processors] == [3700]
    main, cached = device.memory
    assert (main.used, main.share) == (400 * 1024, 4000)  # what is cached is given back when asked for
    assert (cached.kind, cached.share) == ("cached", 2000)
    assert [(sensor.name, sensor.value) for sensor in device.sensors] == [("inlet", 41_500)]


def test_a_device_of_an_unknown_maker_is_what_its_standard_tables_say(source):
    """A card of a UPS whose maker's number nobody knows; one that told nothing is of no kind."""
    found = {}
    for name, text in (("ups", UPS), ("printer", PRINTER), ("", PLAIN)):
        with Responder(held(text)) as responder:
            found[name] = source.look(peer(responder.port)).identity
    assert {name: one.kind for name, one in found.items()} == {name: name for name in found}
    assert not any(one.vendor for one in found.values())


def test_ucd_memory_stands_in_where_host_resources_has_none(source):
    both = UCD + PLAIN[PLAIN.index(b"\n1.3.6.1.2.1.25.2") :]
    with Responder(held(UCD)) as responder, Responder(held(both)) as fuller:
        device = source.look(peer(responder.port))
        other = source.look(peer(fuller.port))
    assert [(space.used, space.share) for space in device.memory] == [(500 * 1024, 5000)]
    assert device.identity.serial == "SN101"  # no entPhysicalClass: the entity that is called chassis
    assert [space.name for space in other.memory] == ["Physical memory", "Cached memory"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_switch_is_read_by_its_makers_tables(source, version):
    with Responder(held(SWITCH)) as responder:
        device = source.look(peer(responder.port, version=version))
    who = device.identity
    assert (who.vendor, who.os, who.version) == ("Huawei", "vrp", "V200R019C10SPC500")
    assert (who.hardware, who.serial) == ("S5735-L24T4S-A", "2102351ABC")
    assert [(cpu.name, cpu.load) for cpu in device.processors] == [("board 0", 1200)]
    assert [space.share for space in device.memory] == [3400]
    states = {sensor.name: (sensor.state, sensor.severity) for sensor in device.sensors if sensor.state}
    assert states["power supply 1.2"] == ("notSupply", "crit")
    assert states["power supply 1.1"] == ("supply", "ok")
    found = {(sensor.kind, sensor.name): sensor.value for sensor in device.sensors}
    assert found["temperature", "board 0"] == 41_000
    assert found["dbm", "port rx"] == -11_040, "its lanes come in hundredths of dBm"


def nobody(object_id, description):
    return chosen("", "")


def test_a_maker_may_be_left_out_to_see_what_the_standard_tables_give():
    with Responder(held(SWITCH)) as responder:
        address = ("127.0.0.1", responder.port)
        job = Job(address, 2, b"public", look(EVERYTHING, choose=nobody, kin=lambda enterprise: ()), 60, "x")
        Loop([job]).run()
    assert (job.result.identity.vendor, job.result.sensors) == ("", ())
    assert job.result.identity.serial == "2102351ABC", "ENTITY-MIB says it"


def test_a_port_is_there_if_any_of_its_columns_names_it(source):
    with Responder(held(b"1.3.6.1.2.1.1.1.0|4|x\n1.3.6.1.2.1.31.1.1.1.1.3|4|ge3")) as responder:
        device = source.look(peer(responder.port), [Part.PORTS])
    assert [(port.index, port.name, port.oper) for port in device.ports] == [(3, "ge3", "")]


def test_only_the_parts_asked_for_are_read(source):
    with Responder(held(PLAIN)) as responder:
        device = source.look(peer(responder.port), [Part.PROCESSORS])
    assert device.processors and not device.memory and not device.sensors


def test_port_counters_are_compared_with_the_look_before_unless_it_restarted(source):
    with Responder(held(UPS)) as responder:
        address = peer(responder.port)
        assert source.look(address).ports[0].before is None
        responder.replace(held(UPS.replace(b"|123456", b"|129456").replace(b"|1000", b"|4000")))
        device = source.look(address)
        assert device.elapsed_ms == 60_000
        assert (device.ports[0].before.octets_in, device.ports[0].after.octets_in) == (1000, 4000)
        responder.replace(held(UPS.replace(b"|123456", b"|50")))
        assert source.look(address).ports[0].before is None


def test_columns_can_be_walked_raw(source):
    with Responder(held(UPS)) as responder:
        found = source.walk(peer(responder.port), ["1.3.6.1.2.1.33.1.4.4.1.2", "1.3.6.1.2.1.1.5.0"])
    assert found["1.3.6.1.2.1.33.1.4.4.1.2"] == {"1": 231, "2": 229}
    assert found["1.3.6.1.2.1.1.5.0"] == {"": b"ups-1"}


def test_a_wrong_community_is_silence_and_ends_at_the_deadline(source):
    with Responder(held(UPS)) as responder, pytest.raises(ObservationError) as error:
        source.look(peer(responder.port, secret="wrong", timeout_ms=300))
    assert error.value.kind is ErrorKind.TIMEOUT
    assert "private" not in str(error.value)


def test_a_secret_that_is_not_there_is_denied(source):
    with pytest.raises(ObservationError) as error:
        source.look(peer(9, secret="nobody"))
    assert error.value.kind is ErrorKind.DENIED


def test_a_closed_port_is_refused_at_once(source):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(ObservationError) as error:
        source.look(peer(port, timeout_ms=60_000))
    assert error.value.kind is ErrorKind.REFUSED


class Peculiar:
    """A peer that answers every datagram as it is told to; empty: not at all."""

    def __init__(self, answer):
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"stop", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while (got := self._socket.recvfrom(65535))[0] != b"stop":
            self._socket.sendto(self._answer(got[0]), got[1])


def endless(datagram):
    """Ever more rows below whatever is asked for."""
    version, community, _, (number, _, _), asked = parse(datagram)
    bound = []
    for turn in range(40):
        for oid, _, _ in asked:
            endless.count += 1
            more = encode_oid(f"1.3.{endless.count + turn}")[1:]
            base = oid if len(oid) < 12 else oid[:11]
            bound.append((base + more, INTEGER, b"\x01"))
    return message(version, community, RESPONSE, number, 0, 0, bound)


endless.count = 2_000_000


def loop(datagram):
    """Always the same row: OIDs that do not increase."""
    version, community, _, (number, _, _), asked = parse(datagram)
    bound = [(oid, INTEGER, b"\x01") for oid, _, _ in asked]
    return message(version, community, RESPONSE, number, 0, 0, bound)


def foreign(datagram):
    """Somebody else's request number."""
    version, community, _, _, asked = parse(datagram)
    return message(version, community, RESPONSE, 1, 0, 0, [(asked[0][0], INTEGER, b"\x01")])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda _: b"no BER at all", ErrorKind.GARBLED),
        (lambda _: b"\x30\x84\xff\xff\xff\xff", ErrorKind.GARBLED),
        (lambda got: got[:-1], ErrorKind.GARBLED),
        (foreign, ErrorKind.TIMEOUT),
    ],
)
def test_an_answer_that_is_none_ends_in_a_typed_error(source, answer, kind):
    with Peculiar(answer) as strange, pytest.raises(ObservationError) as error:
        source.look(peer(strange.port, timeout_ms=400))
    assert error.value.kind is kind


def test_oids_that_do_not_increase_end_the_walk(source):
    with Peculiar(loop) as strange:
        found = source.walk(peer(strange.port), ["1.3.6.1.2.1.2.2.1.2"])
    assert len(found["1.3.6.1.2.1.2.2.1.2"]) <= 1


def test_a_device_that_never_stops_answering_is_cut_off(source):
    with Peculiar(endless) as strange, pytest.raises(ObservationError) as error:
        source.walk(peer(strange.port, timeout_ms=60_000), ["1.3.6.1.4.1.9"])
    assert error.value.kind is ErrorKind.GARBLED


def test_dead_devices_cost_the_others_nothing():
    with Responder(held(UPS)) as responder, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        jobs = [
            Job(
                ("127.0.0.1", port if at % 10 == 0 else responder.port),
                2,
                b"public",
                look(EVERYTHING),
                0.5 if at % 10 == 0 else 60,
                f"device {at}",
            )
            for at in range(40)
        ]
        Loop(jobs).run()
    assert [at for at, job in enumerate(jobs) if job.error is not None] == [0, 10, 20, 30]
    assert all(job.error.kind is ErrorKind.TIMEOUT for job in jobs if job.error is not None)
    assert all(len(job.result.sensors) == 5 for job in jobs if job.error is None)
