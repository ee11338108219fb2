"""Devices of the machine room, walked over UDP: written by hand from their MIBs, one fault in each."""

import pytest

from agent.sources.snmp_look import look
from agent.sources.snmp_responder import Responder, read
from agent.sources.snmp_udp import Job, Loop
from checks.snmp import EVERYTHING

SYS = "1.3.6.1.2.1.1."
E = "1.3.6.1.4.1."
LINUX = {SYS + "1.0": "4|Linux nas 3.10.108 #1 SMP x86_64", SYS + "2.0": f"6|{E}8072.3.2.10"}


@pytest.fixture
def seen(tmp_path):
    def walk(rows):
        order = sorted(rows, key=lambda oid: [int(arc) for arc in oid.split(".")])
        path = tmp_path / "device.snmprec"
        path.write_text("".join(f"{oid}|{rows[oid]}\n" for oid in order), "utf-8")
        with Responder({b"public": read(path)}) as responder:
            job = Job(("127.0.0.1", responder.port), 2, b"public", look(EVERYTHING), 60, "device")
            Loop([job]).run()
        assert job.error is None
        return job.result

    return walk


def states(device):
    return {
        sensor.name: (sensor.state, sensor.severity) for sensor in device.sensors if sensor.kind == "state"
    }


def values(device):
    return {(sensor.kind, sensor.name): sensor.value for sensor in device.sensors if sensor.kind != "state"}


def test_a_ups_that_lost_its_supply_says_so_and_keeps_its_numbers(seen):
    ups = E + "318.1.1.1."
    device = seen(
        {
            SYS + "1.0": "4|APC Web/SNMP Management Card (PF:v6.4.6 AF1:v6.4.6 AN1:apc.bin MN:AP9631)",
            SYS + "2.0": f"6|{E}318.1.3.27",
            ups + "1.1.1.0": "4|Smart-UPS 3000",
            ups + "1.2.3.0": "4|AS0000000001",
            ups + "2.1.1.0": "2|3",
            ups + "2.2.3.0": "67|60000",
            ups + "2.2.4.0": "2|2",
            ups + "2.3.1.0": "66|115",
            ups + "2.2.1.0": "66|11",
            ups + "4.1.1.0": "2|3",
            ups + "4.3.1.0": "66|2305",
        }
    )
    assert (device.identity.vendor, device.identity.kind) == ("APC", "ups")
    assert (device.identity.hardware, device.identity.serial) == ("Smart-UPS 3000", "AS0000000001")
    assert states(device) == {
        "battery status": ("batteryLow", "crit"),
        "battery replacement": ("batteryNeedsReplacing", "crit"),
        "output status": ("onBattery", "warn"),
    }
    assert values(device)["runtime", "run time remaining"] == 10_000
    assert values(device)["voltage", "output"] == 230_500


def test_a_supply_that_failed_is_critical_and_an_empty_slot_is_none(seen):
    bmc = E + "2011.2.235.1.1."
    device = seen(
        {
            SYS + "1.0": "4|Hardware management system",
            SYS + "2.0": f"6|{E}2011.2.235",
            bmc + "1.6.0": "4|2288H V5",
            bmc + "6.50.1.7.1": "2|4",
            bmc + "6.50.1.13.1": "4|PS1",
            bmc + "6.50.1.7.2": "2|77",
            bmc + "6.50.1.13.2": "4|PS2",
            bmc + "16.50.1.6.3": "2|5",
            bmc + "16.50.1.10.3": "4|DIMM010",
            bmc + "26.50.1.2.1": "4|Inlet",
            bmc + "26.50.1.3.1": "2|235",
            bmc + "26.50.1.2.2": "4|CPU2",
            bmc + "26.50.1.3.2": "2|65535",
        }
    )
    assert states(device) == {
        "PS1": ("critical", "crit"),
        "PS2": ("", "unknown"),
        "memory 3 DIMM010": ("absence", "ok"),
    }
    assert values(device) == {("temperature", "Inlet"): 23_500}


