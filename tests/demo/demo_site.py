"""A collector with the embedded database, two agents, the estate of the parts, and rounds over it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import demo_parts
import yaml
from click.testing import CliRunner
from demo_parts import HOST, PROBER, Cannot, free_port, listens, until

from checks.plan import Window
from checks.plan import encode as encode_plan
from checks.wire.numbers import EntryKind
from collector.cli import main
from collector.context import open_context
from collector.inspection.due import BY_HAND
from collector.jobs import derive, projection, rounds
from collector.store import plans
from collector.store import rounds as store

BIN = Path(sys.executable).parent
ROUND = "demonstration"
WINDOW_MS = 8_000  # looks of a round are spread over a quarter of it
FLUSH_MS = 500


@dataclass(frozen=True, order=True)
class Finding:
    """Something in a record that is not good. state: warn, crit, unknown, or `not inspected` (item: why)."""

    asset: str
    check: str
    item: str
    state: str

    def __str__(self):
        return f"{self.asset} {self.check} {self.item}: {self.state}"


def findings(record):
    """Everything in a record that is not good: problems, what is unclear, what was not inspected."""
    bad = [
        Finding(one.target, one.check, one.reading.name, one.reading.state)
        for one in (*record.problems, *record.unclear)
    ]
    bad += [
        Finding(one.target, one.check, one.error or one.reason, "not inspected")
        for one in record.not_inspected
    ]
    bad += [Finding(one.target, one.check, one.kind, "judged differently") for one in record.findings]
    return sorted(bad)


class Site:
    """Everything of ours that runs."""

    def __init__(self, place, parts, quick=False):
        """`quick`: the collector's commands are called, not started; one agent does for all."""
        self.place, self.parts, self.quick = place, parts, quick
        self.able = parts  # those that run
        self.directory = place / "collector"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.running = {}
        self.password = ""
        self.agents = (PROBER,) if quick else (PROBER, HOST)

    # commands and processes

    def command(self, name, *words):
        """What one of our commands printed; Cannot when it fails."""
        words = [str(BIN / name), *map(str, words)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise Cannot(f"{name} {words[1]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def collector(self, *words):
        """A command of the collector."""
        if not self.quick:
            return self.command("roundseal-collector", *words)
        mask = os.umask(0o077)  # the command sets it for good
        try:
            done = CliRunner().invoke(main, [str(word) for word in words])
        finally:
            os.umask(mask)
        if done.exit_code:
            raise Cannot(f"roundseal-collector {words[0]}: exit {done.exit_code}\n{done.output}")
        return done.stdout

    def spawn(self, name, *words):
        """One of our programs, running."""
        with (self.place / f"{name}.log").open("ab") as out:
            process = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env={**os.environ, "MALLOC_ARENA_MAX": "1"},
            )  # fmt: skip
        self.running[name] = process
        return process

    def end(self, name):
        """Stop one of our programs as a service manager would."""
        process = self.running.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)

    def log(self, name):
        """What a program of ours has said."""
        return (self.place / f"{name}.log").read_text(errors="replace")

    # setting up

    def start(self):
        """Collector, estate, agents enrolled and at work."""
        said = self.collector("init", self.directory, "--listen", self.address)
        found = re.search(r"(?:password|密码)\D*?[:：]\s*(\S+)", said, re.IGNORECASE)
        self.password = found.group(1) if found else ""
        serve = [BIN / "roundseal-collector", "serve", self.directory, "--listen", self.address]
        self.spawn("collector", *serve)
        until(lambda: listens(self.port), 120, "the collector")
        for name in self.agents:
            self.enrol(name)
        for part in self.able:
            part.prepare(self)
        self.apply()
        for name in self.agents:
            self.start_agent(name)

    def apply(self):
        """Put the estate of the parts in force."""
        file = self.place / "estate.yaml"
        file.write_text(yaml.safe_dump(self.estate(), allow_unicode=True, sort_keys=False), encoding="utf-8")
        self.collector("estate", "apply", self.directory, file)

    def state(self, agent):
        """State directory of an agent."""
        return self.place / f"agent-{agent}"

    def enrol(self, agent):
        """A new agent with the secrets of all parts; approved with the code that it printed."""
        token = self.collector("token", "create", self.directory, "--asset", agent).split()[-1]
        said = self.command(
            "roundseal-agent", "enrol", f"https://{self.address}", token,
            "--state", self.state(agent), "--no-wait", "--json",
        )  # fmt: skip
        self.collector("agents", "approve", self.directory, json.loads(said)["code"])
        self.write_secrets()

    def write_secrets(self):
        """What the agents may use to log in."""
        held = {name: value for part in self.parts for name, value in part.secrets().items()}
        for agent in self.agents:
            if self.state(agent).exists():
                path = self.state(agent) / "secrets.yaml"
                path.touch(mode=0o600)
                path.write_text(yaml.safe_dump(held))

    def start_agent(self, agent, off=()):
        """An agent at work; `off`: sources that it may not use."""
        (self.state(agent) / "agent.yaml").write_text(yaml.safe_dump({"off": list(off)}))
        self.spawn(agent, BIN / "roundseal-agent", "run", "--state", self.state(agent))

    def stop(self):
        """Stop everything of ours, agents first."""
        for name in reversed(list(self.running)):
            self.end(name)

    def assets(self):
        """Assets of all parts."""
        return [asset for part in self.parts for asset in part.assets()]

    def estate(self):
        """The estate file's content: one round that owes each asset its own checks."""
        assets = self.assets()
        there = {asset.given.get("agent") for asset in assets}
        own = [{"id": one, "kind": "server", "agent": one} for one in self.agents if one not in there]
        first, *others = [{"assets": [asset.id], "checks": asset.checks} for asset in assets]
        heart = {"host": "127.0.0.1", "port": self.port}
        return {
            "estate": "demonstration",
            "timezone": "Asia/Shanghai",
            "assets": [*own, *(asset.estate() for asset in assets)],
            # Answers to its batches tell an agent about a new plan: something small each second.
            "probes": [
                {"id": f"heart-{agent}", "check": "service.tcp", "from": [agent], "every": "1s",
                 "params": {**heart, "timeout_ms": 500}}
                for agent in self.agents
            ],
            # Due before a holiday, and whenever somebody has it run.
            "rounds": [{"id": ROUND, "before": ["spring-festival"], "days": 1, **first, "also": others}],
        }  # fmt: skip

    # rounds

    def round(self, seconds=600):
        """A round run now, with its looks close together; its record."""
        for part in self.able:
            part.tick()
        with open_context(self.directory) as context:
            now = context.now()
            window = Window(f"{ROUND}{BY_HAND}{now}", now, now + WINDOW_MS, now + 3_600_000)
            with context.read() as conn:
                held = [plan for _, _, plan in plans.current_plans(conn)]
            wanted = [_with(plan, window, now) for plan in held if _part(plan)]
            projection.log(context, [_entry(plan) for plan in wanted])
            return self._record(context, window.id, seconds)

    def round_by_command(self, seconds=900):
        """The same by `round run`, as a person would have it run; its record."""
        for part in self.able:
            part.tick()
        said = json.loads(self.collector("round", "run", self.directory, ROUND, "--json"))
        with open_context(self.directory) as context:
            return self._record(context, said["window"]["id"], seconds)

    def _record(self, context, window, seconds):
        end = time.monotonic() + seconds
        while True:
            derive.catch_up(context)
            rounds.close_due(context)
            with context.read() as conn:
                row = store.record(conn, window)
                if row is not None:
                    return rounds.read_record(conn, row)
                if time.monotonic() > end:
                    raise Cannot(f"no record within {seconds} s: {_open(context, conn, window)}")
            time.sleep(0.4)


def _part(plan):
    return any(part.id == ROUND for part in plan.rounds)


def _with(plan, window, now):
    # Only this window: one that an agent makes up for late would look at the same things in between.
    parts = tuple(
        replace(part, every="", on="", window="", windows=(window,)) if part.id == ROUND else part
        for part in plan.rounds
    )
    return replace(plan, made_ms=now, flush_ms=FLUSH_MS, rounds=parts)


def _entry(plan):
    header = {"agent": plan.agent, "epoch": plan.epoch, "estate": plan.estate, "by": "demonstration"}
    return EntryKind.PLAN, header, encode_plan(plan)


def _open(context, conn, window):
    """What is still owed."""
    one = rounds.find(conn, window, context.now())
    record = rounds.draft(context, conn, one.round, one.window)
    return [f"{m.check} {m.target} {m.reason}" for m in record.not_inspected if m.reason == "missing"]


__all__ = ["Finding", "Site", "demo_parts", "findings"]
