"""Stacks and pairs: who is missing, who may not be read, odd words first, then what recorded devices say."""

from pathlib import Path

import pytest

from agent.parsing.parse import parse
from agent.sources import device_ports
from checks import registry
from checks.api import ErrorKind, State
from checks.codec import from_json

VRP, H3C, NXOS = "huawei_vrp", "hp_comware", "cisco_nxos"
# In the form of outputs that people published; no device of theirs was asked.
STACK = b"""Stack mode: Service-port
Stack topology type: Link
Stack system MAC: 0018-82b1-0001
MAC switch delay time: 10 min
Stack reserved VLAN: 4093
Slot of the active management port: --
Slot      Role        MAC Address      Priority   Device Type
-------------------------------------------------------------
0         Master      0018-82b1-0001   150        S5720S-52X-LI-AC
1         Standby     0018-82b1-0002   100        S5720S-52X-LI-AC
"""
HRP = b""" Role: standby, peer: active
 Running priority: 45000, peer: 45000
 Core state: normal, peer: normal
 Backup channel usage: 0.00%
 Stable time: 3 days, 0 hours, 0 minutes
 Last state change information: 2026-03-01 23:46:52 HRP core state changed, old_
state = abnormal(standby), new_state = normal.
"""
IRF = b"""MemberID    Slot  Role    Priority  CPU-Mac         Description
 *+1        1     Master  32        3822-d6c2-0001  ---
   2        1     Loading 1         3822-d6c2-0002  second rack
--------------------------------------------------
 * indicates the device is the master.
 + indicates the device through which the user logs in.

 The bridge MAC of the IRF is: 3822-d6c2-0000
 Auto upgrade                : yes
 Mac persistent              : 6 min
 Domain ID                   : 0
"""
VSU = b"""Switch_id     Domain_id     Priority     Position     Status     Role          Description
------------------------------------------------------------------------------------------------
1(1)          1(1)          150(150)     LOCAL        OK         ACTIVE        one
2(2)          1(1)          120(120)     REMOTE       OK         STANDBY
"""
VPC = b"""Legend:
                (*) - local vPC is down, forwarding via vPC peer-link

vPC domain id                     : 8
Peer status                       : peer adjacency formed ok
vPC keep-alive status             : peer is alive
Configuration consistency status  : success
vPC role                          : primary, operational secondary
Number of vPCs configured         : 1
Virtual-peerlink mode             : Disabled

vPC Peer-link status
---------------------------------------------------------------------
id    Port   Status Active vlans
--    ----   ------ -------------------------------------------------
1     Po1    up     1,100,200,300

vPC status
----------------------------------------------------------------------------
Id    Port          Status Consistency Reason                Active vlans
--    ------------  ------ ----------- ------                ---------------
2     Po2           down*  success     success               -

Please check "show vpc consistency-parameters vpc <vpc-num>" for the
consistency reason of down vpc and for type-2 consistency reasons for
any vpc.
"""


def test_how_many_there_must_be_has_to_be_said():
    kind = registry.get("network.stack").params
    base = {"address": "10.0.0.1", "platform": VRP}
    for wrong in ({}, {"members": 0}, {"members": 2, "roles": ["master"]}, {"members": 2, "roles": ["=x"]}):
        with pytest.raises(ValueError):
            from_json(kind, base | wrong, "params")


def test_a_device_that_stacks_nothing_and_one_without_a_form_are_unsupported(cli, devices, looked):
    params, _ = cli(VRP, {})
    assert looked("network.stack", params | {"members": 2}, devices).error is ErrorKind.UNSUPPORTED


def test_an_output_of_another_form_is_no_reading(cli, devices, looked):
    params, _ = cli(H3C, {"display irf": IRF.replace(b"Master  32", b"Master  many")})
    assert looked("network.stack", params | {"members": 2}, devices, "unknown").error is ErrorKind.GARBLED


def test_a_stack_with_all_its_units_in_their_roles(cli, devices, looked, why):
    params, shown = cli(VRP, {"display stack": STACK})
    params |= {"members": 2, "roles": ["0=master", "1=standby"]}
    assert looked("network.stack", params, devices, "ok").state is State.OK
    shown["display stack"] = STACK.replace(b"0         Master", b"0         Standby").replace(
        b"1         Standby", b"1         Master "
    )
    assert why(looked("network.stack", params, devices))["0:member_role"] == "role_changed"
    shown["display stack"] = STACK.rpartition(b"1         Standby")[0]
    found = looked("network.stack", params, devices, "crit")
    assert found.state is State.CRIT
    assert why(found) | {"stack 0": "ok"} == {
        "group_members": "member_missing",
        "stack 0": "ok",
        "0:member_role": "ok",
        "1:member_role": "missing",
    }