def test_a_synology_that_calls_itself_linux_is_known_by_its_own_tables(seen):
    nas = E + "6574."
    rows = {
        nas + "1.5.1.0": "4|RS2212RP+",
        nas + "1.5.2.0": "4|3005AWL000000",
        nas + "1.5.3.0": "4|DSM 7.2-64570",
        nas + "2.1.1.2.0": "4|Disk 1",
        nas + "2.1.1.5.0": "2|5",
        nas + "3.1.1.2.0": "4|Volume 1",
        nas + "3.1.1.3.0": "2|11",
    }
    device = seen(LINUX | rows)
    who = device.identity
    assert (who.vendor, who.os, who.version, who.serial) == (
        "Synology",
        "dsm",
        "DSM 7.2-64570",
        "3005AWL000000",
    )
    assert states(device) == {"Disk 1": ("crashed", "crit"), "Volume 1": ("degrade", "warn")}
    assert seen(LINUX).identity.os == "linux"


def test_a_failed_disk_behind_a_raid_controller_is_seen_through_the_host(seen):
    disk = E + "3582.4.1.4.2.1.2.1."
    device = seen(
        LINUX
        | {
            disk + "2.0": "2|8",
            disk + "7.0": "2|3",
            disk + "10.0": "2|17",
            disk + "36.0": "2|41",
        }
    )
    assert states(device) == {"disk 8": ("failed", "crit")}
    assert values(device) == {("count", "disk 8 media errors"): 3_000, ("temperature", "disk 8"): 41_000}


def test_what_an_array_says_only_in_a_sentence_is_read_from_it(seen):
    sensor = "1.3.6.1.3.94.1.8.1."
    unit = "80.12.15.255.0.0.0.0.0.0.0.0.0.0.0.0."
    device = seen(
        {
            SYS + "1.0": "4|DELL EMC ME4024",
            SYS + "2.0": f"6|{E}674",
            sensor + f"3.{unit}1": "4|Voltage 12V Rail Loc: left-PSU",
            sensor + f"4.{unit}1": "2|5",
            sensor + f"6.{unit}1": "4|Voltage 12V Rail Loc: left-PSU: 11.21V",
            sensor + f"3.{unit}2": "4|CPU Temperature-Ctlr B",
            sensor + f"4.{unit}2": "2|3",
            sensor + f"6.{unit}2": "4|CPU Temperature-Ctlr B: 62 C 143.60F",
        }
    )
    assert values(device) == {
        ("voltage", "Voltage 12V Rail Loc: left-PSU"): 11_210,
        ("temperature", "CPU Temperature-Ctlr B"): 62_000,
    }
    assert states(device)["Voltage 12V Rail Loc: left-PSU"] == ("failed", "crit")


def test_a_printer_without_paper_and_toner_says_both_the_worse_one_first(seen):
    device = seen(
        {
            SYS + "1.0": "4|KYOCERA Document Solutions Printing System",
            SYS + "2.0": f"6|{E}1347.41",
            "1.3.6.1.2.1.25.3.2.1.2.1": "6|1.3.6.1.2.1.25.3.1.5",
            "1.3.6.1.2.1.25.3.2.1.3.1": "4|ECOSYS M2040dn",
            "1.3.6.1.2.1.25.3.5.1.2.1": "4x|60",
            "1.3.6.1.2.1.43.11.1.1.6.1.1": "4|Black Toner",
            "1.3.6.1.2.1.43.11.1.1.8.1.1": "2|7200",
            "1.3.6.1.2.1.43.11.1.1.9.1.1": "2|144",
            "1.3.6.1.2.1.43.11.1.1.6.1.2": "4|Waste Toner Box",
            "1.3.6.1.2.1.43.11.1.1.8.1.2": "2|-2",
            "1.3.6.1.2.1.43.11.1.1.9.1.2": "2|-3",
        }
    )
    assert device.identity.kind == "printer"
    assert ("noPaper", "crit") in states(device).values()
    assert values(device) == {("percent", "Black Toner"): 2_000}


def test_a_dc_system_gives_its_rectifiers_and_no_empty_places(seen):
    tree = E + "1918.2.14.10."
    device = seen(
        {
            SYS + "1.0": "4|SC300 Controller - software version 2.10",
            SYS + "2.0": f"6|{E}1918.2.14",
            tree + "60.30.1.30.1": "66|246100001",
            tree + "60.30.1.30.2": "66|0",
            tree + "60.30.1.95.1": "2|5370",
            tree + "60.30.1.95.2": "2|0",
            tree + "70.10.20.0": "2|5361",
        }
    )
    assert values(device) == {("voltage", "rectifier 1 output"): 53_700, ("voltage", "DC output"): 53_610}
    assert device.identity.version == "2.10"


