"""A fault while its statements are gathered, and when what happened to it, by whose word. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.faults import said as words
from collector.faults.clocks import Told, in_time
from collector.faults.ground import Ground, Seen
from collector.faults.model import Moments
from collector.faults.said import Extent, time_of
from collector.notify.receipts import Message
from collector.statements.model import Said
from collector.statements.sides import agreed, weighed, word

_STOPS = {
    "acknowledged": "fault_acknowledged",
    "recovered": "fault_recovered",
    "substituted": "substituted",
    "team_support": "team_support",
}


@dataclass(slots=True)
class Draft:
    """A fault while its statements are gathered. `disputed`: (kind, entry) of what the vendor's side says
    against a word of the buyer's."""

    extent: Extent
    seen: Seen | None
    root: Said | None = None
    said: list[Said] = field(default_factory=list)
    disputed: list[tuple[str, int]] = field(default_factory=list)
    message: Message | None = None
    """The first message about it that a channel took."""
    told: Mapping[str, Message] = field(default_factory=dict)
    """The first of those by whose people it reached."""

    def of(self, kind: str) -> list[Said]:
        """Its statements of a kind, oldest first."""
        return [one for one in self.said if one.kind == kind]

    def last(self, kind: str) -> Said | None:
        """The newest of a kind, where one side alone may speak."""
        found = self.of(kind)
        return found[-1] if found else None

    def times(self, kind: str) -> list[Said]:
        """Those of a kind that tell a time which counts: against the buyer's word no other one does."""
        found = self.of(kind)
        heard = word(found, time_of)
        self.note(heard.disputed)
        return weighed(found)

    def note(self, found: Sequence[Said]) -> None:
        """What the buyer's word stands against."""
        self.disputed += [(one.kind, one.entry) for one in found]


def moments_of(draft: Draft, ground: Ground) -> tuple[Moments, list[str]]:
    """When what happened; what a person says of a time before the onset counts from the onset."""
    onset, seen = draft.extent.from_ms, draft.seen
    flags: list[str] = []

    def first(kind: str) -> int | None:
        times = [time_of(one) for one in draft.of(kind)]
        if times and min(times) < onset - words.REPORT_SLACK_MS:
            flags.append(f"{kind}_before_onset")
        return max(min(times), onset) if times else None

    recovered, more = _recovered(draft)
    arrivals: dict[str, int] = {}
    for one in _arrived(draft):
        role = words.text(one, "grade")
        arrivals[role] = min(arrivals.get(role, 2**62), max(time_of(one), onset))
    told, detected = _announced(draft, ground), None if seen is None else seen.detected_ms
    starts = in_time(told, onset if detected is None else detected)
    if told is not None and starts is None:
        flags.append("announced_late")
    moments = Moments(
        onset_ms=onset,
        detected_ms=detected,
        announced_ms=told,
        reported_ms=_reported(draft, starts, flags),
        acknowledged_ms=first("fault_acknowledged"),
        recovered_ms=recovered,
        arrivals=arrivals,
        substituted_ms=first("substituted"),
        team_support_ms=first("team_support"),
    )
    return moments, [*flags, *more]


def _announced(draft: Draft, ground: Ground) -> int | None:
    """When the log took the receipt of the first alert."""
    known = ground.announced.get(draft.extent.id)
    found = [known, None if draft.message is None else draft.message.received_ms]
    return min((at for at in found if at is not None), default=None)


def _reported(draft: Draft, announced: int | None, flags: list[str]) -> int | None:
    """The first report. What the machine had shown already no report of the vendor's own starts anew."""
    found = draft.of("fault_reported")
    if found and min(time_of(one) for one in found) < draft.extent.from_ms - words.REPORT_SLACK_MS:
        flags.append("fault_reported_before_onset")
    told = [time_of(one) for one in found if agreed(one)]
    others = [time_of(one) for one in found if not agreed(one)]
    known = [*told, *(() if announced is None else (announced,))]
    limit = min(known, default=None if draft.seen is None else draft.seen.detected_ms)
    return min([*told, *(at for at in others if limit is None or at <= limit)], default=None)


def _arrived(draft: Draft) -> list[Said]:
    """Arrivals; none of the vendor's side before the first that the buyer's side knows of."""
    found = draft.of("arrived")
    counts = weighed(found)
    first = min((time_of(one) for one in counts), default=None)
    if first is None or not (agreed(counts[0]) or len(counts) < len(found)):
        return found
    early = [one for one in found if one not in counts and time_of(one) < first]
    draft.note(early)
    return [one for one in found if one not in early]


def _recovered(draft: Draft) -> tuple[int | None, list[str]]:
    """Measured recovery wins; of several stated ones the latest, since it had not recovered before."""
    stated = [max(time_of(one), draft.extent.from_ms) for one in draft.times("fault_recovered")]
    if draft.seen is None:
        return max(stated, default=None), ["recovered_twice"] if len(set(stated)) > 1 else []
    out, seen = draft.seen.outage, draft.seen
    if out.recovered_ms is not None:
        return out.recovered_ms, []
    # Where nobody looked after the last bad look a person's word is all there is; never against the looks.
    blind = seen.observed_to_ms is not None and seen.observed_to_ms <= out.to_ms
    later = [at for at in stated if at >= out.to_ms]
    if blind and later:
        return max(later), ["recovery_stated"]
    return None, ["recovery_stated_not_seen"] if stated else []


def told_of(draft: Draft, moments: Moments) -> dict[str, tuple[Told, ...]]:
    """Who stated each stop, by its word; a measured recovery nobody has to state."""
    onset = draft.extent.from_ms

    def told(found: Sequence[Said], keep: Callable[[Told], bool] = lambda _one: True) -> tuple[Told, ...]:
        made = (Told(max(time_of(s), onset), s.received_ms, agreed(s), s.entry) for s in found)
        return tuple(one for one in made if keep(one))

    made = {stop: told(draft.of(kind)) for stop, kind in _STOPS.items() if stop != "recovered"}
    if draft.seen is None or draft.seen.outage.recovered_ms is None:
        found = told(draft.of("fault_recovered"), lambda one: one.at_ms == moments.recovered_ms)
        made["recovered"] = found
    arrived = _arrived(draft)
    made["arrived"] = told(arrived)
    for role in {words.text(one, "grade") for one in arrived} - {""}:
        made[f"arrived:{role}"] = told([one for one in arrived if words.text(one, "grade") == role])
    return made
