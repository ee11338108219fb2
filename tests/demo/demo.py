"""The demonstration estate: `estate`, `faults`, `idle`, `off`, `learn`; see docs/demo.md.

Every part is a real program on this machine or a replayed device. Whatever this starts it stops.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import demo_bmc
import demo_faults
import demo_host
import demo_snmp
import demo_sql
import demo_ssh
import demo_talk
import demo_web
from demo_parts import Cannot
from demo_site import Site, findings

SOURCE_OF = {"host": ("host",), "ssh": ("ssh",), "snmp": ("snmp",), "bmc": ("bmc",), "sql": ("sql",),
             "http": ("http", "net")}  # fmt: skip


def say(text=""):
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def every(place):
    """All parts of the demonstration."""
    kinds = (demo_ssh, demo_snmp, demo_bmc, demo_sql, demo_web, demo_talk)
    return [demo_host.Machine(place), *(part for kind in kinds for part in kind.parts(place))]


class Demo:
    """The estate while it runs. `parts` run; `absent` cannot run here, their assets stay in the estate."""

    def __init__(self, place, make=every, quick=False):
        self.place = place
        self.all = make(place)
        self.parts, self.absent = [], []
        self.site = Site(place, self.all, quick)

    def start(self):
        """Start every part, then the collector and the agents."""
        for part in self.all:
            began = time.monotonic()
            lacks = part.missing()
            if lacks:
                self._without(part, f"{', '.join(lacks)} missing")
                continue
            try:
                part.start()
            except (Cannot, OSError) as problem:
                part.stop()
                self._without(part, str(problem))
                continue
            self.parts.append(part)
            origin = getattr(part, "origin", "")
            say(f"  {part.name:12} {time.monotonic() - began:5.1f} s  {origin}")
        self.site.able = self.parts
        self.site.start()

    def _without(self, part, why):
        self.absent.append(part)
        assets = ", ".join(asset.id for asset in part.assets())
        say(f"  {part.name:12} NOT STARTED: {why}. Its assets ({assets}) are found down, or not inspected.")

    def stop(self):
        """Stop everything, whatever state it is in."""
        for end in (self.site.stop, *(part.stop for part in reversed(self.all))):
            try:
                end()
            except Exception as problem:
                say(f"  stopping: {problem!r}")

    def bad(self, record):
        """Findings of a record on what runs here."""
        away = {asset.id for part in self.absent for asset in part.assets()}
        return {one for one in findings(record) if one.asset not in away}

    def warm(self):
        """A first round: several checks compare with the look before."""
        return self.site.round()


@contextmanager
def running(make=every, quick=False):
    """A demonstration that runs, in a folder of its own."""
    place = Path(tempfile.mkdtemp(prefix="rs-demo-"))
    place.chmod(0o755)
    demo = Demo(place, make, quick)
    try:
        demo.start()
        yield demo
    finally:
        demo.stop()
        if not os.environ.get("KEEP_FILES"):
            shutil.rmtree(place, ignore_errors=True)


def summary(demo, record):
    """What a record says, by kind of asset."""
    counts = record.overview
    kinds = {asset.id: asset.kind for asset in demo.site.assets()}
    done = Counter(item.target for item in record.items)
    say(f"  record {record.window.id}: due {counts.due}, done {counts.done}, errors {counts.errors}, "
        f"missed {counts.missed}; ok {counts.ok}, warn {counts.warn}, unknown {counts.unknown}, "
        f"crit {counts.crit}")  # fmt: skip
    for asset, kind in kinds.items():
        failed = [one for one in record.not_inspected if one.target == asset]
        said = "not inspected" if not done[asset] else "inspected"
        more = "".join(sorted({f" {one.check}: {one.error or one.reason};" for one in failed}))
        say(f"    {asset:14} {kind:10} {said:14} {done[asset]:3} looks{more}")
    for one in sorted(demo.bad(record)):
        say(f"    finding  {one}")
    say("    (what is compared with the look before is unknown in a first round)")
    return [asset for asset in kinds if not done[asset]]


def verified(demo):
    """A bundle of it, verified offline; Cannot where the verifier finds anything wrong."""
    site = demo.site
    file = demo.place / "evidence.zip"
    site.collector("bundle", "make", site.directory, "--period", "today", "--out", file)
    site.command("roundseal-verify", file, "--policy", site.directory / "policy")
    say(f"  bundle of {file.stat().st_size // 1024} KiB made and verified offline")


def estate(options):
    """Start, inspect, print, stop (or stay)."""
    with running() as demo:
        began = time.monotonic()
        record = demo.site.round_by_command()
        say(f"one round by `round run`: {time.monotonic() - began:.0f} s")
        left = summary(demo, record)
        verified(demo)
        if os.environ.get("KEEP"):
            say(
                f"  Open    https://{demo.site.address}   log in: admin   {demo.site.password}   stop: Ctrl-C"
            )
            signal.pause()
    unable = {asset.id for part in demo.absent for asset in part.assets()}
    said = "no: " + ", ".join(left) if left else "yes"
    if unable:
        said += f"; looked at without anything there: {', '.join(sorted(unable))} (make demo-packages)"
    say(f"every asset inspected: {said}")
    return int(bool(set(left) - unable))


def faults(options):
    """12 faults by each seed: the record's findings beside exactly the expected ones."""
    wrong = 0
    with running() as demo:
        demo.warm()
        demo_faults.settle(demo.site, demo.bad)
        able = demo_faults.possible(demo_faults.read(), demo.parts)
        for seed in options.seeds:
            chosen = demo_faults.choose(able, demo.parts, seed)
            score = one_draw(demo, chosen)
            wrong += not score.exact
            shown = ["none" if one is None else f"{one:.3f}" for one in (score.precision, score.recall)]
            say(f"seed {seed}: {len(chosen)} faults planted, {len(score.expected)} findings expected, "
                f"{len(score.found)} found; precision {shown[0]}, recall {shown[1]}")  # fmt: skip
    return int(wrong > 0)