def test_a_receptacle_over_its_limit_says_so_beside_its_switch(seen):
    outlet = E + "476.1.42.3.8.50.20.1."
    device = seen(
        {
            SYS + "1.0": "4|MPH2 PDU",
            SYS + "2.0": f"6|{E}476.1.42",
            outlet + "25.1.1.1": "4|1-A-1",
            outlet + "70.1.1.1": "66|2300",
            outlet + "95.1.1.1": "2|2",
            outlet + "210.1.1.1": "2|3",
        }
    )
    assert states(device)["1-A-1 condition"] == ("normalWithAlarm", "crit")
    assert values(device) == {("power", "1-A-1 apparent power"): 2_300_000}


def test_outlets_of_a_rack_pdu_that_are_off_have_no_load_to_judge(seen):
    outlet = E + "318.1.1.32.5."
    device = seen(
        {
            SYS + "1.0": "4|APC Rack PDU",
            SYS + "2.0": f"6|{E}318.1.1.32",
            outlet + "4.1.3.1.1": "4|one",
            outlet + "4.1.3.1.2": "4|two",
            outlet + "4.1.4.1.1": "2|1",
            outlet + "4.1.4.1.2": "2|0",
            outlet + "9.1.3.1.1": "4|one",
            outlet + "9.1.3.1.2": "4|two",
            outlet + "9.1.4.1.1": "2|1",
            outlet + "9.1.4.1.2": "2|0",
        }
    )
    assert states(device) == {
        "outlet 1.1 one": ("on", "ok"),
        "outlet 1.2 two": ("off", "ok"),
        "load of outlet 1.1 one": ("upperCritical", "crit"),
    }


def test_a_cooling_unit_that_stands_still_is_not_a_heater_that_rests(seen):
    unit = E + "476.1.42.3."
    device = seen(
        {
            SYS + "1.0": "4|Liebert CRV",
            SYS + "2.0": f"6|{E}476.1.42",
            unit + "2.2.0": "66|2",
            unit + "4.3.3.0": "2|2",
            unit + "4.3.7.0": "2|2",
            unit + "4.3.9.0": "66|40",
            unit + "7.2.2.0": "2|4",
        }
    )
    assert states(device) == {
        "heating": ("off", "ok"),
        "fan": ("off", "warn"),
        "system": ("normalWithAlarm", "crit"),
    }
    assert values(device) == {("count", "conditions present"): 2_000, ("percent", "cooling capacity"): 40_000}


@pytest.mark.parametrize("family", ["10.1.41", "10.1.66", "8.1.5"])
def test_a_switch_whose_family_has_a_tree_of_its_own_is_read_there(seen, family):
    tree = f"{E}259.{family}"
    device = seen(
        {
            SYS + "1.0": "4|ECS4620-28T",
            SYS + "2.0": f"6|{tree}.101",
            f"{tree}.1.1.3.1.6.1": "4|1.2.2.18",
            f"{tree}.1.1.3.1.10.1": "4|EC1800000001",
            f"{tree}.1.1.5.1.0": "4|ECS4620-28T",
            f"{tree}.1.1.6.1.3.1.1": "2|2",
            f"{tree}.1.1.6.1.3.1.2": "2|3",
            f"{tree}.1.1.9.1.3.1.1": "2|1",
            f"{tree}.1.1.9.1.3.1.2": "2|2",
            f"{tree}.1.1.9.1.6.1.1": "2|7200",
            f"{tree}.1.1.11.1.3.1.1": "2|41",
            f"{tree}.1.39.2.1.0": "66|17",
        }
    )
    told = device.identity
    assert (told.vendor, told.hardware, told.version) == ("Edge-Core", "ECS4620-28T", "1.2.2.18")
    assert told.serial == "EC1800000001" and [cpu.load for cpu in device.processors] == [1700]
    assert states(device) == {
        "power supply 1.1": ("green", "ok"),
        "power supply 1.2": ("red", "crit"),
        "fan 1.1": ("ok", "ok"),
        "fan 1.2": ("failure", "crit"),
    }
    assert values(device) == {("fanspeed", "fan 1.1"): 7_200_000, ("temperature", "sensor 1.1"): 41_000}


