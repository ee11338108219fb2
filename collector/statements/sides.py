"""Whose word counts where both sides may speak (contracts.md 2.1, 3.1, 3.2): the buyer's stands. Pure.

A word is *agreed* if the buyer's side said it, or joined in what the vendor's said (`second`). Of several
about one thing the newest agreed one counts, however many the vendor's side says after it: those that say
something else are *disputed*. The vendor's word alone counts while nobody of the buyer's side spoke, and is
marked: it waits to be confirmed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.statements.model import Said
from collector.statements.persons import side

BUYER, VENDOR = "buyer", "vendor"


@dataclass(frozen=True, slots=True)
class Word:
    """Of statements about one thing: the one that counts (None: nobody spoke), whether it is agreed, and
    later ones of the vendor's side that say otherwise."""

    said: Said | None = None
    agreed: bool = False
    disputed: tuple[Said, ...] = ()


def agreed(one: Said) -> bool:
    """Whether the buyer's side said it or joined in."""
    return side(one.role) == BUYER or one.confirmed


def word(found: Sequence[Said], told: Callable[[Said], object]) -> Word:
    """Whose word counts of those about one thing, in order of receipt; `told`: what each says of it."""
    if not found:
        return Word()
    good = [number for number, one in enumerate(found) if agreed(one)]
    if not good:
        return Word(found[-1])
    first = found[good[-1]]
    after = found[good[-1] + 1 :]
    return Word(first, True, tuple(one for one in after if told(one) != told(first)))


def confirms(first: Said, role: str) -> bool:
    """Whether somebody of this role, joining in, confirms what the vendor's side said."""
    return side(first.role) == VENDOR and side(role) == BUYER