def one_draw(demo, chosen):
    """Plant, inspect, heal, and inspect until nothing is left."""
    for one in chosen:
        say(f"    plant    {one.id}: {one.what}")
    try:
        expected = demo_faults.plant(chosen, demo.parts)
        score = demo_faults.Score(expected, demo.bad(demo.site.round()))
        for line in score.lines():
            say(line)
    finally:
        demo_faults.heal(chosen, demo.parts)
    demo_faults.settle(demo.site, demo.bad)
    return score


def learn(options):
    """Every fault, as many at a time as do not touch each other; what a record says of them."""
    with running() as demo:
        demo.warm()
        demo_faults.settle(demo.site, demo.bad)
        left = [
            one
            for one in demo_faults.possible(demo_faults.read(), demo.parts)
            if not options.only or one.id in options.only or one.source in options.only
        ]
        wrong = 0
        while left:
            chosen = demo_faults.choose(left, demo.parts, 0, len(left))
            left = [one for one in left if one not in chosen]
            score = one_draw(demo, chosen)
            wrong += not score.exact
            say(f"{len(chosen)} faults: {'as expected' if score.exact else 'NOT as expected'}")
    return int(wrong > 0)


def idle(options):
    """Ten rounds in which nothing was done to anything."""
    count = 0
    with running() as demo:
        demo.warm()
        for turn in range(options.rounds):
            record = demo.site.round()
            bad = demo.bad(record)
            count += len(bad)
            looks = f"due {record.overview.due}, done {record.overview.done}"
            say(f"idle round {turn + 1}: {looks}, findings {len(bad)}")
            for one in sorted(bad):
                say(f"    too much {one}")
    say(f"{options.rounds} idle rounds: {count} findings")
    return int(count > 0)


def without(demo, source, before=None):
    """What is looked at through `source`, and what a record says wrong of it while that is off."""
    before = before or demo.site.round()
    for agent in demo.site.agents:
        demo.site.end(agent)
        demo.site.start_agent(agent, SOURCE_OF[source])
    try:
        after = demo.site.round()
    finally:
        for agent in demo.site.agents:
            demo.site.end(agent)
            demo.site.start_agent(agent)
    mine = {(asset.id, check) for asset in demo.site.assets() for check in asset.checks
            if _source(check) in SOURCE_OF[source]}  # fmt: skip
    denied = {(one.target, one.check) for one in after.not_inspected if one.error == "denied"}
    left = {(one.target, one.check) for one in before.not_inspected}
    problems = [f"{pair} is not said to be not inspected" for pair in sorted(mine - denied - left)]
    problems += [f"{pair} was not inspected either" for pair in sorted(denied - mine - left)]
    if after.overview.due != before.overview.due:
        problems.append(f"due {before.overview.due}, then {after.overview.due}")
    return mine, problems


def _source(check):
    from checks import registry

    source = registry.get(check).source.value
    return "snmp" if source == "device" else source  # no device here is reached by its command line


def off(options):
    """Each source switched off in turn: its assets are not inspected, and the record is no shorter."""
    wrong = 0
    with running() as demo:
        demo.warm()
        for source in options.sources:
            mine, problems = without(demo, source)
            assets = sorted({asset for asset, _ in mine})
            say(f"{source} off: {len(mine)} looks at {len(assets)} assets not inspected, all said; "
                f"{len(problems)} problems ({', '.join(assets)})")  # fmt: skip
            for one in problems:
                say(f"    {one}")
            wrong += len(problems)
    return int(wrong > 0)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for what, name in (
        (estate, "estate"),
        (faults, "faults"),
        (idle, "idle"),
        (off, "off"),
        (learn, "learn"),
    ):
        made = commands.add_parser(name, help=what.__doc__)
        made.set_defaults(what=what)
        if what is faults:
            made.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3])
        elif what is idle:
            made.add_argument("--rounds", type=int, default=10)
        elif what is off:
            made.add_argument("sources", nargs="*", default=list(SOURCE_OF))
        elif what is learn:
            made.add_argument("only", nargs="*")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background starts ignore the second
        signal.signal(number, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        return options.what(options)
    except Cannot as problem:
        sys.stderr.write(f"demonstration: {problem}\n")
        return 2
    except KeyboardInterrupt:
        say("stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
