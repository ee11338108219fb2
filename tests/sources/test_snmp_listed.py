"""Objects compared with listings of their modules, walked over UDP: written by hand, one fault in each.

No device of these makers was at hand; the lines hold what the modules' columns and codes allow.
"""

import pytest
from snmp_written import E, read, states, values

from checks.snmp import EVERYTHING, Part

NAME = "1.3.6.1.2.1.47.1.1.1.1.7."


@pytest.mark.parametrize("release", [800, 801])
def test_parts_of_an_omniswitch_tell_their_own_state(release):
    part = f"{E}6486.{release}.1.1.1.1.1.1.1.2."
    device = read(
        f"6486.{release}.1.1.2.1.7.1.1",
        "6.7.2.191.R04 GA",
        {part + "1": "2|1", part + "65": "2|2", NAME + "1": "4|Chassis-1", NAME + "65": "4|PS-1"},
    )
    assert states(device) == {"Chassis-1": "ok", "PS-1": "crit"}


def test_an_ilom_that_knows_nothing_unknown_has_no_alarm_for_that():
    alarm, unknown = E + "42.2.70.101.1.1.2.1.3.", E + "42.2.70.101.1.1.2.1.4."
    device = read(
        "42.2.200.2.1.1",
        "ORACLE SERVER X5-2, ILOM v4.0.4",
        {
            **{NAME + "1": "4|/SYS", NAME + "2": "4|/SYS/FM0", NAME + "3": "4|/SYS/PS1"},
            **{alarm + "1": "2|7", alarm + "2": "2|2", alarm + "3": "2|3"},
            # sunPlatEquipmentUnknownStatus, a truth value.
            **{unknown + "1": "2|2", unknown + "2": "2|2", unknown + "3": "2|1"},
        },
    )
    assert states(device) == {"/SYS: alarm": "ok", "/SYS/FM0: alarm": "crit", "/SYS/PS1: alarm": "crit"}


RING, ROLE, PORT = (E + "9.9.500.1." + table for table in ("1.3.0", "2.1.1.3.", "2.2.1.1."))


@pytest.mark.parametrize(
    ("ring", "members", "ports", "severity"),
    [(1, 2, 4, "ok"), (2, 2, 4, "crit"), (2, 3, 6, "crit"), (2, 2, 0, None), (2, 1, 2, None)],
)
def test_a_stack_without_its_ring_is_bad_and_a_virtual_one_has_none(ring, members, ports, severity):
    lines = {RING: f"2|{ring}"}
    lines |= {f"{ROLE}{number}000": "2|1" for number in range(1, members + 1)}
    lines |= {f"{PORT}{number}": "2|1" for number in range(1, ports + 1)}
    device = read("9.1.1208", "Cisco IOS Software, C2960X", lines)
    assert states(device).get("stack ring redundant") == severity


def test_a_modem_of_a_router_that_is_offline_says_so():
    device = read(
        "9.1.1000",
        "Cisco IOS Software, C880 Software",
        {E + "9.9.661.1.3.1.1.6.11": "2|2", E + "9.9.661.1.3.5.1.1.2.1": "2|7", NAME + "11": "4|Cellular0"},
    )
    assert states(device) == {"modem Cellular0": "crit", "SIM 1": "crit"}


def test_a_supply_of_junos_that_is_only_present_is_no_supply():
    fru = E + "2636.3.1.15.1."
    device = read(
        "2636.1.1.1.2.63",
        "Juniper Networks, Inc. ex4300-48t, kernel JUNOS 18.4R2.7",
        {
            fru + "5.2.1.1.0": "4|PSU 0",
            fru + "8.2.1.1.0": "2|6",
            fru + "5.2.2.1.0": "4|PSU 1",
            fru + "8.2.2.1.0": "2|3",
        },
    )
    assert states(device) == {"PSU 0": "ok", "PSU 1": "warn"}


def test_coherent_optics_of_junos_are_read_in_their_units():
    optic, name = E + "2636.3.71.1.2.1.1.", "1.3.6.1.2.1.31.1.1.1.1.500"
    device = read(
        "2636.1.1.1.2.29",
        "Juniper Networks, Inc. mx480, kernel JUNOS 18.4R2.7",
        {optic + "5.500": "2|158", optic + "7.500": "2|-102", optic + "8.500": "2|-955", name: "4|et-1/0/0"},
    )
    assert values(device) == {
        ("quality_factor", "et-1/0/0 Q"): 15_800,
        ("dbm", "et-1/0/0 tx"): -1_020,
        ("dbm", "et-1/0/0 rx"): -9_550,
    }


