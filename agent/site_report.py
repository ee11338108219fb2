"""`doctor --site-report FILE`: what a first site teaches about products that could not be tried before.

One JSON file: this machine, what `doctor` says of each planned look, and for each planned target the raw
answers that tell its product, version and form. It is shown before it is written, and written only when
somebody agrees. `recording` and `outputs` read it back, so that a developer replays the device.

    {"v":1,"kind":"roundseal-site-report","made":"2026-11-21T08:00:00+00:00","holds":[…],
     "host":{…},"looks":[{"name","result","why"}…],
     "targets":[{"source":"snmp","target":…,"snmprec":["OID|TAGx|HEX"…]} | {"source":"ssh",…,"outputs":[…]}
                | {"source":"sql",…,"answers":[…]} | {"source":"bmc",…,"documents":{…}} | {…,"error":…}]}
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent import doctor_plan, settings, site_asks
from agent.errors import AgentError
from agent.plain import plain_mapping
from agent.shown import Shown, table
from agent.sources.means import Means
from agent.sources.snmp_responder import Recording
from agent.sources.snmp_responder import recording as recording_of
from agent.state import State
from checks.api import ObservationError

KIND = "roundseal-site-report"
HOLDS = (
    "this machine's system, kernel, Python and package versions",
    "names, addresses and outcomes of the planned looks",
    "SNMP: what a look is answered (the device's tables, name, serial numbers; not contact and location)",
    "SSH: outputs of the version, device and interface commands that looks use; no configuration, no log",
    "SQL: the version, names and types of the columns of the server's own views; no row of a table",
    "Redfish: service root, collections and the first member of each; IPMI: the board's identity",
    "no secret: every part of secrets.yaml but user names and words like sha256 is replaced by ***",
)
GONE = "***"
_AT_ONCE = 4
# Parts that name a way, not a secret.
_OPEN = frozenset({"user", "auth", "privacy", "agent", "key", "cert", "ca"})
_SHORTEST = 3
# A password that stands in an output, whoever's it is.
_TOLD = re.compile(
    r"((?:password|passwd|community|secret|cipher|passphrase|口令|密码)[\"']?\s*[:=]?\s*"
    r"(?:(?:read|write|ro|rw|simple|cipher|irreversible-cipher|hash|\d)\s+)*)([^\s,;\"'|{}]+)",
    re.IGNORECASE,
)


def run(state: State, path: Path, agree: Callable[[str], bool]) -> Shown:
    """Exit 0 written, 2 not; `agree` is shown the whole text and says whether it may be written."""
    made = report(state)
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    summary = _summary(made, len(text.encode()))
    if not agree(f"{text}\n{summary}\n"):
        return Shown({"status": "not_written", "bytes": len(text.encode())}, "not written", 2)
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise AgentError("site_report", f"{path}: {error.strerror}") from None
    return Shown({"status": "written", "file": str(path), "bytes": len(text.encode())}, f"written: {path}", 0)


def report(state: State) -> dict[str, Any]:
    """All of it, redacted."""
    given = settings.read(state)
    means, looks = given.means(state), doctor_plan.planned(state)
    points = doctor_plan.points(state, given)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(lambda one: _part(one, means), site_asks.targets(looks)))
    made = {
        "v": 1,
        "kind": KIND,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "holds": list(HOLDS),
        "host": site_asks.host(),
        "looks": [{"name": one.name, "result": one.word, "why": one.why} for one in points],
        "targets": parts,
    }
    clean: dict[str, Any] = _redacted(made, _patterns(_secrets(state)))
    return clean


def _part(asked: site_asks.Asked, means: Means) -> dict[str, Any]:
    source, target, ask = asked
    try:
        return {"source": source, "target": target, **ask(means)}
    except ObservationError as error:
        return {"source": source, "target": target, "error": str(error)}
    except Exception as error:  # an odd device must not cost the report the others
        return {"source": source, "target": target, "error": f"{type(error).__name__}"}


# Redaction


def _secrets(state: State) -> Iterator[str]:
    """Every secret text of secrets.yaml."""
    path = state.path("secrets.yaml")
    if not path.exists():
        return
    held = plain_mapping(path.read_text("utf-8"), path, "secrets", quiet=True)
    for parts in held.values():
        for key, value in parts.items() if isinstance(parts, dict) else ():
            if key not in _OPEN and isinstance(value, str | int) and len(str(value)) >= _SHORTEST:
                yield str(value)


def _patterns(secrets: Iterator[str]) -> re.Pattern[str] | None:
    """Each secret as it is and as it stands in hexadecimal; the longest first."""
    forms = {form for one in secrets for form in (one, one.encode().hex())}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None


def _redacted(value: Any, secrets: re.Pattern[str] | None) -> Any:
    if isinstance(value, str):
        if value in HOLDS:
            return value
        text = secrets.sub(GONE, value) if secrets is not None else value
        return _TOLD.sub(lambda found: found[1] + GONE, text) if "\n" in text else text
    if isinstance(value, Mapping):
        return {key: _redacted(item, secrets) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_redacted(item, secrets) for item in value]
    return value


def _summary(made: Mapping[str, Any], size: int) -> str:
    rows = [(one["source"], one["target"], _size(one)) for one in made["targets"]]
    said = [f"It holds ({size} bytes, shown above in full):", *(f"- {line}" for line in made["holds"])]
    return "\n".join([*said, "", table(rows) or "no planned target is reached over the network"])


def _size(part: Mapping[str, Any]) -> str:
    if "error" in part:
        return str(part["error"])[:100]
    counts = ((key, part[key]) for key in ("snmprec", "outputs", "answers", "documents") if key in part)
    return ", ".join(f"{len(held)} {key}" for key, held in counts) or "identity"


def ask_on_terminal(yes: bool, *, quiet: bool) -> Callable[[str], bool]:
    """Show the text; agree where `yes` says so, or somebody at the terminal does. `quiet`: on standard
    error, because standard output is to hold JSON only."""

    def agree(text: str) -> bool:
        (sys.stderr if quiet else sys.stdout).write(text)
        sys.stdout.flush()
        if yes:
            return True
        if not sys.stdin.isatty():
            sys.stderr.write("roundseal-agent: nobody to ask; --yes writes it\n")
            return False
        sys.stdout.write("Write it? [y/N] ")
        sys.stdout.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    return agree


# Read back, by a developer


def read(path: Path) -> dict[str, Any]:
    """A report; AgentError where the file is none."""
    try:
        made = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise AgentError("site_report", f"{path}: {error}") from None
    if not isinstance(made, dict) or made.get("kind") != KIND or made.get("v") != 1:
        raise AgentError("site_report", f"{path} is no site report")
    return made


def recording(made: Mapping[str, Any], target: str) -> Recording:
    """A target's SNMP answers, as agent.sources.snmp_responder serves them."""
    for part in made["targets"]:
        if part["source"] == "snmp" and part["target"] == target and "snmprec" in part:
            return recording_of(line.encode() for line in part["snmprec"])
    raise AgentError("site_report", f"no SNMP answers of {target} in it")


def outputs(made: Mapping[str, Any], target: str) -> tuple[str, dict[str, str]]:
    """A target's platform and its outputs by command, as agent.parsing reads them."""
    for part in made["targets"]:
        if part["source"] == "ssh" and part["target"] == target and "outputs" in part:
            return part["platform"], {one["command"]: one["text"] for one in part["outputs"]}
    raise AgentError("site_report", f"no outputs of {target} in it")