def test_a_rooms_sensor_says_its_own_alarm_beside_the_value(seen):
    box = E + "22626.1.2."
    device = seen(
        {
            SYS + "1.0": "4|T3610",
            SYS + "2.0": f"6|{E}22626.1.2",
            box + "3.1.0": "2|312",
            box + "3.2.0": "2|455",
            box + "3.5.0": "2|1",
            box + "3.6.0": "2|0",
            box + "4.1.0": "2|100",
            box + "4.2.0": "2|300",
        }
    )
    assert values(device) == {
        ("temperature", "temperature"): 31_200,
        ("humidity", "relative humidity"): 45_500,
    }
    assert states(device) == {"temperature alarm": ("high", "crit"), "humidity alarm": ("none", "ok")}
    (hot,) = (sensor for sensor in device.sensors if sensor.kind == "temperature")
    assert (hot.warn_low, hot.warn_high) == (10_000, 30_000)


def test_outlets_of_a_pdu_whose_product_has_a_tree_of_its_own_are_read_in_their_units(seen):
    tree = E + "28507.64."
    device = seen(
        {
            SYS + "1.0": "4|Expert Power Control 8316",
            SYS + "2.0": f"6|{E}28507.64",
            tree + "1.3.1.2.1.2.1": "4|nas",
            tree + "1.3.1.2.1.3.1": "2|0",
            tree + "1.5.1.2.1.2.1": "2|1",
            tree + "1.5.1.2.1.5.1": "66|1534",
            tree + "1.5.1.2.1.6.1": "66|229",
            tree + "1.5.1.2.1.7.1": "66|4998",
            tree + "1.6.1.1.2.1": "2|236",
            tree + "1.6.1.1.2.2": "2|-9999",
        }
    )
    assert states(device) == {"outlet 1 nas": ("off", "ok")}
    assert sorted((kind, value) for (kind, _), value in values(device).items()) == [
        ("current", 1_534),
        ("frequency", 49_980),
        ("temperature", 23_600),
        ("voltage", 229_000),
    ]


def test_disks_of_an_areca_controller_without_a_battery_are_told_without_one(seen):
    box = E + "18928.1."
    device = seen(
        {
            SYS + "1.0": "4|ARC-1880",
            SYS + "2.0": f"6|{E}18928.1",
            box + "1.2.14.1.2.1": "2|35",
            box + "1.2.14.1.2.2": "2|-128",
            box + "2.2.1.8.1.2.1": "4|12V",
            box + "2.2.1.8.1.2.2": "4|Battery Status",
            box + "2.2.1.8.1.3.1": "2|12160",
            box + "2.2.1.8.1.3.2": "2|255",
        }
    )
    assert values(device) == {("temperature", "disk 1"): 35_000, ("voltage", "12V"): 12_160}


def test_a_lenovo_switch_tells_its_parts_with_its_own_limits(seen):
    box = E + "19046.2.3.11.1."
    device = seen(
        {
            SYS + "1.0": "4|Lenovo ThinkSystem NE2572 RackSwitch, Lenovo CNOS, Version 10.10.3.0",
            SYS + "2.0": f"6|{E}19046.1.7.41",
            box + "1.1.4.11": "4|PS1",
            box + "1.1.4.12": "4|PS2",
            box + "1.1.5.11": "2|1",
            box + "1.1.5.12": "2|0",
            box + "2.1.4.21": "4|Fan1",
            box + "2.1.4.22": "4|Fan2",
            box + "2.1.5.21": "2|2",
            box + "2.1.5.22": "2|1",
            box + "2.1.8.21": "2|4200",
            box + "2.1.8.22": "2|0",
            box + "3.1.4.31": "4|ASIC",
            box + "3.1.5.31": "2|0",
            box + "3.1.6.31": "2|52",
            box + "4.1.0": "2|85",
            box + "4.2.0": "2|95",
        }
    )
    assert (device.identity.vendor, device.identity.version) == ("Lenovo", "10.10.3.0")
    assert states(device) == {
        "power supply PS1": ("on", "ok"),
        "power supply PS2": ("off", "crit"),
        "fan Fan1": ("fault", "crit"),
        "fan Fan2": ("absent", "ok"),
        "sensor ASIC": ("ok", "ok"),
    }
    assert values(device) == {("fanspeed", "Fan1"): 4_200_000, ("temperature", "ASIC"): 52_000}
    (hot,) = (sensor for sensor in device.sensors if sensor.kind == "temperature")
    assert (hot.warn_high, hot.crit_high) == (85_000, 95_000)