def test_a_pair_of_firewalls_tells_who_stands_by_and_what_is_wrong(cli, devices, looked, why):
    params, shown = cli(VRP, {"display hrp state": HRP})
    params |= {"members": 2, "roles": ["local=standby"]}
    assert set(why(looked("network.stack", params, devices)).values()) == {"ok"}
    shown["display hrp state"] = HRP.replace(b"Core state: normal", b"Core state: abnormal(standby)")
    assert why(looked("network.stack", params, devices))["hrp local"] == "device_fails"
    shown["display hrp state"] = HRP.replace(b"Core state: normal", b"Core state: strange")
    assert why(looked("network.stack", params, devices))["hrp local"] == "state_unknown"
    shown["display hrp state"] = HRP.replace(
        b"peer: active\n", b'peer: unknown (should be "active-standby")\n'
    )
    found = why(looked("network.stack", params, devices))
    assert (found["group_members"], found["hrp local"], found["hrp peer"]) == (
        "member_missing",
        "device_warns",
        "device_fails",
    )


def test_a_unit_that_still_loads_is_a_warning(cli, devices, looked, why):
    params, _ = cli(H3C, {"display irf": IRF})
    found = why(looked("network.stack", params | {"members": 2}, devices))
    assert found == {"group_members": "ok", "irf 1": "ok", "irf 2": "device_warns"}
    assert why(looked("network.stack", params | {"members": 1}, devices))["group_members"] == "many"
    params, _ = cli(H3C, {"display irf": IRF.replace(b"Loading", b"Dreaming")})
    assert why(looked("network.stack", params | {"members": 2}, devices))["irf 2"] == "state_unknown"


def test_a_virtual_switch_of_two(cli, devices, looked, why):
    params, shown = cli("ruijie_os", {"show switch virtual": VSU})
    params |= {"members": 2, "roles": ["1=active"]}
    assert set(why(looked("network.stack", params, devices)).values()) == {"ok"}
    shown["show switch virtual"] = VSU.replace(b"OK         STANDBY", b"WEIRD      STANDBY")
    assert why(looked("network.stack", params, devices))["vsu 2"] == "state_unknown"


def test_recorded_stacks_of_ios(cli, devices, looked, why):
    output = recorded("cisco_ios/show_switch_detail/cisco_ios_show_switch_detail02")
    params, shown = cli("cisco_ios", {"show switch": output.partition(b"Stack Port Status")[0]})
    found = why(looked("network.stack", params | {"members": 2}, devices))
    assert (found["group_members"], found["stack 2"]) == ("member_missing", "device_warns")
    shown["show switch"] = recorded("cisco_ios/show_switch_detail/cisco_ios_show_switch_detail1")
    assert looked("network.stack", params | {"members": 1, "roles": ["1=master"]}, devices).state is State.OK


def test_a_recorded_vpc_whose_peer_is_lost(cli, devices, looked, why):
    params, shown = cli(NXOS, {"show vpc": "cisco_nxos_show_vpc"})
    params |= {"members": 2, "roles": ["local=primary"]}
    found = why(looked("network.stack", params, devices))
    assert (found["group_members"], found["vpc peer"], found["vpc keep-alive"], found["vpc Po12"]) == (
        "member_missing",
        "device_fails",
        "device_fails",
        "device_warns",
    )
    assert found["local:member_role"] == "role_changed"
    shown["show vpc"] = VPC
    found = why(looked("network.stack", params | {"roles": ["local=secondary"]}, devices))
    assert found.pop("vpc Po2") == "device_warns" and set(found.values()) == {"ok"}
    # A peer link that is down is the peer lost even where nothing else says so.
    assert "vpc Po1" in found


def test_recorded_pairs_of_fortios_tell_what_their_health_is(cli, devices, looked, why):
    command = "get system ha status"
    params, shown = cli("fortinet", {command: "fortinet_get_system_ha_status_7.0_mondev"})
    params |= {"members": 2, "roles": ["FGT-fw-a=primary", "FGT-fw-b=secondary"]}
    found = why(looked("network.stack", params, devices))
    assert found.pop("ha health 1") == "device_warns" and set(found.values()) == {"ok"}
    shown[command] = shown[command].replace(b"in-sync", b"out-of-sync")
    assert why(looked("network.stack", params, devices))["ha FGT-fw-b"] == "device_fails"
    shown[command] = recorded("fortinet/get_system_ha_status/fortinet_get_system_ha_status_6.0_noha")
    found = why(looked("network.stack", params, devices))
    assert (found["group_members"], found["FGT-fw-a:member_role"]) == ("member_missing", "missing")


def recorded(name):
    output = (Path(__file__).parents[2] / "agent/outputs" / f"{name}.raw").read_bytes()
    return output.replace(b"\n", b"\r\n") + b"\r\n"


# NX-OS beyond its pairs

