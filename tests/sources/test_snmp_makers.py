"""Makers of whom no device was met, walked over UDP: written by hand after their modules, a fault in each."""

import pytest
from snmp_written import read, states, values

PORT = "1.3.6.1.2.1.31.1.1.1.1."


def test_a_pdu_on_a_databus_tells_which_outlet_draws_too_much_and_what_its_sensors_are():
    bus = "31034.12.1.1."
    device = read(
        "31034.11.1",
        "Schleifenbauer hPDU",
        {
            **{bus + "1.1.5.0": "2|0", bus + "2.1.1.1.5.1": "4|DPM27", bus + "2.1.1.1.6.1": "4|S1"},
            **{bus + "2.3.1.1.2.1": "2|0", bus + "2.3.1.1.4.1": "2|17"},
            **{bus + "2.6.1.1.5.1.1": "2|1234", bus + "2.6.1.1.7.1.1": "2|23110"},
            **{bus + "2.6.1.1.4.1.1": "2|9830", bus + "2.6.1.1.13.1.1": "4|L1"},
            **{bus + "2.8.2.1.2.1.1": "4|T", bus + "2.8.2.1.2.1.2": "4|H", bus + "2.8.2.1.2.1.3": "4|I"},
            **{bus + f"2.8.2.1.3.1.{row}": "2|2110" for row in (1, 2, 3)},
        },
    )
    assert (device.identity.hardware, device.identity.serial) == ("DPM27", "S1")
    told = states(device)
    assert told["databus ring"] == "warn"
    assert (told["device 1 temperature"], told["device 1 outlet current"]) == ("ok", "crit")
    assert values(device) == {
        ("current", "input 1.1 L1"): 12_340,
        ("voltage", "input 1.1 L1"): 231_100,
        ("power_factor", "input 1.1 L1"): 983,
        ("temperature", "sensor 1.1"): 21_100,
        ("humidity", "sensor 1.2"): 21_100,
    }


def test_a_unit_that_names_its_sensors_kinds_and_states_by_words():
    element = "39052.1.3.1."
    device = read(
        "39052.1",
        "Vutlan EMS VT335",
        {
            **{element + f"6.{row}": f"4|{kind}" for row, kind in ((1, "temperature"), (2, "humidity"))},
            **{element + f"6.{row}": f"4|{kind}" for row, kind in ((3, "temperature"), (4, "leak"))},
            **{element + f"7.{row}": f"4|{name}" for row, name in ((1, "rack"), (2, "room"))},
            **{element + f"7.{row}": f"4|{name}" for row, name in ((3, "spare"), (4, "floor"))},
            **{element + f"8.{row}": f"4|{word}" for row, word in ((1, "high alarm"), (2, "normal"))},
            **{element + f"8.{row}": f"4|{word}" for row, word in ((3, "not connected"), (4, "melting"))},
            **{element + f"9.{row}": f"4|{value}" for row, value in ((1, "41.5"), (2, "38"), (3, "0"))},
        },
    )
    assert states(device) == {"rack": "crit", "room": "ok", "spare": "unknown", "floor": "unknown"}
    assert values(device) == {("temperature", "rack"): 41_500, ("humidity", "room"): 38_000}


def test_a_firewalls_service_that_died_and_a_subscription_that_ran_out():
    status, licence = "21067.2.1.2.", "21067.2.1.3."
    device = read(
        "21067.2",
        "Cyberoam",
        {
            **{status + "2.1.0": "2|7", status + "4.1.0": "66|2048", status + "4.2.0": "66|40"},
            **{status + "10.1.0": "2|2", status + "10.8.0": "2|6", licence + "3.1.0": "2|4"},
            **{licence + "4.1.0": "2|3", "21067.2.1.1.3.0": "4|10.6.6"},
        },
    )
    assert states(device) == {
        "POP3": "ok",
        "DNS": "crit",
        "antivirus subscription": "crit",
        "antispam subscription": "ok",
    }
    assert device.identity.version == "10.6.6"
    assert [processor.load for processor in device.processors] == [700]
    assert [space.total for space in device.memory] == [2048 * 2**20]


