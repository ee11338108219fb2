"""Whether an antivirus runs, and how old its definitions and its last scan are."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.hardening import Antivirus, AntivirusAsk, SecuredHost

_DAY_MS = 86_400_000
_CLAMAV = AntivirusAsk(
    "clamav",
    ("clamd", "clamonacc"),
    ("/var/lib/clamav/daily.cvd", "/var/lib/clamav/daily.cld"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Products that were found; `asked` names those that were looked for."""

    found: tuple[Antivirus, ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """Products to look for and limits in days. Another product is named by its programs and files."""

    products: tuple[AntivirusAsk, ...] = (_CLAMAV,)
    definitions: Upper = Upper(7, 30)
    scan: Upper = Upper(31, 92)


def observe(host: SecuredHost, params: Params) -> Facts:
    """Processes and files of the products."""
    found = host.security().antivirus(params.products)
    return Facts(tuple(found), tuple(each.product for each in params.products))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`antivirus` (how many products run), then `PRODUCT:running`, `:definitions`, `:scan` (days)."""
    if not seen.facts.asked:
        yield Reading("antivirus", None, Unit.COUNT, State.UNKNOWN, "not_asked")
        return
    found = seen.facts.found
    running = sum(each.running for each in found)
    state = State.OK if running else State.CRIT
    yield Reading("antivirus", running, Unit.COUNT, state, "" if running else "not_running")
    logged = {each.product for each in params.products if each.scan_log}
    for each in found:
        state = State.OK if each.running else State.CRIT
        yield Reading(
            f"{each.product}:running",
            int(each.running),
            Unit.NONE,
            state,
            "" if each.running else "not_running",
        )
        yield _age(
            f"{each.product}:definitions",
            seen.taken_at,
            each.definitions_at,
            params.definitions,
            each.trouble,
        )
        if each.product in logged:
            yield _age(f"{each.product}:scan", seen.taken_at, each.scanned_at, params.scan, "")


def _age(name: str, now: int, then: int | None, limits: Upper, trouble: str) -> Reading:
    if then is None:
        return Reading(name, None, Unit.DAYS, State.UNKNOWN, trouble or "no_time")
    days = max(now - then, 0) // _DAY_MS
    state = limits.judge(days)
    return Reading(name, days, Unit.DAYS, state, "" if state is State.OK else "outdated")


CHECK = Check(
    id="security.antivirus",
    version=1,
    title="防病毒",
    title_en="Antivirus",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH-06", "PD-32"),
    needs=("/proc", "read access to the product's definition files"),
)
