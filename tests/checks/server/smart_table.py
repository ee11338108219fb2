"""Writes smart_expected.json: what the rules say of each recorded drive, without any of the product's code.

    python smart_table.py DIRECTORY_OF_RECORDINGS > smart_expected.json

The rules, in the order they are asked:

    crit     smart_status says failed, or exit bit 3 (failing now) or bit 4 (a prefail attribute failed)
    unknown  exit bit 1 (the device could not be opened), or no smart_status
    warn     exit bits 5, 6, 7; reallocated, pending or uncorrectable sectors (ATA 5, 187, 197, 198; SCSI
             grown defects, uncorrected errors) above zero; NVMe spare below its threshold, or 100 % worn
    ok       the rest; bit 2 alone (some command failed) is no verdict
"""

import hashlib
import json
import sys
from pathlib import Path

SECTORS = (5, 187, 197, 198)


def counted_errors(drive):
    table = drive.get("ata_smart_attributes", {}).get("table", [])
    found = [row["raw"]["value"] for row in table if row["id"] in SECTORS]
    found.append(drive.get("scsi_grown_defect_list") or 0)
    for row in (drive.get("scsi_error_counter_log") or {}).values():
        found.append(row.get("total_uncorrected_errors", 0))
    return sum(found)


def worn(drive):
    health = drive.get("nvme_smart_health_information_log") or {}
    spare, least = health.get("available_spare"), health.get("available_spare_threshold")
    return (spare is not None and least is not None and spare < least) or health.get(
        "percentage_used", 0
    ) >= 100


def verdict(drive):
    bits = drive.get("smartctl", {}).get("exit_status") or 0
    passed = (drive.get("smart_status") or {}).get("passed")
    if passed is False or bits & 0b11000:
        return "crit"
    if bits & 0b10 or passed is None:
        return "unknown"
    return "warn" if bits & 0b11100000 or counted_errors(drive) or worn(drive) else "ok"


if __name__ == "__main__":
    made = {}
    for path in sorted(Path(sys.argv[1]).glob("*/*.json")):
        data = path.read_bytes()
        made[hashlib.sha256(data).hexdigest()] = verdict(json.loads(data))
    json.dump(dict(sorted(made.items())), sys.stdout, indent=1)
    print()