def test_a_library_of_tapes_by_smi_s():
    sml = "14851.3.1."
    device = read(
        "2.6.210.1",
        "IBM TS3100",
        {
            **{sml + "4.2.0": "4|3573-TL", sml + "3.2.0": "4|L7", sml + "3.4.0": "4|F.11"},
            **{sml + "12.2.1.3.1": "4|drive 1", sml + "12.2.1.3.2": "4|drive 2"},
            **{sml + "12.2.1.4.1": "2|2", sml + "12.2.1.4.2": "2|6"},
        },
    )
    assert (device.identity.hardware, device.identity.serial) == ("3573-TL", "L7")
    assert states(device) == {"controller 1 drive 1": "ok", "controller 2 drive 2": "crit"}


@pytest.mark.parametrize(
    ("code", "severity"), [(3, "ok"), (4, "warn"), (5, "crit"), (2, "unknown"), (9, "unknown")]
)
def test_the_status_of_a_library_that_dell_sells_is_no_array(code, severity):
    device = read("674.10893.2.102", "Dell PowerVault TL4000", {"674.10893.2.102.2.1.0": f"2|{code}"})
    assert states(device) == {"global status": severity}


def test_a_supply_of_a_cable_network_without_mains():
    supply = "5591.1.4.2.1."
    device = read(
        "5591.1",
        "XM3",
        {supply + "22.1": "2|8900", supply + "24.1": "2|2", supply + "26.1": "2|2", supply + "34.1": "2|1"},
    )
    assert states(device) == {
        "supply 1 inverter": "crit",
        "supply 1 minor alarm": "warn",
        "supply 1 mains": "crit",
    }
    assert values(device) == {("voltage", "supply 1 output"): 89_000}


def test_a_router_that_says_how_idle_it_is():
    device = read(
        "41916.3.1.2",
        "Viptela SNMP agent vEdge 1000",
        {"41916.11.1.2.0": "4|20.3.4", "41916.11.1.16.0": "4|93.40", "41916.11.1.17.0": "4|3845932"},
    )
    assert (device.identity.version, device.identity.hardware) == ("20.3.4", "vEdge")
    assert [processor.load for processor in device.processors] == [660]


def test_a_fuse_that_is_open_and_numbers_that_are_texts():
    panel = "39145.10."
    device = read(
        "39145.10",
        "ICT Distribution",
        {
            **{panel + "6.0": "4|-48.2", panel + "8.1.2.0": "4|radio", panel + "8.1.2.1": "4|spare"},
            **{panel + "8.1.3.0": "4| 1.25", panel + "8.1.4.0": "4|OK", panel + "8.1.4.1": "4|OPEN"},
        },
    )
    assert states(device) == {"fuse 0 radio": "ok", "fuse 1 spare": "crit"}
    assert values(device) == {("voltage", "system"): 48_200, ("current", "output 0 radio"): 1_250}


def test_readings_of_a_board_have_their_units_beside_them():
    readings = {1: "1400 RPM", 2: "12.10 Volts", 3: "41 degrees C", 4: "Not Available", 5: "88 Watts"}
    device = read("49622.1", "ASRR", {f"49622.6.{row}.5.0": f"4|{text}" for row, text in readings.items()})
    assert {kind: value for (kind, _), value in values(device).items()} == {
        "fanspeed": 1_400_000,
        "voltage": 12_100,
        "temperature": 41_000,
        "power": 88_000,
    }


@pytest.mark.parametrize(("object_id", "tree"), [("43.1.8.57", "43.45.1.10"), ("2011.10.1.56", "2011.10")])
def test_older_names_of_comware_have_its_tables_in_a_tree_of_theirs(object_id, tree):
    entity = tree + ".2.6.1.1.1.1."
    device = read(
        object_id,
        "Switch 5500G",
        {entity + "6.65": "2|23", "1.3.6.1.2.1.47.1.1.1.1.7.65": "4|Board", entity + "19.65": "2|1"},
    )
    assert [(processor.name, processor.load) for processor in device.processors] == [("Board", 2_300)]


