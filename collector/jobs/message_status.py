"""How messages stand: for each recipient what waits, was taken or failed, and why it cannot go out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from collector.context import Context
from collector.notify.channels import missing
from collector.notify.means import Means, MeansError
from collector.notify.rules import CUSTOM, SECRET, Rule, channel_of, digest_of
from collector.store import estates, messages
from collector.store.messages import ACCEPTED, FAILED, WAITING

_NONE = (0, 0)
RESTORED = "restored from a backup: held until every approved agent has reported (or serve --accept-restore)"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient of the estate in force. `name`: of its rule, else its number; `shown`: without what may
    be a token; `why`: a detail where nothing can go out as things are set up; `code`: of the last try that
    failed and has not been made good, "" where there is none; `blind`: what he is to be told of and cannot be
    looked for; `held`: why nobody is told anything as yet. Counts are of the outbox, which keeps ended lines
    for three months."""

    name: str
    to: str
    shown: str
    whens: tuple[str, ...]
    waiting: int = 0
    taken: int = 0
    failed: int = 0
    last_ms: int | None = None
    code: str = ""
    why: str = ""
    blind: tuple[str, ...] = ()
    whose: tuple[str, ...] = ()
    held: str = ""

    @property
    def good(self) -> bool | None:
        """Whether messages go out: None where nothing tells, for none was taken yet."""
        if self.held or self.why or self.code or self.blind:
            return False
        return True if self.taken else None

    @property
    def trouble(self) -> str:
        """Why he is not told what he is to be told; "" where nothing says so."""
        blind = f"cannot be looked for: {', '.join(self.blind)}" if self.blind else ""
        return self.held or self.why or self.code or blind


def shown(to: str) -> str:
    """A recipient without what may be a token: its channel and a few letters of its digest."""
    if to.startswith((SECRET, CUSTOM)):
        return to
    return f"{to.partition('://')[0]}://… ({digest_of(to)[:8]})"


def held(directory: Path) -> str:
    """Why nobody is told anything; "" where people are. A copy that was restored beside the living
    collector has its tokens, and hears none of its agents: what it would tell is not so. It holds still as
    the signing of checkpoints does (`jobs.checkpoints`), and as long."""
    return RESTORED if (directory / "restored").exists() else ""


def rules(conn: Connection) -> tuple[Rule, ...]:
    """The rules in force."""
    applied = estates.newest(conn)
    return () if applied is None else estates.terms(conn, applied.idx).notify


def recipients(context: Context, conn: Connection) -> list[Recipient]:
    """Every recipient of the estate in force, in its order."""
    by_to: dict[str, list[tuple[int, Rule]]] = {}
    for number, rule in enumerate(rules(conn), 1):
        by_to.setdefault(rule.to, []).append((number, rule))
    means, still = Means(context.directory), held(context.directory)
    count, blind = messages.tally(conn), messages.blind(conn)
    return [
        replace(
            _recipient(to, mine, count.get(to, {}), messages.last_code(conn, to), why(means, to)),
            blind=tuple(sorted({rule.when for _, rule in mine} & blind.keys())),
            whose=mine[0][1].whose,
            held=still,
        )
        for to, mine in by_to.items()
    ]


def _recipient(
    to: str, held: Sequence[tuple[int, Rule]], count: Mapping[str, tuple[int, int]], code: str, why: str
) -> Recipient:
    named = next((rule.id for _, rule in held if rule.id), "") or str(held[0][0])
    return Recipient(
        name=named,
        to=to,
        shown=shown(to),
        whens=tuple(dict.fromkeys(rule.when for _, rule in held)),
        waiting=count.get(WAITING, _NONE)[0],
        taken=count.get(ACCEPTED, _NONE)[0],
        failed=count.get(FAILED, _NONE)[0],
        last_ms=count[ACCEPTED][1] if ACCEPTED in count else None,
        code=code,
        why=why,
    )


def why(means: Means, to: str) -> str:
    """Why nothing can go out to a recipient as things are set up here; "" where it can."""
    try:
        address = means.address(to)
    except MeansError as error:
        return str(error)
    shown = address if to.startswith(SECRET) else to
    if "://" not in shown and not shown.startswith(CUSTOM):
        return "no address such as json://host/path"  # whatever it is, it may be the secret itself
    return missing(channel_of(shown))