def test_a_firewall_whose_peer_is_suspended_has_nobody_to_take_over():
    ha = E + "25461.2.1.2.1."
    device = read(
        "25461.2.3.38",
        "Palo Alto Networks PA-800 series firewall",
        {ha + "11.0": "4|active", ha + "12.0": "4|suspended", ha + "13.0": "4|active-passive"},
    )
    assert [sensor.severity for sensor in device.sensors if sensor.state == "suspended"] == ["crit"]


def test_an_outlet_of_a_raritan_pdu_is_told_once_with_the_column_of_values():
    table = E + "13742.6.5.4.3.1."
    device = read(
        "13742.6",
        "PX3",
        {
            table + "3.1.1.14": "2|7",
            table + "3.1.2.14": "2|8",
            table + "4.1.1.14": "66|0",
            table + "4.1.2.14": "66|1",
        },
    )
    told = {sensor.oid: (sensor.state, sensor.severity) for sensor in device.sensors}
    assert told == {table + "4.1.1.14": ("on", "ok"), table + "4.1.2.14": ("off", "warn")}


@pytest.mark.parametrize("branch", ["5528.100", "52674.500"])
def test_smoke_that_a_netbotz_sees_is_a_fire(branch):
    smoke = f"{E}{branch}.4.2.12.1."
    device = read(branch, "NetBotz", {smoke + "2.1": "2|1", smoke + "3.1": "2|4", smoke + "4.1": "4|Smoke"})
    assert states(device) == {"Smoke": "crit", "Smoke: smoke": "crit"}


def test_a_hirschmann_supply_is_missed_unless_its_owner_ignores_it():
    base = E + "248.14.1."
    device = read(
        "248.14.10.1",
        "Hirschmann Railswitch",
        {
            **{base + "2.1.3.1.1": "2|1", base + "2.1.3.1.2": "2|3", base + "2.1.3.1.3": "2|5"},
            **{base + "1.35.1.1.0": "2|2", base + "1.35.1.4.0": "2|4"},
        },
    )
    assert states(device) == {
        "power supply 1.1": "ok",
        "power supply 1.2": "warn",
        "power supply 1.3": "ok",
        "lamp of power": "ok",
        "lamp of faults": "crit",
    }


def test_hios_is_read_by_its_own_modules():
    base = E + "248.11."
    device = read(
        "248.11.2.1.22",
        "Hirschmann GREYHOUND",
        {
            base + "10.1.1.2.0": "4|GRS1042-AT2ZSHH00Z9HHSE2A99",
            base + "10.1.1.3.0": "4|942000000000000000",
            base + "10.1.3.1.10.1.5.1.1.1": "4|HiOS-2A-07.1.00 2018-10-29 13:23",
            base + "10.1.5.1.0": "2|41",
            base + "11.1.1.1.1.2.1": "2|1",
            base + "11.1.1.1.1.2.2": "2|2",
            base + "10.1.7.2.1.6.9": "4|-31.5",
            base + "10.1.7.2.1.7.9": "2|3",
            base + "22.1.8.10.1.0": "2|17",
            "1.3.6.1.2.1.31.1.1.1.1.9": "4|1/9",
        },
    )
    assert (device.identity.hardware, device.identity.version) == ("GRS1042-AT2ZSHH00Z9HHSE2A99", "07.1.00")
    assert states(device) == {"power supply 1": "ok", "power supply 2": "crit", "1/9 rx": "crit"}
    assert values(device) == {("temperature", "device"): 41_000, ("dbm", "1/9 rx"): -31_500}
    assert [cpu.load for cpu in device.processors] == [1_700]


CENTEC = {
    "1.9.2.0": "2|94",
    "37.1.1.1.1.4.1.1.1": "2|1",
    "37.1.1.1.1.4.1.1.2": "2|2",
    "37.1.2.1.7.1": "2|1",
    "37.1.2.1.7.2": "2|2",
}