def test_an_appliance_of_a_router_that_lost_a_supply_and_a_radio_with_an_alarm():
    esa, radio = "6527.3.1.2.2.3.74.1.", "6527.6.1.2.2.7.1.2.1."
    device = read(
        "6527.1.3.15",
        "TiMOS-C-20.10.R5 cpm/hops64 Nokia 7750 SR",
        {
            **{esa + "1.1": "2|2", esa + "15.1": "2|2", esa + "16.1": "2|4"},
            **{radio + "8.1.39944192": "4|link", radio + "12.1.39944192": "2|2"},
            **{radio + "20.1.39944192": "2|2", radio + "11.1.39944192": "2|11000"},
        },
    )
    assert states(device) == {
        "appliance 1": "ok",
        "appliance 1 power supply 1": "ok",
        "appliance 1 power supply 2": "crit",
        "radio link alarm": "crit",
        "radio link muted": "warn",
    }
    assert values(device) == {("frequency", "radio link band"): 11_000_000_000_000}


def test_flash_of_a_switch_and_the_modem_that_has_no_signal():
    device = read(
        "2011.2.224.279",
        "Huawei AR\r\nHuawei Versatile Routing Platform Software\r\nVersion 5.170 (AR V300R003)",
        {
            **{"2011.6.9.1.4.2.1.3.1": "2|1000", "2011.6.9.1.4.2.1.4.1": "2|250"},
            **{"2011.6.9.1.4.2.1.5.1": "4|flash:"},
            **{"2011.5.25.241.1.2.1.1.35.5": "2|-71", "2011.5.25.241.1.2.1.1.35.6": "2|0"},
        },
    )
    assert [(space.name, space.share, space.total) for space in device.storage] == [
        ("flash:", 7_500, 1_024_000)
    ]
    assert values(device) == {("dbm", "modem 5 RSSI"): -71_000}


def test_cards_of_a_bdcom_chassis_and_the_lanes_of_a_port():
    optics = "3320.9.63.1.7.1."
    device = read(
        "3320.1.317.0",
        "BDCOM(tm) S5800 Software, Version 2.2.0F",
        {
            **{"3320.3.6.10.1.11.0": "2|4", "3320.3.6.10.1.11.1": "2|9", "3320.3.6.10.1.13.0": "2|44"},
            **{
                optics + "2.7": "2|-231",
                optics + "8.7": "2|-250",
                optics + "9.7": "2|-65535",
                PORT + "7": "4|QSFP7",
            },
        },
    )
    assert [processor.load for processor in device.processors] == [400, 900]
    assert values(device) == {
        ("temperature", "device"): 44_000,
        ("dbm", "QSFP7 tx"): -2_310,
        ("dbm", "QSFP7 lane 2 tx"): -2_500,
    }


def test_cameras_that_tell_their_heat():
    device = read("3967.1.1", "AUTODOME", {"3967.1.1.7.1.1.1": "2|412", "3967.1.1.9.1.1.1": "2|71"})
    assert values(device) == {("temperature", "sensor 1"): 41_200}
    assert [processor.load for processor in device.processors] == [2_900]
    hot = read("46202.1.1", "3.0C-H4A", {"46202.1.1.1.1.1.3.1": "2|3", "46202.1.1.1.5.0": "2|10"})
    assert states(hot) == {"temperature sensor 1": "crit", "memory card": "crit"}


def test_a_store_of_netgears_with_a_disk_that_failed():
    device = read(
        "4526.22.1",
        "ReadyNAS OS 6.10.8",
        {
            **{"4526.22.1.0": "4|6.10.8", "4526.22.3.1.9.1": "4|ONLINE", "4526.22.3.1.9.2": "4|FAILED"},
            **{"4526.22.3.1.10.1": "2|36", "4526.22.7.1.4.1": "4|DEGRADED", "4526.22.8.1.3.1": "4|purple"},
        },
    )
    assert states(device) == {
        "disk 1": "ok",
        "disk 2": "crit",
        "volume 1": "warn",
        "power supply 1": "unknown",
    }
    assert values(device) == {("temperature", "disk 1"): 36_000}


