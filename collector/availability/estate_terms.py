"""What an applied estate leaves in the log: terms, windows, rounds, and the files they came from."""

from dataclasses import dataclass, field

from checks.codec import from_json, to_json
from checks.wire import strict_json
from collector.availability.terms import ServiceTerms
from collector.availability.windows import Window
from collector.backups.policy import Policies
from collector.inspection.human import HumanRound
from collector.judging.scope import Contract, Scope
from collector.notify.rules import Rule


@dataclass(frozen=True, slots=True)
class EstateWindow:
    """A window of the estate file and the systems it is for; it counts only once approved."""

    systems: tuple[str, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class EstateTerms:
    """What figures and records depend on. `estate` is the digest (hex) of the files' packed bytes.

    `rounds`: names by id; `calendar`: version of the calendar that special rounds were expanded with;
    `human`: what rounds owe from people, with the checklists as they are asked. `backups`: what is promised
    of them by this estate: each object with one policy, of version 1, which begins with the entry.
    `contract`, `scope`: what scorecards depend on, where the estate names a contract. `notify`: who is told
    of what.
    """

    v: int
    estate: str
    name: str
    timezone: str
    calendar: str
    services: tuple[ServiceTerms, ...]
    windows: tuple[EstateWindow, ...] = ()
    rounds: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    human: tuple[HumanRound, ...] = ()
    backups: Policies | None = None
    contract: Contract | None = None
    scope: Scope | None = None
    notify: tuple[Rule, ...] = ()


def encode(terms: EstateTerms) -> bytes:
    """The bytes that are logged; an estate without backups, a contract or messages says nothing of them."""
    made = to_json(terms)
    for name in ("backups", "contract", "scope"):
        if made[name] is None:
            del made[name]
    if not made["notify"]:
        del made["notify"]
    for rule in made.get("notify", ()):
        if not rule["whose"]:
            del rule["whose"]
    return strict_json.dumps(made)


def parse(data: bytes) -> EstateTerms:
    """The document in `data`; WireError or FieldError if it is none."""
    return from_json(EstateTerms, strict_json.loads(data), "estate")