@pytest.mark.parametrize(("number", "vendor"), [("52642.1", "FS"), ("27975", "Centec")])
def test_fans_and_supplies_of_centecs_software_are_read(number, vendor):
    lines = {f"{E}{number}.{oid}": value for oid, value in CENTEC.items()}
    device = read(f"{number}.99.5802", "FSOS software, S5850", lines)
    assert device.identity.vendor == vendor
    assert states(device) == {
        "fan 1.1.1": "ok",
        "fan 1.1.2": "crit",
        "power supply 1": "ok",
        "power supply 2": "crit",
    }


@pytest.mark.parametrize("parts", [(Part.SENSORS,), (Part.PROCESSORS,), EVERYTHING])
def test_a_device_keeps_its_family_whatever_part_of_it_is_looked_at(parts):
    # The switch has none of its family's sensors; that says nothing while its memory was not asked for.
    memory = E + "52642.1.1.10.2.35.1.1.1."
    device = read(
        "52642.1.1.10.1.514",
        "FS Data Center Switch(N8560-48BC) By FS.COM Inc",
        {
            memory + "2.1": "4|pool",
            memory + "3.1": "66|38",
            memory + "4.1": "66|60",
            memory + "6.1": "66|1024",
        },
        parts,
    )
    assert device.identity.os == "fs-dc"


@pytest.mark.parametrize(
    ("object_id", "description", "lines", "told"),
    [
        (
            "14525.3.3.4",
            "Juniper Networks WLC800R 7.7.1.4",
            {
                "14525.4.8.1.1.11.2.0": "66|12",
                "14525.4.8.1.1.13.1.2.1.2.1.3": "2|3",
                "14525.4.8.1.1.13.1.2.1.3.1.3": "4|PS 1",
            },
            {"PS 1": "crit"},
        ),
        (
            "11.10.2.1.3.20",
            "HP MSL tape library",
            {
                "11.2.36.1.1.2.3.0": "2|4",
                "11.2.36.1.1.5.1.1.8.1": "4|MSL2024",
                "11.2.36.1.1.5.1.1.10.1": "4|DEC000001",
            },
            {"health": "warn"},
        ),
        (
            "3052.12",
            "SiteBoss 530 2.03.890",
            {
                **{"3052.12.1.1.1.1.4.200.2.1": "4|Door", "3052.12.1.1.1.1.5.200.2.1": "2|1"},
                **{"3052.12.1.1.1.1.4.200.2.2": "4|unnamed", "3052.12.1.1.1.1.5.200.2.2": "2|1"},
                **{"3052.12.1.1.1.1.4.200.1.1": "4|Room", "3052.12.1.1.1.1.7.200.1.1": "4|77.0 F"},
            },
            {"Door": "crit"},
        ),
        (
            "21839.1.2.7",
            "ALAXALA AX3630S AX-3630-24T2X-A [AX3630S-24T2X] Switching software Ver. 10.7",
            {
                "21839.2.2.7.2.1.4.1.3.1": "2|2",
                "21839.2.2.7.2.1.4.1.3.2": "2|4",
                "21839.2.2.7.2.1.5.1.2.1": "2|5",
            },
            {"power supply 1": "ok", "power supply 2": "crit", "fan 1": "crit"},
        ),
    ],
)
def test_a_fault_of_a_maker_that_was_never_met_is_found_by_its_module(object_id, description, lines, told):
    device = read(object_id, description, {E + oid: value for oid, value in lines.items()})
    assert device.identity.vendor
    assert states(device) == told


def test_temperatures_of_a_site_controller_are_celsius_whatever_it_shows():
    point = E + "3052.17.1.1.1.1."
    device = read(
        "3052.17",
        "SiteBoss 550 2.10",
        {
            point + "4.200.1.1": "4|A",
            point + "7.200.1.1": "4|77.0 F",
            point + "4.200.1.2": "4|B",
            point + "7.200.1.2": "4|21.5 C",
            point + "4.200.1.3": "4|C",
            point + "7.200.1.3": "4|70",
        },
    )
    assert values(device) == {("temperature", "A"): 25_000, ("temperature", "B"): 21_500}


