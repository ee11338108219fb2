"""`make run`: a collector and an agent on this machine, a first inspection, then the address to open.

Everything lives below var/ (delete it to start anew). Both programs run until Ctrl-C; an agent that ends by
itself is started again. A start that was broken off is taken up where it stood. The one account
made here approves the agent of this machine with the code the agent printed: on a real estate a second
person compares that code.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DEFAULT = "127.0.0.1:8443"
PASSWORD_ASKED = 30.0  # seconds between two looks whether the one-time password is spent
AGENT_LIVED = 60.0  # seconds after which an agent that ended was no failed start
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


def listen_of(home: Path, given: str) -> str:
    """Where the collector listens: the agent has pinned the address of the first time."""
    made = home / "collector/collector.yaml"
    kept = (
        re.search(r"^listen: *(\S+)", made.read_text(encoding="utf-8"), re.MULTILINE)
        if made.exists()
        else None
    )
    if kept and given and given != kept[1]:
        raise Failed(
            f"{home} was set up for LISTEN={kept[1]}, and its agent reports there: leave LISTEN out, "
            f"or delete {home} to start anew"
        )
    return given or (kept[1] if kept else DEFAULT)


def check_free(listen: str, *, again: bool = False) -> None:
    """Failed, before anything is made, where the address cannot be listened on.

    `again`: an agent has pinned this address, so another port is no way out.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        if not host:
            raise ValueError
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except (ValueError, OverflowError):
        raise Failed(f"{listen}: HOST:PORT is wanted, as in LISTEN=127.0.0.1:9443 make run") from None
    except OSError as error:
        way = (
            "What was set up here reports to this address: stop what listens there (another make run?)"
            if again
            else "Say LISTEN=127.0.0.1:PORT make run with another PORT, or stop what listens there "
            "(another make run?)"
        )
        raise Failed(f"{listen}: {error.strerror}; nothing was made. {way}") from None


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


def unused_password(home: Path, data: Path) -> str | None:
    """The one-time password of the first time, while nobody has his own; then its file goes."""
    kept = home / "first-password"
    if not kept.exists():
        return None
    rows = json.loads(collector("account", "list", data, "--json"))
    unused = any(row["name"] == "admin" and row["must_change"] for row in rows)
    if not unused:
        kept.unlink()
        return None
    return kept.read_text(encoding="utf-8").strip()


def forget_password(home: Path) -> None:
    """Take the file of the one-time password away once it is spent; what cannot be asked is asked later."""
    with contextlib.suppress(Failed):
        unused_password(home, home / "collector")


def write_estate(home: Path, url: str, port: str) -> Path:
    text = (ROOT / "deploy/local/estate.yaml.in").read_text(encoding="utf-8")
    made = home / "estate.yaml.new"
    made.write_text(text.replace("@URL@", url).replace("@PORT@", port), encoding="utf-8")
    return made


def answers(data: Path) -> bool:
    done = subprocess.run(
        command("roundseal-collector", "agents", data, "--json"), capture_output=True, check=False
    )
    return done.returncode == 0


