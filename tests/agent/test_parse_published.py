"""Forms written from outputs in the makers' manuals: none of these was recorded from a device by us."""

import pytest

from agent.parsing.errors import ParseError
from agent.parsing.parse import parse

DISTRIBUTED = """System temperature information (degree centigrade):
----------------------------------------------------------------------
Slot  Sensor       Temperature  LowerLimit  WarningLimit  AlarmLimit ShutdownLimit
Vent  outflow 1    38           10          40            50          70
0     inflow 1     -3           -10         50            70          100
0     hotspot 1    53           10          50            80          100
"""
STACKED = """System temperature information (degree centigrade):
Slot   Sensor        Temperature LowerLimit WarningLimit AlarmrLimit ShutdownLimit
1/Vent outflow 1     38          10         40           50          70
1/4    hotspot 1     42          10         50           80          100
"""
CHASSIS = """Slot No.   Brd Type         Brd Status   Subslot   Sft Ver                Patch Ver
 0         LSQM2MPUB0       Master       0         S7500E-7536P05         None
 1         NONE             Absent       0         NONE                   None
 2         LSQM2GV48SC0     Normal       0         S7500E-7536P05         None
"""
NTP = """ Clock status: synchronized
 Clock stratum: 2
 System peer: 10.1.1.1
 Local mode: client
 Reference clock ID: 10.1.1.1
 Leap indicator: 00
 Clock jitter: 0.000977 s
 Stability: 0.000 pps
 Clock precision: 2^-18
 Root delay: 0.00383 ms
 Root dispersion: 16.26572 ms
 Reference time: d0c6033f.b9923965  Wed, Dec 29 2010 18:58:07.724
 System poll interval: 64 s
"""
VRP_NTP = """ clock status: unsynchronized
 clock stratum: 16
 reference clock ID: none
 nominal frequency: 64.0029 Hz
 actual frequency: 64.0029 Hz
 clock precision: 2^7
 clock offset: 0.0000 ms
 root delay: 62.50 ms
 root dispersion: 0.20 ms
 peer dispersion: 7.81 ms
 reference time: 06:52:33.465 UTC Mar 7 2006(C7B7AC31.773E89A8)
 synchronization state: clock synchronized
"""
VRP_USERS = """  User-Intf    Delay    Type   Network Address     AuthenStatus    AuthorcmdFlag
+ 34  VTY 0    00:00:00  SSH    10.164.6.10              pass            no
  Username : inspector
  35  VTY 1    00:12:07  TEL    10.164.6.11              pass            no       Username : Unspecified
"""
COMWARE_USERS = """  Idx  Line     Idle       Time              Pid     Type
  0    AUX 0    00:05:01   Dec 28 10:02:07   311
+ 10   VTY 0    00:00:00   Dec 28 10:12:07   1234    SSH

Following are more details.
VTY 0   :
        User name: inspector
        Location: 192.168.1.10
 +    : Current operation user.
 F    : Current operation user works in async mode.
"""
IOS_NTP = """Clock is synchronized, stratum 2, reference is 10.4.2.254
nominal freq is 250.0000 Hz, actual freq is 249.9999 Hz, precision is 2**10
ntp uptime is 1921500 (1/100 of seconds), resolution is 4000
reference time is CFC38D2C.45D0D3F8 (16:29:00.272 UTC Mon Jun 14 2010)
clock offset is 0.5 msec, root delay is 3.9 msec
root dispersion is 25.45 msec, peer dispersion is 1.2 msec
loopfilter state is 'CTRL' (Normal Controlled Loop), drift is 0.000000001 s/s
system poll interval is 64, last update was 5 sec ago.
"""


def test_temperatures_of_a_chassis_and_of_a_stack_of_chassis():
    rows = parse("h3c", "display environment", DISTRIBUTED)
    assert [(row["slot"], row["temperature"], row["alarm_limit"]) for row in rows] == [
        ("Vent", "38", "50"),
        ("0", "-3", "70"),
        ("0", "53", "80"),
    ]
    assert [row["slot"] for row in parse("h3c", "dis env", STACKED)] == ["1/Vent", "1/4"]


def test_slots_of_a_chassis_with_an_empty_one():
    rows = parse("h3c", "display device", CHASSIS)
    assert [(row["slot"], row["type"], row["state"]) for row in rows] == [
        ("0", "LSQM2MPUB0", "Master"),
        ("1", "NONE", "Absent"),
        ("2", "LSQM2GV48SC0", "Normal"),
    ]


@pytest.mark.parametrize(
    ("platform", "command", "text", "field", "said"),
    [
        ("h3c", "display ntp-service status", NTP, "clock_status", "synchronized"),
        ("h3c", "display ntp status", NTP, "root_dispersion", "16.26572 ms"),
        ("huawei", "display ntp-service status", VRP_NTP, "clock_status", "unsynchronized"),
        ("cisco", "show ntp status", IOS_NTP, "reference", "10.4.2.254"),
        (
            "cisco",
            "show ntp status",
            "Clock is unsynchronized, stratum 16, no reference clock\n",
            "stratum",
            "16",
        ),
        (
            "fortigate",
            "get system session status",
            "The total number of IPv4 sessions for the current VDOM: 153\n",
            "sessions",
            "153",
        ),
    ],
)
def test_what_one_line_or_block_says(platform, command, text, field, said):
    (row,) = parse(platform, command, text)
    assert row[field] == said


def test_who_is_logged_in():
    rows = parse("huawei", "display users", VRP_USERS)
    assert [(row["current"], row["line"], row["username"]) for row in rows] == [
        ("+", "VTY 0", "inspector"),
        ("", "VTY 1", "Unspecified"),
    ]
    rows = parse("h3c", "display users", COMWARE_USERS)
    assert [(row["current"], row["line"], row["type"]) for row in rows] == [
        ("", "AUX 0", ""),
        ("+", "VTY 0", "SSH"),
    ]


@pytest.mark.parametrize(
    ("platform", "command", "text"),
    [
        ("h3c", "display environment", DISTRIBUTED),
        ("h3c", "display device", CHASSIS),
        ("h3c", "display ntp-service status", NTP),
        ("h3c", "display users", COMWARE_USERS),
        ("huawei", "display users", VRP_USERS),
        ("cisco", "show ntp status", IOS_NTP),
    ],
)
def test_a_line_that_no_manual_shows_makes_all_of_it_unread(platform, command, text):
    lines = text.splitlines()
    for at in (1, len(lines) // 2, len(lines)):
        noisy = "\n".join([*lines[:at], "Qx7 #@! zzgarbage ~~ 9", *lines[at:]])
        with pytest.raises(ParseError) as raised:
            parse(platform, command, noisy)
        assert raised.value.code == "unparsed"