def test_a_netonix_and_a_janitza_are_read_in_their_units():
    switch = read(
        "46242.1",
        "Netonix WS-8-250-DC",
        {
            E + "46242.1.0": "4|1.5.8",
            E + "46242.4.1.2.1": "4|VDD",
            E + "46242.4.1.3.1": "2|2412",
            E + "46242.6.0": "2|253",
        },
    )
    assert (switch.identity.version, switch.identity.hardware) == ("1.5.8", "WS-8-250-DC")
    assert values(switch) == {("voltage", "VDD"): 24_120, ("power", "total"): 25_300}
    meter = read(
        "34278",
        "UMG 604",
        {
            E + "34278.1.1.0": "2|2301",
            E + "34278.1.2.0": "2|3",
            E + "34278.1.8.0": "2|812",
            E + "34278.8.1.0": "2|5001",
        },
    )
    assert values(meter) == {
        ("voltage", "L1"): 230_100,
        ("current", "L1"): 812,
        ("frequency", "mains"): 50_010,
    }


@pytest.mark.parametrize(
    ("object_id", "description", "lines", "told"),
    [
        (
            "12740.17.1",
            "Dell EqualLogic",
            {
                **{
                    "12740.2.1.5.1.1.1.7": "2|2",
                    "12740.2.1.6.1.2.1.7.1": "4|CPU",
                    "12740.2.1.6.1.4.1.7.1": "2|3",
                },
                **{
                    "12740.2.1.8.1.2.1.7.1": "4|PS 0",
                    "12740.2.1.8.1.3.1.7.1": "2|2",
                    "12740.3.1.1.1.8.1.7.4": "2|3",
                },
            },
            {"health of member 1.7": "warn", "CPU": "crit", "PS 0": "warn", "disk 1.7.4": "crit"},
        ),
        (
            "1872.1.13.4",
            "Alteon Application Switch 5224",
            {"1872.2.5.4.3.1.1.7.1": "2|2", "1872.2.5.4.3.1.1.7.2": "2|3", "1872.2.5.1.3.1.4.0": "2|2"},
            {"real server 1": "ok", "real server 2": "crit", "fans": "crit"},
        ),
        (
            "3807.1.8012",
            "S4800 FiberHome (R) Software, Version VR220",
            {
                "3807.1.8012.1.4.1.1.7.1": "2|1",
                "3807.1.8012.1.4.1.1.12.1": "4|Cpu-1",
                "3807.1.8012.1.2.1.1.3.1": "2|2",
            },
            {"Cpu-1": "crit", "power supply 1": "crit"},
        ),
        (
            "22610.1.3.14",
            "TH3030S, ACOS 4.1.4",
            {
                "22610.2.4.1.5.11.1.2.1": "2|0",
                "22610.2.4.1.5.11.1.3.1": "4|3.3V",
                "22610.2.4.1.5.9.1.3.1": "2|4",
            },
            {"3.3V": "crit", "1": "ok"},
        ),
        (
            "3902.1082.1001.320.2.1",
            "C320 Version V2.1.0",
            {"3902.1082.10.10.2.3.11.1.3.1.1.3": "2|2", "3902.1082.10.10.2.3.11.1.3.1.1.4": "2|4"},
            {"DC input 1.1.3": "warn", "DC input 1.1.4": "crit"},
        ),
        (
            "1991.1.3.57.2.1.1.1",
            "Ruckus Wireless, Inc. Stacking System ICX7150-48P, IronWare Version 08.0.80",
            {
                **{
                    "1991.1.1.3.31.1.1.0": "2|1",
                    "1991.1.1.3.31.2.2.1.5.1": "2|1",
                    "1991.1.1.3.31.2.2.1.5.2": "2|3",
                },
                **{"1991.1.1.3.31.2.2.1.7.1": "2|193", "1991.1.1.3.31.2.2.1.8.1": "2|3"},
                **{"1991.1.1.3.31.2.2.1.9.1": "2|0", "1991.1.1.3.31.2.2.1.10.1": "2|3"},
            },
            {"stack unit 1": "ok", "stack unit 2": "crit", "stack port 1 of unit 1": "crit"},
        ),
    ],
)
def test_a_fault_of_a_family_of_which_only_other_tables_were_recorded(object_id, description, lines, told):
    device = read(object_id, description, {E + oid: value for oid, value in lines.items()})
    assert states(device) == told