@pytest.mark.parametrize(
    ("enterprise", "node", "tree"), [(1369, "1369.6.1.1", "1369.5.2.1"), (47565, "", "")]
)
def test_a_firewall_of_forcepoint_by_the_older_and_the_newer_module(enterprise, node, tree):
    tree, node = tree or "47565.1.1.1", node or "47565.1.1.1.19"
    device = read(
        f"{enterprise}.5.2",
        "Forcepoint NGFW",
        {
            **{tree + ".11.1.1.3.0": "66|12", tree + ".11.1.1.3.1": "66|14", tree + ".4.0": "70|4711"},
            **{tree + ".11.2.4.0": "70|1000", tree + ".11.2.5.0": "70|400", node + ".9.0": "4|N120"},
            **{tree + ".1.0": "4|Forcepoint NGFW version 6.8.4 #23"},
        },
    )
    assert (device.identity.hardware, device.identity.version) == ("N120", "6.8.4")
    assert [processor.load for processor in device.processors] == [1_200, 1_400]
    assert [space.share for space in device.memory] == [4_000]
    assert values(device) == {("count", "connections"): 4_711_000}


def test_a_monitor_whose_sensors_stand_below_its_own_number():
    sensor = "3699.1.1.10.1.5.1.1."
    device = read(
        "3699.1.1.10",
        "ENVIROMUX-5D",
        {
            **{
                sensor + "2.1": "2|1",
                sensor + "3.1": "4|rack",
                sensor + "7.1": "2|235",
                sensor + "8.1": "2|1",
            },
            **{
                sensor + "2.2": "2|2",
                sensor + "3.2": "4|room",
                sensor + "7.2": "2|61",
                sensor + "8.2": "2|3",
            },
        },
    )
    assert values(device) == {("temperature", "rack"): 23_500, ("humidity", "room"): 61_000}
    assert states(device) == {"rack": "ok", "room": "crit"}


def test_a_line_terminal_whose_numbers_are_texts():
    pon = "37950.1.1.5.10."
    device = read(
        "37950.1.1",
        "V1600D4",
        {
            **{pon + "12.3.0": "4|7.5%", pon + "12.5.9.0": "4|38.2", pon + "13.1.1.5.1": "4|4.18 dBm"},
            **{pon + "13.1.1.4.1": "4|12.4 mA", pon + "13.7.1.6.1": "4|0"},
        },
    )
    assert [processor.load for processor in device.processors] == [750]
    assert values(device) == {
        ("temperature", "system"): 38_200,
        ("dbm", "PON port 1 tx"): 4_180,
        ("current", "PON port 1 bias"): 12,
    }


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("XG-2040T, 3.1.7.12, build 9", ("3.1.7.12", "XG-2040T", "")),
        ("S7700-48P", ("", "S7700-48P", "")),
        ("Room Guard 12E v3.3.0", ("3.3.0", "Room Guard 12E", "")),
        ("Gatekeeper OS 5.5.1.4-464376 (SN: GK00123)", ("5.5.1.4-464376", "", "GK00123")),
        # Two releases: which of them is the device's stands nowhere. A card's number is not the device's.
        ("Card (MB:v4.1.0 PF:v6.4.0 MN:AP9630 HR:05 SN: 5A1638E01463)", ("", "", "")),
        # The kernel of whatever stands on it, an address.
        ("Linux appliance 4.14.193-fslc #1 SMP", ("", "", "")),
        ("A box at 10.1.2.3:161", ("", "", "")),
        # A day, a standard, an architecture.
        ("Recorder built 12.05.2021", ("", "", "")),
        ("RFC1213 agent", ("", "", "")),
        ("ISO9001 box", ("", "", "")),
        ("I386 machine", ("", "", "")),
        # What is longer than a description may be is looked at to a length only.
        ("x" * 3000 + " v4.5.6", ("", "", "")),
    ],
)
def test_a_maker_whom_nobody_knows_is_told_by_what_the_description_says_plainly(description, told):
    identity = read("64999.1", description, {}).identity
    assert (identity.version, identity.hardware, identity.serial) == told


def test_octets_that_are_no_text_are_shown_harmless():
    """GB2312 and a terminal's orders in a name."""
    name = "核心".encode("gb2312") + b"\x1b[31m\x9b1\r\n\x7f" + "\x9b2J\u2028SW".encode()
    identity = read("64999.1", "x", {"1.3.6.1.2.1.1.5.0": f"4x|{name.hex()}"}).identity
    assert identity.name.endswith("SW") and "\ufffd" in identity.name
    assert identity.name.isprintable()
