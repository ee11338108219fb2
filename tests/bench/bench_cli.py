"""Device outputs read and compared with their truths: fields agreeing / fields expected.

    python tests/bench/bench_cli.py [FOLDER] [--misses] [--all]

FOLDER (default: ../shared/data/cli) holds CORPUS/PLATFORM/COMMAND/NAME.raw with a NAME.yml beside each.
Printed per platform and command an inspection needs: per cent, the number of samples, and how many of the
fields that disagree are empty in the truth although the output holds the value that was read; then the
inspection commands whose form never saw a real output here. `--all`: every command; `--misses`: each field.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from agent.parsing import forms
from agent.parsing.errors import ParseError
from agent.parsing.parse import parse

Tally = Counter[tuple[str, str]]
ROOT = Path(__file__).parents[3] / "shared/data/cli"

# What an inspection asks of a device, by the words of the command.
NEEDED = re.compile(
    r"version|device|esn|manu|inventory|module|platform|system.status|cpu|memory|sys top|environment"
    r"|temperature|fan|power|interface|nic|transceiver|counters|aggregation|eth-trunk|etherchannel"
    r"|port-channel|switch|stack|redundancy"
    r"|ha.status|standby|hsrp|vrrp|users|logging|ntp|clock|startup|boot|running-config|current-configuration|archive"
    r"|license|snmp|http|telnet|access-list|acl|bgp.*(summary|peer$|neighbors$)|ospf.*(neighbor|peer)|bfd|lldp|cdp|slots"
)
# What an inspection of each platform asks for, whether or not its output was ever seen.
ASKED = """
huawei_vrp: display version; display device; display esn; display cpu-usage; display memory-usage;
  display fan; display power; display temperature; display interface; display interface brief;
  display stack; display users; display logbuffer; display ntp status; display startup; display
  current-configuration; display saved-configuration; display transceiver verbose; display license
  verbose; display vrrp; display hrp state
hp_comware: display version; display device; display device manuinfo; display cpu-usage; display
  memory; display fan; display power; display environment; display interface; display interface
  brief; display irf; display users; display logbuffer; display ntp-service status; display startup;
  display current-configuration; display saved-configuration; display transceiver diagnosis
  interface; display vrrp
ruijie_os: show version; show version slots; show cpu; show memory; show fan; show power; show
  temperature; show interfaces; show switch virtual; show users; show logging; show ntp status; show
  running-config
zte_zxros: show version; show processor; show fan; show power; show temperature; show interface;
  show interface brief; show users; show logging; show ntp status; show running-config
cisco_ios: show version; show inventory; show processes cpu; show processes memory sorted; show
  environment power all; show environment temperature; show interfaces; show interfaces status; show
  switch detail; show redundancy; show users; show logging; show ntp status; show running-config;
  show license
cisco_nxos: show version; show inventory; show module; show environment; show environment
  temperature; show processes cpu; show interface; show vpc; show users; show logging; show ntp
  status; show running-config
cisco_xr: show version; admin show inventory; admin show environment fan; admin show environment
  power; show processes cpu; show interfaces; show redundancy summary; show users; show logging;
  show running-config
fortinet: get system status; get system performance status; get system ha status; get system
  interface; get hardware nic; diagnose sys top; get system session status; execute log display;
  show full-configuration
