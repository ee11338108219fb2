"""Device outputs read and compared with their truths: fields agreeing / fields expected.

    python tests/bench/bench_cli.py [FOLDER] [--misses] [--all]

FOLDER (default: ../shared/data/cli) holds CORPUS/PLATFORM/COMMAND/NAME.raw with a NAME.yml beside each.
Each corpus is read by its own naming (`parse --naming`). Printed per platform and command an inspection
needs: per cent, the number of samples, how many of the fields that agree do so but for a blank or comma
at their end in the truth, and how many of those that disagree are empty in the truth although the output
holds the value that was read; then the inspection commands whose form never saw a real output here.
What the tests hold beside (NX-OS) counts too.
`--all`: every command; `--misses`: each field; `--naming`: one naming for all corpora.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from agent.parsing import forms
from agent.parsing.errors import ParseError
from agent.parsing.parse import parse

Key = tuple[str, str]
Value = str | list[str] | None
ROOT = Path(__file__).parents[3] / "shared/data/cli"
OURS = Path(__file__).parents[1] / "agent"

# What an inspection asks of a device, by the words of the command.
NEEDED = re.compile(
    r"version|device|esn|manu|inventory|module|platform|system.status|cpu|processor|memory|sys top"
    r"|environment|temperature|fan|power|interface|nic|transceiver|counters|aggregation|eth-trunk|etherchannel"
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
zte_zxros: show version; show processor; show fan; show power; show card-temperature; show
  interface; show interface brief; show users; show logging; show ntp status; show running-config
cisco_ios: show version; show inventory; show processes cpu; show processes memory sorted; show
  environment power all; show environment temperature; show interfaces; show interfaces status; show
  switch detail; show redundancy; show users; show logging; show ntp status; show running-config;
  show license
cisco_nxos: show version; show inventory; show module; show environment; show environment
  temperature; show processes cpu; show system resources; show interface; show vpc; show users; show
  logging; show ntp status; show running-config
cisco_xr: show version; admin show inventory; admin show environment fan; admin show environment
  power; show processes cpu; show interfaces; show redundancy summary; show users; show logging;
  show running-config
fortinet: get system status; get system performance status; get system ha status; get system
  interface; get hardware nic; diagnose sys top; get system session status; diagnose
  autoupdate versions; execute log display; show full-configuration
"""


@dataclass(slots=True)
class Tally:
    """Fields of one command or platform; `samples`: outputs."""

    agree: int = 0
    due: int = 0
    samples: int = 0
    ends: int = 0
    empty: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """The other's figures to these."""
        for name in ("agree", "due", "samples", "ends", "empty"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def samples(root: Path) -> Iterator[tuple[str, str, Path]]:
    """(platform, command, recorded output) of every truth below `root`."""
    for truth in sorted(root.glob("*/*/*/*.yml")):
        yield truth.parts[-3], truth.parts[-2].replace("_", " "), truth.with_suffix(".raw")


def all_samples(root: Path) -> list[tuple[str, str, Path]]:
    """Those below `root`, and those of the tests that are of no command there."""
    found = list(samples(root))
    seen = {one[:2] for one in found}
    return found + [one for one in samples(OURS) if one[:2] not in seen]


def naming(raw: Path) -> str:
    """Whose names the truth of a recording uses."""
    return "fork" if raw.parts[-4].endswith("-fork") else "ntc"


def compared(platform: str, command: str, raw: Path, names: str) -> Tally:
    """One output beside its truth; fields of missing rows are due too."""
    expected = yaml.safe_load(raw.with_suffix(".yml").read_text("utf-8"))["parsed_sample"]
    made = Tally(due=sum(map(len, expected)), samples=1)
    try:
        rows = parse(platform, command, raw.read_bytes(), names)
    except ParseError as error:
        made.misses.append(f"{error.code}: {error.detail}")
        return made
    if len(rows) != len(expected):
        made.misses.append(f"{len(rows)} rows, not {len(expected)}")
    for at, (row, truth) in enumerate(zip(rows, expected, strict=False)):
        for name, value in truth.items():
            _field(made, f"row {at} {name}", row.get(name), value)
    return made


def _field(made: Tally, where: str, read: Value, value: Value) -> None:
    # Some truths hold the comma or the blank that follows a value.
    ends = isinstance(value, str) and isinstance(read, str) and value != read == value.rstrip(" ,") != ""
    made.agree += read == value or ends
    made.ends += ends
    made.empty += not value and bool(read)
    if read != value and not ends:
        made.misses.append(f"{where}: {read!r}, not {value!r}")


def main() -> int:
    """Print the table; exit code 1 below 97 % over all needed commands."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", nargs="?", type=Path, default=ROOT)
    asked.add_argument("--misses", action="store_true")
    asked.add_argument("--all", action="store_true")
    asked.add_argument("--naming", choices=("ntc", "fork"))
    args = asked.parse_args()
    if not args.folder.is_dir():
        print(f"NOT MEASURED: {args.folder} is not there")
        return 2
    found: dict[Key, Tally] = {}
    for platform, command, raw in all_samples(args.folder):
        if not args.all and not NEEDED.search(command):
            continue
        one = compared(platform, command, raw, args.naming or naming(raw))
        found.setdefault((platform, command), Tally()).add(one)
        for miss in one.misses if args.misses else ():
            print(f"  {platform} {command} {raw.name}: {miss}")
    total = show(found)
    never_seen(args.folder)
    return 0 if 100 * total.agree >= 97 * total.due else 1


def show(found: dict[Key, Tally]) -> Tally:
    """The table, each platform's line after its commands'; the sum."""
    line = "{:12} {:48} {:>7} {:>6} {:>6} {:>8} {:>12} {:>12}"
    print(line.format("platform", "command", "%", "agree", "due", "samples", "but its end", "truth empty"))
    everything = Tally()
    for platform in sorted({of for of, _ in found}):
        whole = Tally()
        for key in sorted(key for key in found if key[0] == platform):
            print(_line(line, *key, found[key]))
            whole.add(found[key])
        print(_line(line, platform, "ALL", whole))
        everything.add(whole)
    print(_line(line, "ALL", "", everything))
    return everything


def _line(line: str, platform: str, command: str, of: Tally) -> str:
    share = f"{100 * of.agree / max(of.due, 1):.2f}"
    return line.format(platform, command, share, of.agree, of.due, of.samples, of.ends, of.empty)


def never_seen(root: Path) -> None:
    """Inspection commands without a sample here: with a form (read untried), and without any."""
    seen = {one[:2] for one in all_samples(root)}
    print("\nnever seen a real output (no sample here):")
    for one in ASKED.strip().replace("\n  ", " ").split("\n"):
        platform, _, text = one.partition(": ")
        known = forms.commands(platform) if platform in forms.platforms() else ()
        absent = [one for one in text.split("; ") if (platform, one) not in seen]
        own = [
            one for one in absent if (forms.ROOT / f"own/{platform}/{one.replace(' ', '_')}.textfsm").exists()
        ]
        taken = [one for one in absent if one in known and one not in own]
        print(f"- {platform}: a form of ntc-templates, untried here: {', '.join(taken) or '-'}.")
        print(f"  A form of our own, from published outputs: {', '.join(own) or '-'}.")
        print(f"  No form: {', '.join(one for one in absent if one not in known) or '-'}.")


if __name__ == "__main__":
    sys.exit(main())
