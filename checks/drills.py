"""Facts of a restore drill, alike for every kind, and what the source must offer: standard library only.

Times of phases, RTO: milliseconds on a clock that nobody sets, from the decision to restore; `decided` is
the one instant (UTC epoch milliseconds).
"""

from dataclasses import dataclass
from typing import Any, Protocol

from checks.artefacts.artefact import Artefact
from checks.artefacts.fingerprint import Compared
from checks.artefacts.look import Stands
from checks.places import Backups


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: locate, fetch, open, start, restore, recover, ask, read, pages, compare, clean.

    `start`, `end`: ms since the decision. `bytes`: what it wrote or read, 0 where that says nothing.
    """

    name: str
    start: int
    end: int
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Aborted:
    """An earlier attempt at the same object that ended without a result: the agent was killed in `phase`."""

    attempt: int
    phase: str
    begun: int


@dataclass(frozen=True, slots=True)
class Target:
    """What it was restored into, and how that was cut off.

    `programs`: same (the artefact's major), newer, wheel, "" not compared. `isolation`: root or
    user_namespace; `interfaces` of its network (lo alone), `refused`: addresses that the kernel had no way
    to. `system`: PostgreSQL's system identifier of the instance made for the drill, or of the restored data
    directory.
    """

    product: str = ""
    version: str = ""
    programs: str = ""
    system: str = ""
    directory: str = ""
    user: str = ""
    isolation: str = ""
    interfaces: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, asked after the restore. `sql`, `expected`, `got`: SHA-256 of their text ("" none)."""

    id: str
    sql: str
    expected: str
    got: str = ""
    at: int = 0  # ms since the decision
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Against:
    """What was restored beside what the source recorded. `word`: "" there is such a record, missing, or why
    it is none (edited, garbled …); `root`, `system`, `database`: as it says; `compared`: tables, or for a
    tree files."""

    word: str = "missing"
    root: str = ""
    system: str = ""
    database: str = ""
    compared: Compared | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands there after the restore, read whole. `listed`: tables that the artefact says it holds and
    `found` those of them that are there; `root` of the fingerprint, "" where it was not read."""

    tables: int = 0
    rows: int = 0
    bytes: int = 0
    root: str = ""
    listed: int | None = None
    found: int | None = None
    read: str = ""  # whole, failed, "" not read
    pages: str = ""  # good, damaged, no_tool, "" not looked at


@dataclass(frozen=True, slots=True)
class Roles:
    """The separately judged pass for roles: `made` here because nothing brought them (the first hundred)."""

    from_globals: bool = False
    made: tuple[str, ...] = ()
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Drilled:
    """One attempt. `reason`, `subject`: why it ended before its time ("" it did not), in phase `ended`."""

    base: Artefact
    attempt: int
    decided: int
    phases: tuple[Phase, ...]
    ended: str = ""
    reason: str = ""
    subject: str = ""
    aborted: tuple[Aborted, ...] = ()
    target: Target | None = None
    restored: Restored = Restored()
    roles: Roles = Roles()
    against: Against | None = None
    questions: tuple[Answer, ...] = ()
    rto: int | None = None
    rto_by: str = ""  # question: first right answer; ready: none asked, and it answers
    rpo: int | None = None  # ms from the artefact's inner time to the decision
    took: int = 0
    left: int = 0  # bytes that could not be removed


class Drills(Protocol):
    """Restores into throwaway instances."""

    def drill(self, wish: Any) -> tuple[Drilled | None, Stands]:
        """Do one, as checks.backup.drill.Params says, and what stands at the place. Whatever happens in it is
        in what comes back; None where there is nothing to restore."""


class Drilling(Backups, Protocol):
    """The source of backup checks where drills are done as well."""

    def drills(self) -> Drills:
        """Restores. ObservationError `unsupported` where this agent does none."""