@pytest.mark.parametrize("series", ["16", "26"])
def test_a_console_of_either_series_whose_second_supply_is_off_says_so(seen, series):
    box = f"{E}10418.{series}.2.1."
    device = seen(
        {
            SYS + "1.0": "4|Avocent ACS8048",
            SYS + "2.0": f"6|{E}10418.{series}.1.1",
            box + "2.0": "4|ACS8048",
            box + "4.0": "4|0520012345",
            box + "7.0": "4|2.28.4",
            box + "8.2.0": "2|1",
            box + "8.3.0": "2|2",
        }
    )
    told = device.identity
    assert (told.hardware, told.serial, told.version) == ("ACS8048", "0520012345", "2.28.4")
    assert states(device) == {
        "power supply 1": ("statePowerOn", "ok"),
        "power supply 2": ("statePowerOff", "crit"),
    }


def test_a_contact_is_judged_by_the_state_that_is_normal_for_it(seen):
    box = E + "3711.24.1.1.1."
    device = seen(
        {
            SYS + "1.0": "4|Hawk-i2",
            SYS + "2.0": f"6|{E}3711.24.1",
            box + "2.2.1.3.1": "4|rack",
            box + "2.2.1.6.1": "2|2",
            box + "2.2.1.7.1": "2|243",
            box + "2.3.1.1.3.1": "2|350",
            box + "3.1.1.3.5": "4|door",
            box + "3.1.1.3.6": "4|water",
            box + "3.1.1.6.5": "2|2",
            box + "3.1.1.6.6": "2|1",
            box + "3.1.1.7.5": "2|1",
            box + "3.1.1.7.6": "2|1",
        }
    )
    assert values(device) == {("temperature", "rack"): 24_300}
    assert [sensor.crit_high for sensor in device.sensors if sensor.kind == "temperature"] == [35_000]
    assert states(device) == {"contact door": ("open", "crit"), "contact water": ("open", "ok")}


def test_a_cabinets_ups_on_its_battery_and_its_air_conditioners_water_are_told(seen):
    ups, air = E + "13400.3.4.491.1.1.", E + "13400.3.3.3031.1.1."
    device = seen(
        {
            SYS + "1.0": "4|RDU-A",
            SYS + "2.0": f"6|{E}13400.3",
            ups + "75.1": "2|2",
            ups + "76.1": "2|1",
            ups + "77.1": "2|3",
            ups + "78.1": "2|9999",
            ups + "106.1": "2|1",
            ups + "109.1": "2|1",
            ups + "114.1": "2|0",
            air + "21.1": "2|1",
            air + "22.1": "2|1",
            air + "17.1": "2|9999",
            air + "46.1": "2|0",
        }
    )
    assert states(device) == {
        "UPS power supply 1": ("onbat", "crit"),
        "UPS input 1": ("onbat", "crit"),
        "UPS battery 1": ("discharging", "warn"),
        "UPS battery aged 1": ("alarm", "warn"),
        "UPS fan failure 1": ("alarm", "crit"),
        "UPS redundancy lost 1": ("normal", "ok"),
        "air conditioner high water level 1": ("alarm", "crit"),
        "air conditioner filter service 1": ("alarm", "warn"),
        "air conditioner compressor drive protection U04 1": ("normal", "ok"),
    }


def test_an_ita2_says_what_feeds_it_and_how_long_it_can(seen):
    card = E + "13400.2.54.2."
    device = seen(
        {
            SYS + "1.0": "4|LwIP SNMP Application",
            SYS + "2.0": f"6|{E}13400.2.54",
            card + "1.1.0": "2|2",
            card + "1.2.0": "2|2",
            card + "3.8.0": "2|141",
            card + "3.17.0": "2|92",
            card + "5.7.0": "2|347",
            card + "5.8.0": "2|65535",
            card + "5.9.0": "2|251",
        }
    )
    assert states(device) == {
        "system status": ("critical", "crit"),
        "output source": ("on battery", "crit"),
    }
    assert values(device) == {
        ("power", "output A"): 1_410_000,
        ("power_factor", "output A"): 920,
        ("runtime", "run time remaining"): 34_700,
        ("temperature", "battery surroundings"): 25_100,
    }
