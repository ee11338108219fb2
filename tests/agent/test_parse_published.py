"""Forms of our own, on outputs made after what people and makers published: no recording is at hand."""

import pytest

from agent.parsing.errors import ParseError
from agent.parsing.parse import parse

DIAGNOSIS = """Ten-GigabitEthernet1/0/51 transceiver diagnostic information:
  Current diagnostic parameters:
    Temp.(C) Voltage(V)  Bias(mA)  RX power(dBm)  TX power(dBm)
    42         3.41        6.42      -2.55          -2.71
  Alarm thresholds:
          Temp.(C) Voltage(V)  Bias(mA)  RX power(dBm)  TX power(dBm)
    High  80         3.60        15.00     0.00           0.00
    Low   -15        3.00        0.00      -10.90         -8.30
GigabitEthernet1/0/2 transceiver diagnostic information:
The transceiver is absent.
"""
H3C_VRRP = """IPv4 virtual router information:
 Running mode : Standard
 Total number of virtual routers : 2
 Interface          VRID  State       Running Adver     Auth     Virtual
                                      pri     timer(cs) type     IP
 ---------------------------------------------------------------------
 Vlan10             10    Master      105     100       None     192.0.2.254
 Vlan20             20    Backup      100     100       None     198.51.100.254
"""
H3C_VRRP_VERBOSE = """IPv4 Virtual Router Information:
 Running mode : Standard
 Total number of virtual routers : 2
   Interface Vlan-interface10
     VRID             : 2                   Adver Timer  : 100
     Admin Status     : Up                  State        : Backup
     Config Pri       : 100                 Running Pri  : 100
     Preempt Mode     : Yes                 Delay Time   : 0
     Become Master    : 0ms left
     Auth Type        : Not supported
     Version          : 3
     Virtual IP       : 192.0.2.254
     Virtual MAC      : 0000-5e00-0102
     Master IP        : 192.0.2.252

   Interface Vlan-interface20
     VRID             : 3                   Adver Timer  : 100
     Admin Status     : Up                  State        : Master
     Config Pri       : 200                 Running Pri  : 200
     Preempt Mode     : Yes                 Delay Time   : 0
     Auth Type        : Simple              Key          : ******
     Virtual IP       : 198.51.100.254
     Virtual MAC      : 0000-5e00-0103
     Master IP        : 198.51.100.252

   VRRP Track Information:
     Track Object   : 1             State : Positive          Pri Reduced : 30
"""
STARTUP = """MainBoard:
 Current startup saved-configuration file: flash:/startup.cfg
 Next main startup saved-configuration file: flash:/startup.cfg
 Next backup startup saved-configuration file: NULL
Slot 2:
 Current startup saved-configuration file: flash:/startup.cfg
 Next main startup saved-configuration file: flash:/new.cfg
 Next backup startup saved-configuration file: NULL
"""
H3C_LOG = """Log buffer: Enabled
Max buffer size: 1024
Actual buffer size: 512
Dropped messages: 0
Overwritten messages: 718
Current messages: 2

%Jun 17 15:57:09:578 2016 Core SYSLOG/7/SYS_RESTART:System restarted --
H3C Comware Software.
%Jun 17 16:01:12:103 2016 Core IFNET/3/PHY_UPDOWN: Physical state on the interface GE1/0/3 changed to down.
"""
VRP_LOG = """Logging buffer configuration and contents : enabled
Allowed max buffer size : 10240
Actual buffer size : 512
Channel number : 4 , Channel name : logbuffer
Dropped messages : 3
Overwritten messages : 0
Current messages : 2

Sep 17 2026 14:14:28+08:00 SW-1 %%01MSTP/4/PORT_STATE_DISCARDING(s):CID=0x80fa;MSTP set port
state as discarding.
Sep 17 2026 14:15:02+08:00 SW-1 %%01MAC/4/MAC_MOVE(l)[3]:MAC move detected on GE2/0/4
"""
VRP_VRRP_NE = """  GigabitEthernet0/1/0.1 | Virtual Router 1
    State          : Master
    Virtual IP     : 192.0.2.11
    Master IP      : 192.0.2.2
    Local IP       : 192.0.2.2
    PriorityRun    : 200
    PriorityConfig : 200
    MasterPriority : 200
    Preempt        : YES   Delay Time : 0 s
    Hold Multiplier: 4
    TimerRun       : 1 s
    TimerConfig    : 1 s
    Auth type      : NONE
    Virtual MAC    : 0000-5e00-0101
    Check TTL      : YES
    Config type    : normal-vrrp
    Backup-forward : disabled
    Config track link-bfd down-number : 0
    Track BFD          : 1
    type               : peer
    BFD-session state  : DOWN
    Create time        : 2011-11-23 10:55:13
    Last change time   : 2011-11-23 14:45:05
"""
VRP_VRRP_S = """Vlanif10 | Virtual Router 10
State          : Master
Virtual IP     : 192.0.2.254
Master IP      : 192.0.2.253
PriorityRun    : 120
PriorityConfig : 120
MasterPriority : 120
Preempt        : YES   Delay Time : 0s   Remain : --
Hold Multiplier: 3
TimerRun       : 1s
TimerConfig    : 1s
Auth Type      : NONE
Virtual MAC    : 0000-5e00-010a
Check TTL      : YES
Config Type    : Normal
Create Time       : 2026-03-19 15:09:14
Last Change Time  : 2026-03-19 15:16:52

Vlanif20 | Virtual Router 20
State          : Backup
Virtual IP     : FE80::1
                 2001:DB8::100
Master IP      : 2001:DB8::2
PriorityRun    : 100
PriorityConfig : 100
MasterPriority : 120
Preempt        : NO
Virtual MAC    : 0000-5e00-0114
Check hop limit : YES
Create Time       : 2026-03-19 15:09:14
Last Change Time  : 2026-03-19 15:26:46
"""
VRP_VRRP_BRIEF = """Total:2     Master:1     Backup:1     Non-active:0
VRID  State        Interface                Type     Virtual IP
----------------------------------------------------------------
1     Master       Vlanif10                 Normal   192.0.2.254
2     Backup       Vlanif20                 Normal   198.51.100.254
----------------------------------------------------------------
"""
VRP_TEMPERATURE = """-------------------------------------------------------------------------------
 Slot  Card  Sensor Status    Current(C) Lower(C) Lower     Upper(C) Upper
                                                  Resume(C)          Resume(C)
-------------------------------------------------------------------------------
 0     NA    NA     Normal            28       -3         1       53        49
"""
VRP_FAN = """Slot  FanID   Online    Status    Speed     Mode     Airflow         Auto Min-Speed
0         1   Present   Normal      30%     Auto     Side-to-Side                0%
"""
VRP_LLDP = """Local Intf       Neighbor Dev             Neighbor Intf             Exptime(s)
GE0/0/1          -                        d843-ae33-d748            2759
XGE0/0/1         01.68_Stuff-Core         10GE1/0/31                99
"""
VRP_ALARM = """1:Critical  2:Major  3:Minor  4:Warning
Sequence   AlarmId    Level Date Time  Description
27826077   0x9E02000  4     2026-09-17 Security Operation Center detected one at
                             14:05:05+ tack. (EventNo=66310,Reason=access attack,
                             08:00      Location=GigabitEthernet2/0/4)
"""
VRP_DEVICE = """ME60-X8's Device status:
Slot #    Type       Online    Register      Status      Role   LsId   Primary
- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -
1         LPU        Present   Registered    Abnormal    LC     0      NA
9         MPU        Present   Registered    Normal      MMB    0      Master
"""
H3C_LOAD = """Slot CPU        Last 5 sec        Last 1 min        Last 5 min
1    0          12%               18%               15%
"""
RUIJIE_USERS = """      Line               User         Host(s)            Idle                 Location
    0 con 0                            idle            00:00:16
  * 1 vty 0             admin          idle            00:00:00               192.0.2.2
"""
RUIJIE_PORTS = """Interface                                Status    Vlan   Duplex   Speed     Type
---------------------------------------- --------  ----   -------  --------- ------
GigabitEthernet 0/1                      up        1      Full     1000M     copper
TenGigabitEthernet 0/49                  down      routed Unknown  Unknown   fiber
"""
READ = [
    (
        "ruijie",
        "show users",
        RUIJIE_USERS,
        [
            {"active": "", "line": "con 0", "username": "", "idle": "00:00:16", "location": ""},
            {"active": "*", "line": "vty 0", "username": "admin", "location": "192.0.2.2"},
        ],
    ),
    (
        "ruijie",
        "show interface status",
        RUIJIE_PORTS,
        [
            {"interface": "GigabitEthernet 0/1", "status": "up", "vlan": "1", "speed": "1000M"},
            {"interface": "TenGigabitEthernet 0/49", "status": "down", "vlan": "routed", "type": "fiber"},
        ],
    ),
    (
        "huawei",
        "display temperature all",
        VRP_TEMPERATURE,
        [{"slot": "0", "temperature": "28", "status": "Normal", "lower_limit": "-3", "upper_limit": "53"}],
    ),
    ("huawei", "display fan", VRP_FAN, [{"slot_id": "0", "fan_id": "1", "status": "Normal"}]),
    (
        "huawei",
        "display lldp neighbor brief",
        VRP_LLDP,
        [
            {"local_interface": "GE0/0/1", "neighbor_name": "-", "neighbor_interface": "d843-ae33-d748"},
            {"neighbor_name": "01.68_Stuff-Core", "neighbor_interface": "10GE1/0/31", "expiry": "99"},
        ],
    ),
    (
        "huawei",
        "display alarm active",
        VRP_ALARM,
        [{"sequence": "27826077", "level": "4", "time": ["2026-09-17", "14:05:05+", "08:00"]}],
    ),
    (
        "huawei",
        "display device",
        VRP_DEVICE,
        [
            {"slot": "1", "pid": "LPU", "alarm_status": "Abnormal", "ha_status": "NA"},
            {"slot": "9", "pid": "MPU", "alarm_status": "Normal", "ha_status": "Master"},
        ],
    ),
    ("h3c", "display cpu-usage summary", H3C_LOAD, [{"slot": "1", "cpu_5_min": "15"}]),
    (
        "h3c",
        "display transceiver diagnosis interface",
        DIAGNOSIS,
        [
            {
                "interface": "Ten-GigabitEthernet1/0/51",
                "temperature": ["42"],
                "rx_power": ["-2.55"],
                "tx_power": ["-2.71"],
                "rx_power_high": "0.00",
                "rx_power_low": "-10.90",
                "remark": "",
            },
            {"interface": "GigabitEthernet1/0/2", "rx_power": [], "remark": "The transceiver is absent"},
        ],
    ),
    (
        "h3c",
        "display vrrp",
        H3C_VRRP,
        [
            {"interface": "Vlan10", "vrid": "10", "state": "Master", "priority": "105"},
            {"interface": "Vlan20", "vrid": "20", "state": "Backup", "virtual_ip": "198.51.100.254"},
        ],
    ),
    (
        "h3c",
        "display vrrp verbose",
        H3C_VRRP_VERBOSE,
        [
            {"vrid": "2", "state": "Backup", "priority_run": "100", "virtual_ip": ["192.0.2.254"]},
            {"vrid": "3", "state": "Master", "priority_run": "200", "auth_type": "Simple"},
        ],
    ),
    (
        "h3c",
        "display startup",
        STARTUP,
        [
            {"board": "MainBoard", "next_main_configuration": "flash:/startup.cfg"},
            {"board": "Slot 2", "next_main_configuration": "flash:/new.cfg"},
        ],
    ),
    (
        "h3c",
        "display logbuffer",
        H3C_LOG,
        [
            {"severity": "7", "host": "Core", "message": ["System restarted --", "H3C Comware Software."]},
            {"severity": "3", "module": "IFNET", "mnemonic": "PHY_UPDOWN", "overwritten": "718"},
        ],
    ),
    (
        "huawei",
        "display logbuffer",
        VRP_LOG,
        [
            {"severity": "4", "module": "MSTP", "dropped": "3", "time": "Sep 17 2026 14:14:28+08:00"},
            {"mnemonic": "MAC_MOVE", "message": ["MAC move detected on GE2/0/4"]},
        ],
    ),
    (
        "huawei",
        "display vrrp",
        VRP_VRRP_NE,
        [
            {
                "interface": "GigabitEthernet0/1/0.1",
                "vrid": "1",
                "state": "Master",
                "config_type": "normal-vrrp",
            }
        ],
    ),
    (
        "huawei",
        "display vrrp",
        VRP_VRRP_S,
        [
            {"vrid": "10", "state": "Master", "virtual_ip": ["192.0.2.254"], "preempt": "YES"},
            {"vrid": "20", "state": "Backup", "virtual_ip": ["FE80::1", "2001:DB8::100"], "preempt": "NO"},
        ],
    ),
    (
        "huawei",
        "display vrrp brief",
        VRP_VRRP_BRIEF,
        [
            {"vrid": "1", "state": "Master", "interface": "Vlanif10"},
            {"vrid": "2", "state": "Backup", "virtual_ip": "198.51.100.254"},
        ],
    ),
]


@pytest.mark.parametrize(("platform", "command", "output", "expected"), READ, ids=lambda one: str(one)[:24])
def test_what_was_published_is_read(platform, command, output, expected) -> None:
    rows = parse(platform, command, output)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert {name: row[name] for name in wanted} == wanted


# The message of a log entry may go on over any line.
CLOSED = [
    (platform, command, output) for platform, command, output, _ in READ if command != "display logbuffer"
]


@pytest.mark.parametrize(("platform", "command", "output"), CLOSED, ids=lambda one: str(one)[:24])
def test_a_line_that_is_none_of_the_form_is_told(platform, command, output) -> None:
    with pytest.raises(ParseError) as raised:
        parse(platform, command, output + "Qx7 #@! zzgarbage\n")
    assert raised.value.code == "unparsed"


def test_a_log_of_another_maker_is_not_read() -> None:
    for platform, output in (("huawei", H3C_LOG), ("h3c", VRP_LOG)):
        with pytest.raises(ParseError):
            parse(platform, "display logbuffer", output)
