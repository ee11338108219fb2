"""Kept configurations of network devices: all of it there, and how it differs from the one before.

What runs on the device, whether it is saved there and whether somebody approved it is network.config's to
ask; both give the same mark of the same text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, deviceconfig, standing
from checks.artefacts.artefact import Artefact, Seal
from checks.artefacts.deviceconfig import MAKES, Text
from checks.artefacts.envelopes import seal_seen
from checks.artefacts.layers import LayerError
from checks.artefacts.levels import UNTOLD, Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.opening import Sealed, key_of, opened_with
from checks.artefacts.sealing import Inside, judge_seal
from checks.places import Backups, Entry, Place, shown

PLAIN = ("ftp", "tftp", "http", "telnet")
TRANSPORTS = ("", "sftp", "scp", "ssh", "https", "netconf", "console", *PLAIN)
_HALF = 2  # shorter than one part in so many of the one before: something is missing


@dataclass(frozen=True, slots=True)
class Config:
    """One of them. `before`: the kept one that stands before it ("" none); `changed`: sections that differ
    from it, without clocks, salts and certificates; `before_bytes`: of the smaller of the two before.
    `startup`: mark of the saved one kept beside it ("" none)."""

    base: Artefact
    text: Text = field(default_factory=Text)
    before: str = ""
    before_bytes: int = 0
    changed: tuple[str, ...] = ()
    startup: str = ""
    trouble: str = ""
    layer: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """No line of a configuration; names of sections are commands' own words."""

    artefacts: tuple[Config, ...]
    stands: Stands


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`platform`: whose they are ("": found out). `startup`: ending of the saved configuration kept beside
    each (`.startup`; "" none is kept). `transport`: how they were fetched: sftp, scp, ssh, https, netconf,
    console, ftp, tftp, http, telnet ("" not said). `sealed`: how they must be encrypted."""

    platform: str = ""
    startup: str = ""
    transport: str = ""
    sealed: Sealed = field(default_factory=Sealed)

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.platform not in ("", *MAKES):
            raise ValueError(f"platform must be one of {', '.join(MAKES)}")
        if self.transport not in TRANSPORTS:
            raise ValueError(f"transport must be one of {', '.join(filter(None, TRANSPORTS))}")
        if "/" in self.startup:
            raise ValueError("startup is the ending of a name")


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as place, standing.remembered(backups, "read") as memory:
        found = standing.survey(place, params, memory)
        every = [one for one in found.all if not (params.startup and one.path.endswith(params.startup))]
        chosen = [one for one in found.chosen if one in every]
        texts: dict[str, Text] = {}
        made = []
        for entry in chosen:
            base = standing.read(place, found, entry, memory, params, backups.now())
            at = every.index(entry)
            made.append(_config(backups, place, params, base, entry, every[at + 1 : at + 3], texts))
    return Facts(tuple(made), found.stands)


def _config(
    backups: Backups,
    place: Place,
    params: Params,
    base: Artefact,
    entry: Entry,
    older: Sequence[Entry],
    texts: dict[str, Text],
) -> Config:
    if base.trouble or not base.bytes:
        return Config(base)
    try:
        text = _text(backups, place, params, entry.path, texts)
        base = _with_seal(place, base, entry)
    except LayerError as problem:
        return Config(_with_seal(place, base, entry), trouble=problem.reason, layer=problem.layer)
    before = Text()
    if older:
        try:
            before = _text(backups, place, params, older[0].path, texts)
        except (LayerError, OSError):
            before = Text()
    changed = deviceconfig.changes(text.sections or {}, before.sections or {}) if before.mark else ()
    return Config(
        base,
        text,
        before=shown(older[0].path.rpartition("/")[2]) if older else "",
        before_bytes=min((one.size for one in older), default=0),
        changed=tuple(shown(one) for one in changed),
        startup=_startup(backups, place, params, entry, texts),
    )


def _with_seal(place: Place, base: Artefact, entry: Entry) -> Artefact:
    with place.open(entry.path) as file:
        seal: Seal = seal_seen(file, entry.size)
    return replace(base, seal=seal)


def _text(backups: Backups, place: Place, params: Params, path: str, texts: dict[str, Text]) -> Text:
    if path not in texts:
        keys = key_of(backups, params.sealed)
        with opened_with(backups.tools, place, path, params.sealed, keys) as whole:
            raw = whole.stream.read(deviceconfig.MOST)
            if whole.stream.read(1):
                raise LayerError("too_much", "text")
        texts[path] = deviceconfig.read(raw, params.platform)
    return texts[path]


def _startup(backups: Backups, place: Place, params: Params, entry: Entry, texts: dict[str, Text]) -> str:
    if not params.startup:
        return ""
    try:
        return _text(backups, place, params, entry.path + params.startup, texts).mark
    except (LayerError, OSError):
        return ""


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        name = one.base.name
        yield from readings(name, _verdicts(one, asked, seen.taken_at))
        yield Reading(f"{name}:bytes", one.base.bytes, Unit.BYTES, State.OK)
        if one.before and one.text.mark:
            yield Reading(f"{name}:sections_changed", len(one.changed), Unit.COUNT, State.OK)
        if params.startup and one.text.mark:
            yield _saved(name, one)


def _saved(name: str, one: Config) -> Reading:
    if not one.startup:
        return Reading(f"{name}:saved", None, Unit.NONE, State.UNKNOWN, "not_reported")
    same = one.startup == one.text.mark
    state = State.OK if same else State.WARN
    return Reading(f"{name}:saved", int(same), Unit.NONE, state, "" if same else "not_saved")


def _verdicts(one: Config, params: Params, taken_at: int) -> Iterator[Verdict]:
    base = one.base
    yield from basic.judge_base(base, params, taken_at, inner=False)
    if params.transport in PLAIN:
        yield bad("plain_transport", params.transport)
    if base.trouble or not base.bytes:
        return
    # Of the two before the smaller one: after one that had grown by mistake the next is right again.
    if one.before_bytes and base.bytes * _HALF < one.before_bytes:
        yield bad("shrunk", one.before)
    yield from _form(one)
    hidden = one.trouble in UNTOLD
    inside = Inside(base.bytes, "" if hidden else one.trouble, one.layer, not hidden, bool(base.recorded))
    yield from judge_seal(base.name, base.seal, params.sealed, inside)


def _form(one: Config) -> Iterator[Verdict]:
    text = one.text
    if one.trouble:
        known = one.trouble if one.trouble in UNTOLD else "not_read"
        yield untold(Level.WELL_FORMED, known, one.layer)
    elif not text.platform:
        yield bad("error_text") if text.errors else untold(Level.WELL_FORMED, "unsupported")
    elif text.errors:
        yield bad("error_text", str(text.errors))
    elif not text.ends:
        yield bad("no_end_mark")
    elif not text.begins:
        yield bad("truncated")
    elif not _sections(text.sections):
        yield bad("nothing_inside")
    else:
        yield good(Level.WELL_FORMED)


def _sections(found: Mapping[str, str] | None) -> int:
    return len(found or {})


CHECK = Check(
    id="backup.device_config",
    version=4,
    title="网络设备配置备份",
    title_en="Kept configurations of network devices",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-08", "HA-11", "PD-30", "LH annex 1 r12"),
    needs=("read access to the kept configurations",),
)
