"""Real programs, as processes: the collector, the agent, the installer."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDSEAL", "VIRTUAL_ENV"))}


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


def run(program: str, *words: str | Path, seconds: float = 180) -> Said:
    """One command to its end; a traceback is never right."""
    done = subprocess.run(
        [BIN / program, *words], capture_output=True, text=True, check=False, env=CLEAN, timeout=seconds
    )
    assert "Traceback" not in done.stderr + done.stdout, f"{program} {words}: {done.stderr}"
    return Said(done.returncode, done.stdout, done.stderr)


def done(program: str, *words: str | Path) -> str:
    """What a command that must succeed printed."""
    said = run(program, *words)
    assert said.code == 0, f"{program} {words}: exit {said.code}\n{said.out}{said.err}"
    return said.out


def until(condition: Callable[[], object], seconds: float = 180.0) -> object:
    """What `condition` gives as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


@dataclass
class Program:
    """A running program, its output in a file."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


@dataclass
class Starter:
    """Starts programs; all of them end with the test."""

    place: Path
    started: list[Program] = field(default_factory=list)

    def program(self, *words: str | Path, env: dict[str, str] | None = None) -> Program:
        log = self.place / f"{Path(words[0]).name}-{len(self.started)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [BIN / words[0], *words[1:]], stdout=out, stderr=out, env={**CLEAN, **(env or {})}
            )
        made = Program(process, log)
        self.started.append(made)
        return made

    def collector(self, directory: Path, *options: str, env: dict[str, str] | None = None) -> Program:
        """A collector on plain HTTP, once it answers."""
        made = self.program("roundseal-collector", "serve", directory, *options, env=env)
        until(lambda: "listening on" in made.said() or made.process.poll() is not None)
        assert made.process.poll() is None, made.said()
        line = next(line for line in made.said().splitlines() if line.startswith("listening on"))
        made.port = int(line.rpartition(":")[2])
        return made

    def agent(self, state: Path) -> Program:
        return self.program("roundseal-agent", "run", "--state", state)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    for program in starter.started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.wait(60)


@pytest.fixture(name="run")
def run_fixture() -> Callable[..., Said]:
    return run


@pytest.fixture(name="done")
def done_fixture() -> Callable[..., str]:
    return done


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., object]:
    return until


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes, for plain HTTP; to be copied."""
    place = tmp_path_factory.mktemp("made") / "collector"
    done("roundseal-collector", "init", place, "--listen", "127.0.0.1:0", "--url", "http://127.0.0.1:1")
    return place


@pytest.fixture
def directory(tmp_path: Path, made: Path) -> Path:
    """A collector's directory of its own."""
    return Path(shutil.copytree(made, tmp_path / "collector"))
