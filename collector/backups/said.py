"""What people's signed statements and agents' lines are together: everything that the engine reads (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from checks.artefacts.levels import REASONS, Level, Outcome, Verdict, bad, good, untold
from collector.backups.lines import Rows
from collector.backups.observed import Change, Drill, Epoch, Excuse, Observed
from collector.backups.policy import Policies

# Kinds of statements about backups; what each holds: collector/jobs/backup_statements.py.
KINDS = (
    "recovery",
    "media_tested",
    "backup_excuse",
    "backup_accept",
    "backup_change",
    "backup_epoch",
    "backup_alias",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A statement: its entry, when it came (UTC ms), its header."""

    idx: int
    received: int
    header: Mapping[str, Any]

    @property
    def object(self) -> str:
        """What it is about."""
        return str(self.header.get("object", ""))


def observed_of(rows: Rows, said: Sequence[Said], policies: Policies) -> Observed:
    """Looks, drills, recoveries, excuses, changes, epochs; seeds that the collector chose."""
    return Observed(
        places=rows.places,
        fingerprints=rows.fingerprints,
        drills=(*rows.drills, *(_recovery(one) for one in _of(said, "recovery"))),
        excuses=tuple(_excuses(said)),
        changes=tuple(_change(one) for one in _of(said, "backup_change")),
        epochs=tuple(
            Epoch(one.object, one.header["at"], one.idx, one.header["reason"])
            for one in _of(said, "backup_epoch")
        ),
        seeds=_Seeds(policies),
    )


def cited(policies: Policies, said: Iterable[Said]) -> Policies:
    """Policies whose aliases stand on a statement that names them; another entry is no signature."""
    known = {(one.idx, one.object, one.header["name"]) for one in _of(said, "backup_alias")}
    objects = tuple(
        replace(
            thing,
            aliases=tuple(
                alias if (alias.entry, thing.name, alias.name) in known else replace(alias, entry=None)
                for alias in thing.aliases
            ),
        )
        if thing.aliases
        else thing
        for thing in policies.objects
    )
    return replace(policies, objects=objects)


def _of(said: Iterable[Said], kind: str) -> Iterator[Said]:
    return (one for one in said if one.header["kind"] == kind)


def _recovery(one: Said) -> Drill:
    h = one.header
    recovered = h.get("recovered")
    return Drill(
        id=f"recovery-{one.idx}",
        object=one.object,
        begun_ms=h["begun"],
        artefact=h.get("artefact", ""),
        place=h.get("place", ""),
        decided_ms=h.get("decided", h["begun"]),
        answered_ms=h.get("answered"),
        ended_ms=h.get("ended", h.get("answered")),
        verdicts=(_verdict(h),),
        bytes=h.get("bytes", 0),
        whole=h.get("whole", h.get("bytes", 0)),
        real=True,
        target=h.get("target", ""),
        recovered=(recovered[0], recovered[1]) if recovered else None,
        received_ms=one.received,
    )


def _verdict(h: Mapping[str, Any]) -> Verdict:
    if h["outcome"] == Outcome.GOOD:
        return good(Level.USABLE)
    reason = h.get("reason", "restore_failed")
    return bad(reason) if h["outcome"] == Outcome.BAD else untold(REASONS[reason], "not_recorded")


def _excuses(said: Sequence[Said]) -> Iterator[Excuse]:
    """Excuses, with when the buyer accepted them: his paper must be in the log (accounts of buyers and their
    own keys are not in this version)."""
    accepted: dict[int, int] = {}
    for one in _of(said, "backup_accept"):
        if one.header.get("document"):
            accepted.setdefault(one.header["excuse"], one.received)
    for one in _of(said, "backup_excuse"):
        yield Excuse(
            object=one.object,
            from_ms=one.header.get("from", 0),
            to_ms=one.header.get("to", 0),
            given_ms=one.received,
            entry=one.idx,
            drill=one.header.get("drill", ""),
            accepted_ms=accepted.get(one.idx),
        )


def _change(one: Said) -> Change:
    name = one.header.get("name", f"change-{one.idx}")
    return Change(name, one.object, one.header["what"], one.header["at"])


class _Seeds(dict[str, tuple[str, str]]):
    """Seeds of drawn drills: while no witness notes them they are chosen by the collector, and called so."""

    def __init__(self, policies: Policies) -> None:
        super().__init__()
        self._name = "\0".join(one.name for one in policies.objects).encode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Seeds) and self._name == other._name

    def __ne__(self, other: object) -> bool:
        return not self == other  # else a mapping compares what it holds, which is nothing

    __hash__ = None  # as any mapping

    def __missing__(self, period: str) -> tuple[str, str]:
        return sha256(self._name + b"\0" + period.encode()).hexdigest(), "collector"

    def get(self, period: str, default: Any = None) -> Any:
        """Never nothing."""
        return self[period]