def test_a_switch_that_is_not_stacked_has_no_unit_that_is_missed():
    unit = E + "1991.1.1.3.31."
    device = read("1991.1.3.57.2.1.1.1", "Ruckus ICX7150", {unit + "1.1.0": "2|2", unit + "2.2.1.5.2": "2|4"})
    assert states(device) == {}


def test_optics_whose_texts_begin_with_the_number_are_read():
    optic, name = E + "1991.1.1.3.3.6.1.", "1.3.6.1.2.1.31.1.1.1.1.65"
    device = read(
        "1991.1.3.57.2.1.1.1",
        "Ruckus ICX7150",
        {optic + "1.65": "4|  31.4804 C: Normal", optic + "3.65": "4| -02.5690 dBm: Normal", name: "4|1/2/1"},
    )
    assert values(device) == {("temperature", "1/2/1"): 31_480, ("dbm", "1/2/1 rx"): -2_569}


def test_the_state_of_a_whole_array_is_told_once():
    row = "1.3.6.1.3.94.1.8.1."
    device = read(
        "674.10893.2.102",
        "DellEMC ME4024",
        {
            **{
                row + "3.80.1": '4|"Overall Unit Status"',
                row + "4.80.1": "2|5",
                row + "6.80.1": '4|"Overall Unit Status: Error"',
            },
            **{
                row + "3.80.2": '4|"Power Supply 1"',
                row + "4.80.2": "2|3",
                row + "6.80.2": '4|"Power Supply 1: OK"',
            },
        },
    )
    told = [(sensor.oid, sensor.severity) for sensor in device.sensors]
    assert sorted(told) == [(row + "4.80.2", "ok"), (row + "6.80.1", "crit")]


def test_a_galaxy_on_its_battery_is_as_bad_as_an_eaton_on_its():
    ups = E + "705.1."
    lines = {
        ups + "6.4.0": "2|2",
        ups + "7.3.0": "2|1",
        ups + "7.4.0": "2|1",
        ups + "7.7.0": "2|2",
        ups + "7.10.0": "2|2",
    }
    told = states(read("705.1", "Galaxy 7000", lines))
    assert (told["on battery"], told["on bypass"], told["utility off"]) == ("crit", "warn", "ok")
    assert told["overload"] == "ok"


@pytest.mark.parametrize(
    ("object_id", "description", "lines", "told"),
    [
        (
            "2011.2.321.12",
            "Huawei Versatile Routing Platform Software VRP (R) software (USG6600E V600R007)",
            {E + "2011.6.122.15.1.2.1.3.0": "70|812", E + "2011.6.122.15.1.2.1.4.0": "70|48211"},
            {"sessions": 48_211_000, "new sessions a second": 812_000},
        ),
        (
            "25506.1.1500",
            "H3C Comware Platform Software, SecPath F1000",
            {E + "25506.2.149.1.1.1.4.0.1.0": "66|9000", E + "25506.2.149.1.1.1.5.0.1.0": "66|70"},
            {"sessions 0.1.0": 9_000_000, "new sessions a second 0.1.0": 70_000},
        ),
    ],
)
def test_a_firewall_tells_its_sessions(object_id, description, lines, told):
    device = read(object_id, description, lines)
    assert {name: value for (kind, name), value in values(device).items() if kind == "count"} == told


def test_smoke_and_a_limit_of_a_didactum_box_are_told():
    box = E + "46501."
    device = read(
        "46501.1",
        "Didactum Monitoring System 500",
        {
            **{box + "5.1.1.5.101001": "4|smoke rack 1", box + "5.1.1.6.101001": "4|alarm"},
            **{box + "6.2.1.4.201007": "4|temperature", box + "6.2.1.5.201007": "4|aisle"},
            **{box + "6.2.1.6.201007": "4|high warning", box + "6.2.1.7.201007": "4|31.5"},
            **{box + "6.2.1.12.201007": "4|30.0", box + "6.2.1.13.201007": "4|35.0"},
        },
    )
    assert states(device) == {"smoke rack 1": "crit", "aisle": "warn"}
    assert values(device) == {("temperature", "aisle"): 31_500}
    (aisle,) = (sensor for sensor in device.sensors if sensor.kind == "temperature")
    assert (aisle.warn_high, aisle.crit_high) == (30_000, 35_000)
