"""What an appliance, a tool or its mail says about backup jobs, read by a reader pack: data, not code.

A pack names how records are found in a text, or in JSON, and what their fields are; its words of status are
an allow-list. A word that is not on it means that nothing can be told.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

from checks.places import shown

FIELDS = ("id", "object", "kind", "start", "end", "status", "bytes", "files", "copy")
FORMS = ("text", "json", "lines")
KINDS = ("full", "incremental", "differential", "log", "snapshot")
MOST_BYTES = 8 << 20
MOST_JOBS = 10_000
_UNITS = {"": 1, "b": 1, "bytes": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}


class PackError(ValueError):
    """A reader pack that cannot be used."""

    code = "bad_pack"


@dataclass(frozen=True, slots=True)
class Pack:
    """A reader pack.

    `sample`: seen (with a recorded real output among the tests) or none. `form`: text, json, lines (a JSON
    value a line). `begin`: of text, the expression with which each record begins. `jobs`: of JSON, the path
    of the records: names, `[*]` each of a list, `*` each of a mapping; `only`: paths and the values they must
    have. `fields`: for each field the expressions (one group) or paths tried in turn; `=word` is that word,
    `../name` looks one record further out, `#1` is the first name that a `*` stood for. `good`, `bad`,
    `running`: words of status; `taint`: an expression that makes a record's status its own (`tainted`).
    `kinds`: kind -> words. `times`: strptime formats, `iso`, `epoch`. `counting`: ids are numbers without
    gaps.
    """

    name: str
    product: str
    versions: str = ""
    sample: str = "none"
    note: str = ""
    form: str = "text"
    begin: str = ""
    jobs: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    taint: str = ""
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    times: tuple[str, ...] = ("iso",)
    counting: bool = False

    def __post_init__(self) -> None:
        if self.form not in FORMS or self.sample not in ("seen", "none"):
            raise PackError("form must be text, json or lines, sample seen or none")
        if odd := [one for one in self.fields if one not in FIELDS]:
            raise PackError(f"fields: {odd[0]!r} is none of {', '.join(FIELDS)}")
        if odd := [one for one in self.kinds if one not in KINDS]:
            raise PackError(f"kinds: {odd[0]!r} is none of {', '.join(KINDS)}")
        if "status" not in self.fields or not self.good:
            raise PackError("a pack needs the field status and good words for it")
        try:
            for one in (self.begin, self.taint, *(self._expressions())):
                re.compile(one)
        except re.error as problem:
            raise PackError(str(problem)) from None

    def _expressions(self) -> Iterator[str]:
        if self.form == "text":
            for several in self.fields.values():
                yield from (one for one in several if not one.startswith("="))


@dataclass(frozen=True, slots=True)
class Job:
    """One job as reported. `said` is the word of status as it stands there, `outcome` what the pack makes of
    it: good, bad, running, unknown. Times UTC epoch ms; None or "" where nothing is said."""

    id: str = ""
    object: str = ""
    kind: str = ""
    start: int | None = None
    end: int | None = None
    said: str = ""
    outcome: str = "unknown"
    bytes: int | None = None
    files: int | None = None
    copy: str = ""


def read(raw: bytes, pack: Pack, zone_min: int) -> list[Job]:
    """Jobs in the order of the report; ValueError where it is not of the pack's form at all."""
    if pack.form == "text":
        return [_job(_of_text(pack, block), block, pack, zone_min) for block in _blocks(text_of(raw), pack)]
    # Of lines the whole output counts: what went wrong is said on lines of its own.
    whole = text_of(raw) if pack.form == "lines" else ""
    found = [one for one in _records(raw, pack) if _fits(one, pack)]
    return [_job(_of_json(pack, one), whole or one.text(), pack, zone_min) for one in found]


def text_of(raw: bytes) -> str:
    """A report's text: of a mail its subject and its text parts, decoded; else as UTF-8 or GB 18030."""
    if (
        re.match(rb"(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+\r?\n", raw[:65536])
        and b"\nSubject:" in raw[:65536]
    ):
        return _mail(raw)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding).replace("\r\n", "\n")
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1").replace("\r\n", "\n")


def _mail(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=policy.default)
    parts = [f"Subject: {message.get('Subject', '')}", f"Date: {message.get('Date', '')}", ""]
    for part in message.walk():
        if part.get_content_type() in ("text/plain", "text/html"):
            try:
                text = part.get_content()
            except (LookupError, ValueError):
                continue
            html = part.get_content_type() == "text/html"
            parts.append(re.sub(r"<[^>]{0,500}>", "\n", text) if html else text)
    return "\n".join(parts).replace("\r\n", "\n")


