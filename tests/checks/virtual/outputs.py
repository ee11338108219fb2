"""Outputs of storage programs: our own, in their documented forms; no real array stood behind them."""

import json

MDSTAT = """\
Personalities : [raid1] [raid6] [raid5] [raid4] [raid0]
md0 : active raid1 sdb1[1] sda1[0]
      1046528 blocks super 1.2 [2/2] [UU]

md1 : active raid5 sdd1[3] sdc1[2](F) sdb2[1] sda2[0]
      209584128 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [UU_]
      [=>...................]  recovery =  8.5% (8925184/104792064) finish=7.9min speed=200576K/sec
      bitmap: 1/1 pages [4KB], 65536KB chunk

md2 : active (auto-read-only) raid1 sdf1[1] sde1[0]
      1046528 blocks super 1.2 [2/1] [U_]
      \tresync=DELAYED

md3 : inactive sdg[0](S)
      976630464 blocks super 1.2

md4 : active raid0 sdi[1] sdh[0]
      1953260544 blocks super 1.2 512k chunks

unused devices: <none>
"""

VGS = {
    "report": [
        {
            "vg": [
                {
                    "vg_name": "data",
                    "vg_attr": "wz-pn-",
                    "vg_size": "107369988096",
                    "vg_free": "4194304",
                    "vg_missing_pv_count": "1",
                },
                {
                    "vg_name": "root",
                    "vg_attr": "wz--n-",
                    "vg_size": "53682896896",
                    "vg_free": "0",
                    "vg_missing_pv_count": "0",
                },
            ]
        }
    ]
}


def _lv(group, name, attributes, data="", metadata="", copied="", health=""):
    return {
        "vg_name": group,
        "lv_name": name,
        "lv_attr": attributes,
        "lv_size": "10737418240",
        "data_percent": data,
        "metadata_percent": metadata,
        "copy_percent": copied,
        "lv_health_status": health,
    }


LVS = {
    "report": [
        {
            "lv": [
                _lv("data", "mirror", "rwi-aor-p-", copied="100.00", health="partial"),
                _lv("root", "thin", "twi-aotz--", "85.30", "12.07"),
                _lv("root", "swap", "-wi-ao----"),
            ]
        }
    ]
}

MULTIPATH = """\
mpatha (360000000000000000e00000000010001) dm-0 IET,VIRTUAL-DISK
size=10G features='0' hwhandler='0' wp=rw
|-+- policy='service-time 0' prio=1 status=active
| `- 2:0:0:1 sdb 8:16 active ready running
`-+- policy='service-time 0' prio=1 status=enabled
  |- 3:0:0:1 sdc 8:32 active ready running
  `- 4:0:0:1 sdd 8:48 failed faulty offline
3600508b4000156d700012000000b0000 dm-1 HP,HSV200
size=500G features='1 queue_if_no_path' hwhandler='0' wp=rw
`-+- policy='round-robin 0' prio=0 status=enabled
  |- 5:0:0:2 sde 8:64 failed faulty running
  `- 6:0:0:2 sdf 8:80 failed faulty running
"""

CEPH = {
    "health": {"status": "HEALTH_WARN", "checks": {"OSD_DOWN": {"severity": "HEALTH_WARN"}}},
    "quorum_names": ["a", "b"],
    "monmap": {"epoch": 3, "num_mons": 3},
    "osdmap": {"num_osds": 12, "num_up_osds": 11, "num_in_osds": 12},
    "pgmap": {"bytes_used": 900, "bytes_avail": 100, "bytes_total": 1000},
}

ZPOOL_LIST = "tank\t1000000\t850000\tDEGRADED\nbackup\t1000000\t100000\tONLINE\n"
ZPOOL_STATUS = """\
  pool: tank
 state: DEGRADED
status: One or more devices could not be used because the label is missing.
  scan: scrub repaired 0B in 00:00:01 with 0 errors on Sun Nov  1 00:24:02 2026
config:

\tNAME        STATE     READ WRITE CKSUM
\ttank        DEGRADED     0     0     0
\t  mirror-0  DEGRADED     0     0     0
\t    sda     ONLINE       0     0     0
\t    sdb     UNAVAIL      3     1     0

errors: No known data errors

  pool: backup
 state: ONLINE
config:

\tNAME        STATE     READ WRITE CKSUM
\tbackup      ONLINE       0     0     0
\t  sdc       ONLINE       0     0     2

errors: No known data errors
"""

STORCLI = {
    "Controllers": [
        {
            "Command Status": {"Controller": 0, "Status": "Success"},
            "Response Data": {
                "Status": {"Controller Status": "Optimal"},
                "VD LIST": [
                    {"DG/VD": "0/0", "TYPE": "RAID1", "State": "Optl"},
                    {"DG/VD": "1/1", "TYPE": "RAID5", "State": "Dgrd"},
                ],
                "PD LIST": [
                    {"EID:Slt": "252:0", "DID": 9, "State": "Onln"},
                    {"EID:Slt": "252:1", "DID": 10, "State": "Rbld"},
                    {"EID:Slt": "252:2", "DID": 11, "State": "UBad"},
                ],
                "Cachevault_Info": [{"Model": "CVPM02", "State": "Optimal"}],
            },
        }
    ]
}

MEGACLI_VOLUMES = """\

Adapter 0 -- Virtual Drive Information:
Virtual Drive: 0 (Target Id: 0)
Name                :
RAID Level          : Primary-1, Secondary-0, RAID Level Qualifier-0
State               : Degraded

Exit Code: 0x00
"""
MEGACLI_DRIVES = """\

Adapter #0

Enclosure Device ID: 252
Slot Number: 0
Media Error Count: 0
Predictive Failure Count: 0
Firmware state: Online, Spun Up
Enclosure Device ID: 252
Slot Number: 1
Media Error Count: 7
Predictive Failure Count: 0
Firmware state: Online, Spun Up

Exit Code: 0x00
"""


def text(value) -> str:
    """As the program would print it."""
    return value if isinstance(value, str) else json.dumps(value)
