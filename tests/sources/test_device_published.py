"""What devices of Ruijie and ZTE say of themselves, in forms that people published and no recording here has.

Typed after them with other numbers: they prove that such lines are read, not that all devices write them.
"""

import pytest

from agent.parsing.errors import ParseError
from agent.parsing.parse import parse
from agent.sources import device_cli
from checks.snmp import Device, Identity, Part

STACK = """System description      : Ruijie Gigabit Access Switch (S2628G-E) By Ruijie Networks
System start time       : 2025-02-13 22:30:54
System uptime           : 0:0:3:8
System hardware version : 1.01
System software version : RGOS 10.4(3b19)p3 Release(100001)
System BOOT version     : 10.4(2b2) Release(80001)
System CTRL version     : 10.4(2b2) Release(80001)
System serial number    : 1234AB5678901
Device information:
  Device-1
    Hardware version : 1.01
    Software version : RGOS 10.4(3b19)p3 Release(100001)
    BOOT version     : 10.4(2b2) Release(80001)
    CTRL version     : 10.4(2b2) Release(80001)
    Serial Number    : 1234AB5678901
  Device-2
    Hardware version : 1.02
    Software version : RGOS 10.4(3b19)p3 Release(100001)
    BOOT version     : 10.4(2b2) Release(80001)
    CTRL version     : 10.4(2b2) Release(80001)
    Serial Number    : 1234AB5678902
"""
ACCESS_POINT = """System description      : Ruijie AP720-L (802.11a/n/ac and 802.11b/g/n) By Ruijie Networks.
System start time       : 2025-10-23 15:59:46
System uptime           : 42:00:44:31
System hardware version : 2.00
System software version : AP_RGOS 11.1(9)B1P14, Release(06000000)
System patch number     : NA
System serial number    : G1AA7AA000000
System boot version     : 2.0.26
"""
TWELVE = """System description      : Ruijie Full 25G Routing Switch(S6980-64QC) By Ruijie Networks
System start time       : 2025-03-01 08:00:00
System uptime           : 10:01:02:03
System hardware version : 1.00
System software version : S6980_RGOS 12.5(2)B0605
System patch number     : NA
System software number  : M00000000000000
System serial number    : G1AA00000000A
System boot version     : 1.3.8
System core version     : 4.4.198
Module information:
  Slot 0 : RG-S6980-64QC
    Hardware version    : 1.00
    Boot version        : 1.3.8
    Software version    : S6980_RGOS 12.5(2)B0605
    Software number     : M00000000000000
    Serial number       : G1AA00000000A
"""
SMALL = """ZXR10 Router Operating System Software, ZTE Corporation:
ZXR10 2928E Version Number    : 2900E Series V2.05.10B25
Copyright (c) 2001-2013 By ZTE Corporation
Compiled: 11:44:45 Jul  2 2013
System uptime is  0 years 93 days 13 hours 19 minutes 58 seconds

Main processor       : arm926ejs
Module 0:      ZXR10 2928E; fasteth: 24; gbit:  4;
"""
MIDDLE = """ZXR10 ROS Version V4.08.24R2
ZXR10_5928E-FI Software, Version ZXR10 5900E&5100E V2.8.23.C.16.P11, RELEASE SOFTWARE
Copyright (c) 2010-2015 by ZTE Corporation
Compiled Oct  8 2015, 15:35:19
System uptime is 12 days, 3 hours, 14 minutes
"""
DATA_CENTRE = """ZTE ZXR10 Software, Version: 59X-ES V2.00.20.03B07, Release software
Copyright (c) 2012-2024 by ZTE Corporation
Compiled 2024/08/06 01:38:11
System uptime is 1 day(s), 0 hour(s), 50 minute(s)
"""
DAY_MS = 86_400_000


def known(platform, text):
    """Hardware, version, serial number and uptime in milliseconds."""
    rows = {"show version": parse(platform, "show version", text)}
    found = device_cli.identity(platform, rows)
    return found.hardware, found.version, found.serial, found.uptime_ms


@pytest.mark.parametrize(
    ("platform", "text", "expected"),
    [
        ("ruijie_os", STACK, ("S2628G-E", "RGOS 10.4(3b19)p3 Release(100001)", "1234AB5678901", 188_000)),
        (
            "ruijie_os",
            ACCESS_POINT,
            ("AP720-L", "AP_RGOS 11.1(9)B1P14, Release(06000000)", "G1AA7AA000000", 42 * DAY_MS + 2_671_000),
        ),
        (
            "ruijie_os",
            TWELVE,
            ("S6980-64QC", "S6980_RGOS 12.5(2)B0605", "G1AA00000000A", 10 * DAY_MS + 3_723_000),
        ),
        ("zte_zxros", SMALL, ("2928E", "V2.05.10B25", "", 93 * DAY_MS + 47_998_000)),
        ("zte_zxros", MIDDLE, ("5928E-FI", "V2.8.23.C.16.P11", "", 12 * DAY_MS + 11_640_000)),
        ("zte_zxros", DATA_CENTRE, ("59X-ES", "V2.00.20.03B07", "", DAY_MS + 3_000_000)),
        (
            "zte_zxros",
            DATA_CENTRE.replace("59X-ES", "ZXR10 5960X-ES").replace("Compiled", "Build on"),
            ("5960X-ES", "V2.00.20.03B07", "", DAY_MS + 3_000_000),
        ),
    ],
    ids=["ruijie_10", "ruijie_ap", "ruijie_12", "zxr10_2900", "zxr10_5900", "zxr10_5960", "zxr10_5960_build"],
)
def test_what_a_device_says_of_itself_is_read_in_each_published_form(platform, text, expected):
    assert known(platform, text) == expected


def test_members_of_a_stack_have_a_row_each():
    rows = parse("ruijie_os", "show version", STACK)
    assert [(row["slot_number"], row["slot_serial_number"]) for row in rows[1:]] == [
        ("1", "1234AB5678901"),
        ("2", "1234AB5678902"),
    ]


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("ruijie_os", TWELVE.replace("Hardware version    : 1.00", "Hardware version    : 1 00")),
        ("ruijie_os", STACK.replace("  Device-2", "  Device two")),
        ("ruijie_os", ACCESS_POINT.replace("hardware version : 2.00", "hardware version : ")),
        ("zte_zxros", SMALL.replace("Version Number    :", "Version")),
        ("zte_zxros", DATA_CENTRE.replace("Compiled", "Verwirrt")),
        ("zte_zxros", MIDDLE.partition("System uptime")[0]),
    ],
)
def test_a_line_of_another_form_is_never_passed_over(platform, text):
    with pytest.raises(ParseError):
        parse(platform, "show version", text)


MEMORY = """System Memory: 508692KB total, 354360KB used, 154332KB free, 69.7% used rate
Used detail: 217404KB active, 53640KB inactive, 37176KB mapped, 63212KB slab, 20544KB core, 16260KB others
"""


def test_memory_of_ruijie_is_read_in_its_newer_form():
    rows = {"show memory": parse("ruijie_os", "show memory", MEMORY)}
    (space,) = device_cli.filled(Device(Identity("", "")), "ruijie_os", Part.MEMORY, rows).memory
    assert (space.used, space.total) == (354_360 << 10, 508_692 << 10)
    assert parse("ruijie_os", "show memory", MEMORY)[0]["used_detail_others"] == "16260"