"""


def samples(root: Path) -> Iterator[tuple[str, str, Path]]:
    """(platform, command, recorded output) of every truth below `root`."""
    for truth in sorted(root.glob("*/*/*/*.yml")):
        yield truth.parts[-3], truth.parts[-2].replace("_", " "), truth.with_suffix(".raw")


def compared(platform: str, command: str, raw: Path) -> tuple[int, int, int, list[str]]:
    """Fields agreeing, expected, empty in the truth only, and what disagrees (fields of missing rows too)."""
    expected = yaml.safe_load(raw.with_suffix(".yml").read_text("utf-8"))["parsed_sample"]
    due = sum(map(len, expected))
    try:
        rows = parse(platform, command, raw.read_bytes())
    except ParseError as error:
        return 0, due, 0, [f"{error.code}: {error.detail}"]
    misses = [f"{len(rows)} rows, not {len(expected)}"] if len(rows) != len(expected) else []
    good = untold = 0
    for at, (row, truth) in enumerate(zip(rows, expected, strict=False)):
        for field, value in truth.items():
            good += row.get(field) == value
            untold += not value and bool(row.get(field))
            if row.get(field) != value:
                misses.append(f"row {at} {field}: {row.get(field)!r}, not {value!r}")
    return good, due, untold, misses


def main() -> int:
    """Print the table; exit code 1 below 97 % over all needed commands."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", nargs="?", type=Path, default=ROOT)
    asked.add_argument("--misses", action="store_true")
    asked.add_argument("--all", action="store_true")
    args = asked.parse_args()
    if not args.folder.is_dir():
        print(f"NOT MEASURED: {args.folder} is not there")
        return 2
    good: Counter[tuple[str, str]] = Counter()
    due: Counter[tuple[str, str]] = Counter()
    count: Counter[tuple[str, str]] = Counter()
    empty: Counter[tuple[str, str]] = Counter()
    for platform, command, raw in samples(args.folder):
        if not args.all and not NEEDED.search(command):
            continue
        agreed, expected, untold, misses = compared(platform, command, raw)
        good[platform, command] += agreed
        due[platform, command] += expected
        count[platform, command] += 1
        empty[platform, command] += untold
        for miss in misses if args.misses else ():
            print(f"  {platform} {command} {raw.name}: {miss}")
    show(good, due, count, empty)
    never_seen(args.folder)
    total = 100 * sum(good.values()) / max(sum(due.values()), 1)
    return 0 if total >= 97 else 1


def show(
    good: Counter[tuple[str, str]],
    due: Counter[tuple[str, str]],
    count: Counter[tuple[str, str]],
    empty: Counter[tuple[str, str]],
) -> None:
    """The table, each platform's line after its commands'."""
    line = "{:12} {:48} {:>7} {:>6} {:>6} {:>8} {:>12}"
    print(line.format("platform", "command", "%", "agree", "due", "samples", "truth empty"))
    for platform in sorted({of for of, _ in count}):
        keys = sorted(key for key in count if key[0] == platform)
        for key in [*keys, None]:
            those = keys if key is None else [key]
            agreed, expected = sum(good[one] for one in those), sum(due[one] for one in those)
            name = "ALL" if key is None else key[1]
            print(
                line.format(
                    platform,
                    name,
                    f"{100 * agreed / expected:.2f}",
                    agreed,
                    expected,
                    sum(count[one] for one in those),
                    sum(empty[one] for one in those),
                )
            )
    agreed, expected = sum(good.values()), sum(due.values())
    share = f"{100 * agreed / max(expected, 1):.2f}"
    print(line.format("ALL", "", share, agreed, expected, sum(count.values()), sum(empty.values())))


def never_seen(root: Path) -> None:
    """Inspection commands without a sample here: with a form (read untried), and without any."""
    seen = {(platform, command) for platform, command, _ in samples(root)}
    print("\nnever seen a real output (no sample here):")
    for one in ASKED.strip().replace("\n  ", " ").split("\n"):
        platform, _, text = one.partition(": ")
        known = forms.commands(platform) if platform in forms.platforms() else ()
        absent = [one for one in text.split("; ") if (platform, one) not in seen]
        tried = [one for one in absent if one in known]
        print(f"  {platform}: form taken from ntc-templates, untried here: {', '.join(tried) or '-'}")
        print(
            f"  {'':{len(platform)}}  no form: {', '.join(one for one in absent if one not in known) or '-'}"
        )


if __name__ == "__main__":
    sys.exit(main())