def _blocks(text: str, pack: Pack) -> list[str]:
    if not pack.begin:
        return [text]
    starts = [one.start() for one in re.finditer(pack.begin, text, re.MULTILINE)][:MOST_JOBS]
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def _of_text(pack: Pack, block: str) -> dict[str, str]:
    found = {}
    for name, several in pack.fields.items():
        for one in several:
            if one.startswith("="):
                found[name] = one[1:]
            elif match := re.search(one, block, re.MULTILINE):
                found[name] = match[1].strip()
            if name in found:
                break
    return found


@dataclass(frozen=True, slots=True)
class _Record:
    chain: tuple[Any, ...]  # the record, then what holds it, outwards
    names: tuple[str, ...]

    def text(self) -> str:
        """As text, for `taint`."""
        return json.dumps(self.chain[0], ensure_ascii=False)

    def get(self, path: str) -> str | None:
        """A field by its path."""
        if path.startswith("#"):
            number = int(path[1:] or 0) if path[1:].isdigit() else 0
            return self.names[number - 1] if 0 < number <= len(self.names) else None
        up = 0
        while path.startswith("../"):
            path, up = path[3:], up + 1
        value = self.chain[up] if up < len(self.chain) else None
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, str | int | float) else None


def _records(raw: bytes, pack: Pack) -> list[_Record]:
    if pack.form == "json":
        return list(_walk(json.loads(raw), pack.jobs, (), ()))[:MOST_JOBS]
    found = []
    for line in raw.splitlines():
        if line.strip().startswith((b"{", b"[")):
            found += list(_walk(json.loads(line), pack.jobs, (), ()))
    return found[:MOST_JOBS]


def _walk(value: Any, path: str, chain: tuple[Any, ...], names: tuple[str, ...]) -> Iterator[_Record]:
    if not path:
        yield _Record((value, *chain), names)
        return
    step, rest = _step(path)
    if step == "[*]":
        for one in value if isinstance(value, list) else ():
            yield from _walk(one, rest, chain, names)
    elif step == "*":
        for name, one in value.items() if isinstance(value, Mapping) else ():
            yield from _walk(one, rest, (value, *chain), (*names, str(name)))
    elif isinstance(value, Mapping) and step in value:
        yield from _walk(value[step], rest, (value, *chain), names)


def _step(path: str) -> tuple[str, str]:
    if path.startswith("[*]"):
        return "[*]", path[3:].removeprefix(".")
    match = re.match(r"[^.\[]+", path)
    step = match[0] if match else path
    return step, path[len(step) :].removeprefix(".")


def _fits(one: _Record, pack: Pack) -> bool:
    return all(one.get(path) == value for path, value in pack.only.items())


def _of_json(pack: Pack, one: _Record) -> dict[str, str]:
    found = {}
    for name, several in pack.fields.items():
        for path in several:
            value = path[1:] if path.startswith("=") else one.get(path)
            if value is not None:
                found[name] = value
                break
    return found


def _job(found: Mapping[str, str], whole: str, pack: Pack, zone_min: int) -> Job:
    said = shown(found.get("status", ""))[:80]
    if pack.taint and re.search(pack.taint, whole, re.MULTILINE):
        said = "tainted"
    kind = found.get("kind", "")
    known = next((name for name, words in pack.kinds.items() if kind in words), "")
    return Job(
        id=shown(found.get("id", ""))[:120],
        object=shown(found.get("object", ""))[:200],
        kind=known,
        start=moment(found.get("start", ""), pack.times, zone_min),
        end=moment(found.get("end", ""), pack.times, zone_min),
        said=said,
        outcome=_outcome(said, pack),
        bytes=_amount(found.get("bytes", "")),
        files=_amount(found.get("files", "")),
        copy=shown(found.get("copy", ""))[:200],
    )


def _outcome(said: str, pack: Pack) -> str:
    for outcome, words in (("good", pack.good), ("bad", pack.bad), ("running", pack.running)):
        if said in words:
            return outcome
    return "unknown"


def moment(text: str, formats: Sequence[str], zone_min: int) -> int | None:
    """A time as the pack's formats give it; without a zone it is `zone_min` east of Greenwich."""
    for one in formats:
        try:
            if one == "epoch":
                made = datetime.fromtimestamp(int(text), UTC)
            elif one == "iso":
                # More digits than microseconds are cut off.
                made = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
            else:
                made = datetime.strptime(text, one)  # the zone is added below
        except (ValueError, OverflowError, OSError):
            continue
        if made.tzinfo is None:
            made = made.replace(tzinfo=UTC) - timedelta(minutes=zone_min)
        return round(made.timestamp() * 1000)
    return None


def _amount(text: str) -> int | None:
    match = re.fullmatch(r"(\d[\d,]{0,25}?)(?:\.(\d{1,6})\d*)?\s*([A-Za-z]*)", text.strip())
    if match is None or match[3].lower() not in _UNITS:
        return None
    whole = int(match[1].replace(",", "")) * 1_000_000 + int((match[2] or "").ljust(6, "0") or 0)
    return whole * _UNITS[match[3].lower()] // 1_000_000
