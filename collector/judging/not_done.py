"""That something did not happen (未开展): nobody and nothing can show it but a word of who would gain by the
contrary, or of the buyer. Pure.

Where it stands the line is proven without what was not done. What says that it was done after all
contradicts: signed looks stand against any word; of words the buyer's counts (collector/statements/sides.py);
two words of the vendor's own side leave it open.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.judging.asked import Asked
from collector.judging.ground import day
from collector.judging.said import belongs
from collector.scoring.model import Gap, Item, Proof
from collector.statements.model import Said
from collector.statements.sides import weighed, word

NOT_DONE = "not_done"
_MEASURED = ("inspection", "backup")  # of what agents signed no word says that it was not
Facts = tuple[list[Item], list[Gap]]


@dataclass(frozen=True, slots=True)
class Place:
    """What a statement is about: a kind of item of a unit and system (None: of all)."""

    kind: str
    unit: str | None
    system: str | None

    def has(self, one: Item | Gap) -> bool:
        """Whether an item or a gap is of it."""
        if one.kind != self.kind:
            return False
        return self.unit in (None, one.unit) and self.system in (None, one.system)


def settled(said: Sequence[Said], found: tuple[Sequence[Item], Sequence[Gap]], asked: Asked) -> Facts:
    """Items and gaps of a period that is over, after what was stated not to have been done."""
    items, gaps = list(found[0]), list(found[1])
    by_entry = {one.entry: one for one in said}
    for place, words in _told(said, asked).items():
        against = [one for one in items if place.has(one) and place.kind not in _MEASURED]
        sources = {one.entry: one for item in against for one in _sources(item, by_entry)}
        every = sorted((*words, *sources.values()), key=lambda one: (one.received_ms, one.entry))
        stands = word(every, lambda one: one.kind == NOT_DONE)
        disputed = bool(sources) or any(place.has(one) for one in items)
        denied = stands.said is not None and (stands.said.kind == NOT_DONE or not stands.agreed)
        if denied:
            items = [one for one in items if one not in against]
        gaps = [one for one in gaps if not place.has(one)]
        if sources and not stands.agreed:
            facts: dict[str, str | int | bool | None] = {}
            gaps.append(Gap(place.kind, "disputed", place.unit, place.system, len(sources), facts, "buyer"))
        items.append(_mark(place, words, tuple(sources), disputed))
    return items, gaps


def _told(said: Iterable[Said], asked: Asked) -> Mapping[Place, list[Said]]:
    made: dict[Place, list[Said]] = {}
    if asked.as_of_ms < asked.period.to_ms:
        return made  # it may still be done
    for one in said:
        if one.kind == NOT_DONE and one.fields.get("item") in asked.kinds and belongs(one, asked.period):
            unit, system = (_text(one, name) for name in ("unit", "system"))
            made.setdefault(Place(str(one.fields["item"]), unit, system), []).append(one)
    return made


def _text(one: Said, name: str) -> str | None:
    value = one.fields.get(name)
    return value if isinstance(value, str) and value else None


def _sources(item: Item, by_entry: Mapping[int, Said]) -> Iterator[Said]:
    for proof in item.proofs:
        if (found := by_entry.get(proof.entry)) is not None and found.kind != "second":
            yield found


def _mark(place: Place, words: Sequence[Said], against: tuple[int, ...], disputed: bool) -> Item:
    """What the line cites: the word, and whether something stands against it."""
    newest = weighed(words)[-1]
    return Item(
        NOT_DONE,
        day=day(newest.received_ms),
        at_ms=newest.received_ms,
        unit=place.unit,
        system=place.system,
        facts={"item": place.kind, "disputed": disputed, "against": ",".join(map(str, against))},
        proofs=tuple(Proof(entry, newest.by, newest.grade) for entry in (newest.entry, *newest.seconds)),
        title=str(newest.fields.get("text") or ""),
    )
