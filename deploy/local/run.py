"""`make run`: a collector and an agent on this machine, a first inspection, then the address to open.

Everything lives below var/ (delete it to start anew). Both programs run until Ctrl-C. The one account
made here approves the agent of this machine with the code the agent printed: on a real estate a second
person compares that code.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PASSWORD = re.compile(r"(?:password|密码)\D*?[:：]\s*(\S+)", re.IGNORECASE)


class Failed(Exception):
    """A step did not work; its message says which and why."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def command(name: str, *words: str | Path) -> list[str]:
    return [str(BIN / name), *(str(word) for word in words)]


def run(name: str, *words: str | Path) -> str:
    """What the command printed; Failed, with what it said, when it did not exit 0."""
    done = subprocess.run(command(name, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{name} {words[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def collector(*words: str | Path) -> str:
    return run("roundseal-collector", *words)


def start(log: Path, name: str, *words: str | Path) -> subprocess.Popen[bytes]:
    """The program in the background, its output in `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(command(name, *words), stdout=out, stderr=out, start_new_session=True)


def wait_for(what: str, ready, seconds: float = 90) -> object:
    """The first true answer of `ready`; Failed when none comes in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ready()
        if answer:
            return answer
        time.sleep(0.3)
    raise Failed(f"{what}: nothing within {seconds:.0f} s")


def first_set_up(home: Path, listen: str) -> str | None:
    """Make the data directory; the one-time password, or None where it was made before."""
    data = home / "collector"
    if (data / "collector.yaml").exists():
        return None
    home.mkdir(parents=True, exist_ok=True)
    printed = collector("init", data, "--listen", listen)
    found = PASSWORD.search(printed)
    if not found:
        raise Failed(f"init printed no password:\n{printed}")
    secret = home / "first-password"
    secret.touch(mode=0o600)
    secret.write_text(found.group(1) + "\n")
    return found.group(1)


def write_estate(home: Path, url: str, port: str) -> Path:
    text = (ROOT / "deploy/local/estate.yaml.in").read_text(encoding="utf-8")
    made = home / "estate.yaml"
    made.write_text(text.replace("@URL@", url).replace("@PORT@", port), encoding="utf-8")
    return made


def answers(data: Path) -> bool:
    done = subprocess.run(
        command("roundseal-collector", "agents", data, "--json"), capture_output=True, check=False
    )
    return done.returncode == 0


def listening(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def enrol(home: Path, data: Path, url: str) -> None:
    """Enrol this machine's agent and approve it with the code it printed."""
    state = home / "agent"
    if (state / "agent.json").exists():
        return
    token = collector("token", "create", data, "--asset", "this-host").strip().splitlines()[-1].split()[-1]
    printed = run("roundseal-agent", "enrol", url, token, "--state", state, "--no-wait")
    code = re.search(r"\b\d{3,6}(?:[- ]\d{3,6}){3,}\b", printed)
    if not code:
        raise Failed(f"enrol printed no code:\n{printed}")
    say(f"  approving this machine's agent with its code {code.group(0)} (one account does both here)")
    collector("agents", "approve", data, code.group(0))


def record_ready(data: Path, round_id: str) -> bool:
    done = subprocess.run(
        command("roundseal-collector", "round", "show", data, round_id, "--json"),
        capture_output=True,
        check=False,
    )
    return done.returncode == 0 and bool(json.loads(done.stdout)["closed"])


def inspect(data: Path) -> str:
    """Run one round by hand and wait for its record; the round's id."""
    printed = collector("round", "run", data, "daily", "--json")
    round_id = str(json.loads(printed)["window"]["id"])
    wait_for("the first inspection record", lambda: record_ready(data, round_id), 180)
    return round_id


def bring_up(home: Path, listen: str, programs: list[subprocess.Popen[bytes]]) -> None:
    data, port = home / "collector", listen.rpartition(":")[2]
    url = f"https://{listen}"
    password = first_set_up(home, listen)
    if listening(int(port)):
        raise Failed(f"something else listens on {listen}; say LISTEN=127.0.0.1:PORT make run")
    programs.append(start(home / "collector.log", "roundseal-collector", "serve", data, "--listen", listen))
    wait_for("the collector", lambda: alive(programs[0], home / "collector.log") and listening(int(port)))
    if not (home / "estate.yaml").exists():
        # Only the first time: whoever applied an estate of his own keeps it.
        collector("estate", "apply", data, write_estate(home, url, port))
    enrol(home, data, url)
    programs.append(start(home / "agent.log", "roundseal-agent", "run", "--state", home / "agent"))
    round_id = ""
    if password is not None:
        say("  inspecting this machine for the first time …")
        round_id = inspect(data)
    say("")
    say(f"  Open      {url}    (self-signed certificate: the browser warns; agents pin it)")
    say(f"  Log in    admin   {password or 'your password (another: roundseal-collector account reset)'}")
    if round_id:
        say(f"  Record    {round_id}")
    say(f"  Bundle    .venv/bin/roundseal-collector bundle make {data} --period today --out evidence.zip")
    say(f"            .venv/bin/roundseal-verify evidence.zip --policy {data}/policy")
    say(f"  Data      {home}   (logs: collector.log, agent.log)      Stop with Ctrl-C")


def alive(program: subprocess.Popen[bytes], log: Path) -> bool:
    if program.poll() is not None:
        raise Failed(f"it stopped:\n{log.read_text(errors='replace')[-2000:]}")
    return True


def stop(programs: list[subprocess.Popen[bytes]]) -> None:
    for program in reversed(programs):
        if program.poll() is None:
            program.send_signal(signal.SIGTERM)
    for program in programs:
        try:
            program.wait(20)
        except subprocess.TimeoutExpired:
            program.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=ROOT / "var")
    parser.add_argument("--listen", default=os.environ.get("LISTEN", "127.0.0.1:8443"))
    parser.add_argument("--once", action="store_true", help="stop after the first inspection")
    options = parser.parse_args()
    programs: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        bring_up(options.home, options.listen, programs)
        while not options.once and all(p.poll() is None for p in programs):
            time.sleep(1)
        if not options.once:
            raise Failed(f"a program ended by itself: see {options.home}/collector.log and agent.log")
    except Failed as problem:
        sys.stderr.write(f"make run: {problem}\n")
        return 2
    except KeyboardInterrupt:
        say("\n  stopping …")
    finally:
        stop(programs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
