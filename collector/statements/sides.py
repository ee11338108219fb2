"""Whose word counts where both sides may speak (contracts.md 2.1, 3.1, 3.2): the buyer's stands. Pure.

A word is *agreed* if the buyer's side said it, or joined in what the vendor's said (`second`). Of several
about one thing the newest agreed one counts, however many the vendor's side says after it: those that say
something else are *disputed*. The vendor's word alone counts while nobody of the buyer's side spoke, and is
marked: it waits to be confirmed.

Whoever may run the collector's command line can name any account there (`through` command). So what it wrote
in somebody's name counts as its side's word only where nobody of that side spoke with a key or after a login;
else it is set aside, and *disputed* where it says otherwise. The same holds for joining in.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from collector.statements.model import Said, Through
from collector.statements.persons import side

BUYER, VENDOR = "buyer", "vendor"


@dataclass(frozen=True, slots=True)
class Word:
    """Of statements about one thing: the one that counts (None: nobody spoke), whether it is agreed, and
    later ones that say otherwise and do not count: of the vendor's side, or of the command line."""

    said: Said | None = None
    agreed: bool = False
    disputed: tuple[Said, ...] = ()


def agreed(one: Said) -> bool:
    """Whether the buyer's side said it or joined in."""
    return side(one.role) == BUYER or one.confirmed


def firm(one: Said) -> bool:
    """Whether more than the command line vouches for whoever's word it is: the author's, else that of the
    buyer who joined in."""
    through = one.confirmed_by if one.confirmed and one.confirmed_by is not None else one.through
    return through is not Through.COMMAND


def weighed(found: Sequence[Said]) -> list[Said]:
    """Those that count as their side's word: the agreed ones if there are any; of these the firm ones if
    there are any."""
    good = [one for one in found if agreed(one)] or list(found)
    return [one for one in good if firm(one)] or good


def set_aside(found: Iterable[Said], about: Callable[[Said], Hashable]) -> frozenset[int]:
    """Entries of the command line's words after a firm one of the same side about the same, in order of
    receipt; `about`: what each is about."""
    spoken: set[tuple[str, Hashable]] = set()
    made: set[int] = set()
    for one in found:
        place = (side(one.role), about(one))
        if firm(one):
            spoken.add(place)
        elif place in spoken:
            made.add(one.entry)
    return frozenset(made)


def beneath(found: Sequence[Said], about: Callable[[Said], Hashable]) -> list[Said]:
    """The same statements, but those that would be set aside first: for where a later one counts over an
    earlier one only as far as it reaches."""
    aside = set_aside(found, about)
    return sorted(found, key=lambda one: one.entry not in aside)


def word(found: Sequence[Said], told: Callable[[Said], object]) -> Word:
    """Whose word counts of those about one thing, in order of receipt; `told`: what each says of it."""
    if not found:
        return Word()
    counts = weighed(found)[-1]
    after = found[max(place for place, one in enumerate(found) if one is counts) + 1 :]
    return Word(counts, agreed(counts), tuple(one for one in after if told(one) != told(counts)))


def confirms(first: Said, role: str) -> bool:
    """Whether somebody of this role, joining in, confirms what the vendor's side said."""
    return side(first.role) == VENDOR and side(role) == BUYER
