"""Header of a batch: the small JSON object that is signed and that commits to the body.

    {"v":1,"log":…,"agent":…,"epoch":1,"seq":0,"prev":hex,"kind":"results","n":…,"bytes":…,"root":hex,
     "from":ms,"to":ms,"clock":{"wall":ms,"mono":ms,"boot":id,"offset_us":µs|null,"sync":bool|null},
     "seen":{"size":…,"note":hex}|null,"plan":hex|"","code":hex,"machine":hex}

and, after these, `loss`, `resume` or `rotate` where `kind` says so. Written in this order; read in
any. Every key must be there, no other may be.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from checks.wire import strict_json, tree
from checks.wire.errors import Code, WireError
from checks.wire.numbers import ALG_ED25519, MAX_BODY, MAX_HEADER, MAX_INT, MAX_LINES

VERSION = 1


class Kind(StrEnum):
    """What a batch is."""

    RESULTS = "results"
    LOSS = "loss"
    RESUME = "resume"
    ROTATE = "rotate"


@dataclass(frozen=True, slots=True)
class Clock:
    """The agent's clocks when it signed; `offset_us` and `sync` are None where it cannot know."""

    wall: int
    mono: int
    boot: str
    offset_us: int | None
    sync: bool | None


@dataclass(frozen=True, slots=True)
class SeenNote:
    """Newest checkpoint that the agent verified: its size, SHA-256 (hex) of the signed note."""

    size: int
    note: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Batches a..b will never come; what they covered (`from` to `to`) is unknown."""

    a: int
    b: int
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """After an older snapshot: `had` was the agent's own last seq (-1: none), `after` the log's."""

    had: int
    after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rotate:
    """From the next seq on, this key signs. The batch carries signatures by both keys."""

    public: str
    alg: int = ALG_ED25519


@dataclass(frozen=True, slots=True)
class Header:
    """All fields of one header; hashes and keys are lower-case hex."""

    log: str
    agent: str
    epoch: int
    seq: int
    prev: str
    kind: Kind
    n: int
    bytes: int
    root: str
    from_ms: int
    to_ms: int
    clock: Clock
    seen: SeenNote | None
    plan: str
    code: str
    machine: str
    loss: Loss | None = None
    resume: Resume | None = None
    rotate: Rotate | None = None
    v: int = VERSION


_KINDS = {str(kind): kind for kind in Kind}
_HEX64 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REASON = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_ORIGIN = re.compile(r"[!-*,-~]{1,255}")  # printable ASCII without space and plus

_EMPTY = tree.EMPTY_ROOT.hex()


class _Problem(Exception):
    """A value that does not fit; each object around it puts its key in front of the path."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path


_Read = Callable[[Any], Any]


def _int(low: int = 0, high: int = MAX_INT) -> _Read:
    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _Problem(f"a whole number from {low} to {high} is wanted")
        return value

    return read


def _text(pattern: re.Pattern[str]) -> _Read:
    matches = pattern.fullmatch

    def read(value: Any) -> str:
        if type(value) is not str or matches(value) is None:
            raise _Problem(f"a text like {pattern.pattern} is wanted")
        return value

    return read


def _maybe(read: _Read) -> _Read:
    return lambda value: None if value is None else read(value)


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise _Problem("true or false is wanted")
    return value


def _plan(value: Any) -> Any:
    return "" if value == "" else _digest(value)


def _kind(value: Any) -> Kind:
    if type(value) is not str or value not in _KINDS:
        raise _Problem(f"none of: {', '.join(_KINDS)}")
    return _KINDS[value]


def _object(make: Callable[..., Any], **reads: _Read) -> _Read:
    return lambda value: make(**_fields(reads, value))