RESOURCES = b"""Load average:   1 minute: 3.02   5 minutes: 3.26   15 minutes: 3.25
Processes   :   903 total, 5 running
CPU states  :   27.70% user,   10.80% kernel,   61.50% idle
        CPU0 states  :   2.00% user,   2.00% kernel,   96.00% idle
Memory usage:   32803148K total,   31162990K used,   1640158K free
Kernel vmalloc:   0K total,   0K free
Kernel buffers:   596304K Used
Kernel cached :   6625608K Used
Current memory status: OK
"""
ETHERNET = b"""Ethernet1/1 is up
admin state is up, Dedicated Interface
  Hardware: 100/1000/10000/25000 Ethernet, address: 00de.fb00.0001 (bia 00de.fb00.0001)
  Description: to the core
  MTU 9216 bytes, BW 10000000 Kbit, DLY 10 usec
  full-duplex, 10 Gb/s, media type is 10G
  RX
    100 unicast packets  0 multicast packets  0 broadcast packets
    100 input packets  64000 bytes
    0 jumbo packets  0 storm suppression bytes
    0 runts  0 giants  3 CRC  0 no buffer
    3 input error  0 short frame  0 overrun   0 underrun  0 ignored
    0 watchdog  0 bad etype drop  0 bad proto drop  0 if down drop
    0 input with dribble  5 input discard
    0 Rx pause
  TX
    200 unicast packets  0 multicast packets  0 broadcast packets
    200 output packets  128000 bytes
    0 jumbo packets
    0 output error  0 collision  0 deferred  0 late collision
    0 lost carrier  0 no carrier  0 babble  7 output discard
    0 Tx pause
Ethernet1/2 is down (Administratively down)
admin state is down, Dedicated Interface
  Hardware: 100/1000/10000/25000 Ethernet, address: 00de.fb00.0002 (bia 00de.fb00.0002)
  MTU 9216 bytes, BW 10000000 Kbit, DLY 10 usec
"""


def test_who_a_recorded_nexus_and_a_recorded_zte_device_are(cli, devices, looked, why):
    params, _ = cli(NXOS, {"show version": "cisco_nxos_show_version5"})
    wanted = {
        "serial": "FLM27400B3D",
        "hardware": "C93180YC-FX3",
        "software": "10.4(5)",
        "name": "N9K-LAB-15",
    }
    assert set(why(looked("network.device", {**params, **wanted}, devices)).values()) == {"ok"}
    params, _ = cli("zte_zxros", {"show version": "zte_zxros_show_version"})
    found = looked("network.device", {**params, "software": "V5.10.00.50", "hardware": "6120H-S"}, devices)
    assert set(why(found).values()) == {"ok"}
    assert {one.name: one.value for one in found.readings}["uptime"] == 23 * 86400 + 10 * 3600 + 59 * 60


def test_load_and_memory_of_an_nxos_output_of_our_own(cli, devices, looked, why):
    params, _ = cli(NXOS, {"show system resources": RESOURCES}, prompt=b"N9K-01# ")
    assert [float(one.value) for one in looked("network.cpu", params, devices).readings] == [38.5]
    assert why(looked("network.memory", params, devices)) == {"Memory": "filling"}


def test_fans_supplies_and_temperatures_of_a_recorded_nexus(cli, devices, looked, why):
    params, shown = cli(NXOS, {"show environment": "cisco_nxos_show_environment2"}, page=12, more=b"--More--")
    found = looked("network.sensors", params, devices)
    assert found.state is State.OK and {"Power 2", "Fan_in_PS1", "1 CPU", "1 CPU status"} <= why(found).keys()
    shown["show environment"] = (
        shown["show environment"].replace(b"96 W       102 W       650 W     Ok", b"0 W  0 W  650 W  Fail")
    ).replace(b"42         Ok", b"91         Ok")
    found = why(looked("network.sensors", params, devices))
    assert (found["Power 2"], found["1 CPU"]) == ("device_fails", "limit_critical")


def test_ports_of_an_nxos_output_of_our_own_count_both_ways(cli, devices, looked, why):
    params, _ = cli(NXOS, {"show interface": ETHERNET})
    params |= {"expected": ["Ethernet1/1", "Ethernet1/2"]}
    found = looked("network.interfaces", params, devices)
    assert why(found)["Ethernet1/1:link"] == "ok" and why(found)["Ethernet1/2:link"] == "shut_down"
    text = ETHERNET.decode()
    rows = {"show interface": parse(NXOS, "show interface", text)}
    first = device_ports.ports(NXOS, rows, {"show interface": text})[0].after
    assert (first.octets_in, first.octets_out) == (64000, 128000)
    assert (first.errors_in, first.errors_out, first.discards_in, first.discards_out) == (3, 0, 5, 7)