def listening(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    to = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104  # to, not on
    try:
        socket.create_connection((to, int(port)), 0.5).close()
    except OSError:
        return False
    return True


def approve_pending(data: Path) -> None:
    """Approve this machine's agent where a start was broken off between its enrolment and the approval."""
    for row in json.loads(collector("agents", data, "--json")):
        if row["state"] == "pending" and row["asset"] == "this-host" and row["epoch"] == 1:
            collector("agents", "approve", data, row["code"])


def enrol(home: Path, data: Path, url: str) -> None:
    """Enrol this machine's agent and approve it with the code it printed."""
    state = home / "agent"
    if (state / "agent.json").exists():
        approve_pending(data)
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


def has_record(data: Path) -> bool:
    return any(one["record"] for one in json.loads(collector("rounds", data, "--json")))


def start_agent(home: Path) -> subprocess.Popen[bytes]:
    return start(home / "agent.log", "roundseal-agent", "run", "--state", home / "agent")


def first_inspection(data: Path, *, must: bool) -> str:
    """The round's id; empty where it failed and need not be, as on an estate of one's own."""
    say("  inspecting this machine for the first time …")
    try:
        return inspect(data)
    except Failed as problem:
        if must:
            raise
        say(f"  no inspection: {problem}")
        return ""


def bring_up(home: Path, given: str, programs: list[subprocess.Popen[bytes]]) -> None:
    listen = listen_of(home, given)
    data, url = home / "collector", f"https://{listen}"
    check_free(listen, again=(data / "collector.yaml").exists())
    made_now = first_set_up(home, listen)
    if not made_now:
        collector("rebuild", data, "--if-needed")  # after an update of this program
    password = made_now or unused_password(home, data)
    programs.append(start(home / "collector.log", "roundseal-collector", "serve", data, "--listen", listen))
    wait_for("the collector", lambda: alive(programs[0], home / "collector.log") and listening(listen))
    if not (home / "estate.yaml").exists():
        # Only the first time: whoever applied an estate of his own keeps it. It has this name once in force.
        made = write_estate(home, url, listen.rpartition(":")[2])
        collector("estate", "apply", data, made)
        made.rename(home / "estate.yaml")
    enrol(home, data, url)
    programs.append(start_agent(home))
    round_id = ""
    if password is not None and not has_record(data):
        round_id = first_inspection(data, must=made_now is not None)
    say("")
    say(f"  Open      {url}    (self-signed certificate: the browser warns; agents pin it)")
    say(f"  Log in    admin   {password or 'your password'}")
    if password is None:
        say(f"            (another: .venv/bin/roundseal-collector account reset {data} admin)")
    else:
        say(f"            (until you choose your own it also stands in {home}/first-password)")
    if round_id:
        say(f"  Record    {round_id}")
    say(f"  Bundle    .venv/bin/roundseal-collector bundle make {data} --period today --out evidence.zip")
    say(f"            .venv/bin/roundseal-verify evidence.zip --policy {data}/policy")
    say(f"  Data      {home}   (logs: collector.log, agent.log)      Stop with Ctrl-C")


def watch(home: Path, programs: list[subprocess.Popen[bytes]]) -> None:
    """Until the collector ends (Failed). An agent that ends is started again, later each time."""
    pause, started = 1.0, time.monotonic()
    asked = started
    while True:
        time.sleep(1)
        if (home / "first-password").exists() and time.monotonic() - asked > PASSWORD_ASKED:
            forget_password(home)
            asked = time.monotonic()
        if programs[0].poll() is not None:
            raise Failed(
                f"the collector ended by itself (exit {programs[0].returncode}): {home}/collector.log"
            )
        if programs[1].poll() is None:
            continue
        pause = 1.0 if time.monotonic() - started > AGENT_LIVED else min(2 * pause, AGENT_LIVED)
        say(
            f"  the agent ended by itself (exit {programs[1].returncode}, see {home}/agent.log); "
            f"starting it again in {pause:.0f} s"
        )
        time.sleep(pause)
        programs[1], started = start_agent(home), time.monotonic()


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


def asked_to_stop(*_: object) -> None:
    """Who asks twice, or asks make and this together, is heard once: both programs end in seconds."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def check_installed(programs: Path = BIN) -> None:
    """Programs of an environment name the folder it was made in: a checkout that was moved has none."""
    first = (programs / "roundseal-collector").read_bytes().partition(b"\n")[0]
    if first.startswith(b"#!/") and not Path(os.fsdecode(first[2:]).partition(" ")[0]).exists():
        raise Failed("this checkout was moved: rm -rf .venv, then make run again; what is in var/ stays")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=ROOT / "var")
    parser.add_argument("--listen", default=os.environ.get("LISTEN", ""))
    parser.add_argument("--once", action="store_true", help="stop after the first inspection")
    options = parser.parse_args()
    programs: list[subprocess.Popen[bytes]] = []
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, asked_to_stop)
    try:
        check_installed()
        bring_up(options.home, options.listen, programs)
        if not options.once:
            watch(options.home, programs)
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