def _fields(reads: dict[str, _Read], value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _Problem("an object is wanted")
    if value.keys() != reads.keys():
        odd = sorted(value.keys() ^ reads.keys())[0]
        raise _Problem("unknown key" if odd in value else "missing", f".{odd[:64]}")
    made = {}
    for name, read in reads.items():
        try:
            made[name] = read(value[name])
        except _Problem as problem:
            raise _Problem(problem.problem, f".{name}{problem.path}") from None
    return made


_digest = _text(_HEX64)
_reason = _text(_REASON)
_READS: dict[str, _Read] = {
    "v": _int(VERSION, VERSION),
    "log": _text(_ORIGIN),
    "agent": _text(_ID),
    "epoch": _int(1, 2**31 - 1),
    "seq": _int(),
    "prev": _digest,
    "kind": _kind,
    "n": _int(0, MAX_LINES),
    "bytes": _int(0, MAX_BODY),
    "root": _digest,
    "from": _int(),
    "to": _int(),
    "clock": _object(
        Clock,
        wall=_int(),
        mono=_int(),
        boot=_text(_ID),
        offset_us=_maybe(_int(-MAX_INT)),
        sync=_maybe(_bool),
    ),
    "seen": _maybe(_object(SeenNote, size=_int(), note=_digest)),
    "plan": _plan,
    "code": _digest,
    "machine": _digest,
}
_EXTRA: dict[str, _Read] = {
    Kind.LOSS: _object(Loss, a=_int(), b=_int(), reason=_reason),
    Kind.RESUME: _object(Resume, had=_int(-1), after=_int(), reason=_reason),
    Kind.ROTATE: _object(Rotate, alg=_int(ALG_ED25519, ALG_ED25519), public=_digest),
}

_BY_KIND = {kind: {**_READS, kind: read} for kind, read in _EXTRA.items()}


def _consistent(header: Header) -> None:
    """Rules between fields."""
    if header.from_ms > header.to_ms:
        raise _Problem("before from", ".to")
    holds = header.kind is Kind.RESULTS
    if holds != (header.n > 0) or holds != (header.bytes > 0):
        raise _Problem(f"a {header.kind} batch with {header.n} lines, {header.bytes} bytes", ".n")
    if not holds and header.root != _EMPTY:
        raise _Problem("no lines have another root", ".root")
    if header.bytes < 2 * header.n:
        raise _Problem(f"{header.n} lines cannot fit in {header.bytes} bytes", ".bytes")
    if header.loss and header.loss.a > header.loss.b:
        raise _Problem("before a", ".loss.b")
    if header.resume and header.resume.after != header.seq - 1:
        raise _Problem("not the seq before this one", ".resume.after")


def parse(data: bytes) -> Header:
    """The header in these bytes; WireError `bad_header` or `bad_json`."""
    if len(data) > MAX_HEADER:
        raise WireError(Code.TOO_LARGE, f"header of {len(data)} bytes, at most {MAX_HEADER}")
    return _read(strict_json.loads(data, max_depth=4))


def _read(value: Any) -> Header:
    kind = value.get("kind") if type(value) is dict else None
    reads = _BY_KIND.get(kind, _READS) if type(kind) is str else _READS
    try:
        fields = _fields(reads, value)
        header = Header(from_ms=fields.pop("from"), to_ms=fields.pop("to"), **fields)
        _consistent(header)
    except _Problem as problem:
        raise WireError(Code.BAD_HEADER, f"header{problem.path}: {problem.problem}") from None
    return header


def encode(header: Header) -> bytes:
    """The bytes to sign: keys in the order of this module's text. Refuses what `parse` refuses."""
    clock, seen = header.clock, header.seen
    value: dict[str, Any] = {
        "v": header.v,
        "log": header.log,
        "agent": header.agent,
        "epoch": header.epoch,
        "seq": header.seq,
        "prev": header.prev,
        "kind": str(header.kind),
        "n": header.n,
        "bytes": header.bytes,
        "root": header.root,
        "from": header.from_ms,
        "to": header.to_ms,
        "clock": {
            "wall": clock.wall,
            "mono": clock.mono,
            "boot": clock.boot,
            "offset_us": clock.offset_us,
            "sync": clock.sync,
        },
        "seen": {"size": seen.size, "note": seen.note} if seen else None,
        "plan": header.plan,
        "code": header.code,
        "machine": header.machine,
    }
    value.update(_extra(header))
    if _read(value) != header:
        raise WireError(Code.BAD_HEADER, "header: does not read back as written")
    data = strict_json.dumps(value)
    if len(data) > MAX_HEADER:
        raise WireError(Code.TOO_LARGE, f"header of {len(data)} bytes, at most {MAX_HEADER}")
    return data


def _extra(header: Header) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if header.loss:
        made["loss"] = {"a": header.loss.a, "b": header.loss.b, "reason": header.loss.reason}
    if header.resume:
        resume = header.resume
        made["resume"] = {"had": resume.had, "after": resume.after, "reason": resume.reason}
    if header.rotate:
        made["rotate"] = {"alg": header.rotate.alg, "public": header.rotate.public}
    return made
