"""From a pack's sections and a ground to what a scorecard counts: for store and verifier alike. Pure."""

from collections.abc import Mapping

from collector.availability.calendar_cn import Calendar
from collector.faults.account import account
from collector.faults.ground import Ground
from collector.faults.items import items
from collector.faults.model import Account
from collector.faults.options import with_options
from collector.faults.terms import Terms
from collector.inspection.deadlines import Workdays, shanghai
from collector.packs.model import Pack
from collector.scoring.model import Gap, Item, PackPeriod

OFFICE = ((510, 720), (840, 1050))  # 8:30-12:00, 14:00-17:30, where a pack's obligations say nothing else


def terms_of(pack: Pack, chosen: Mapping[str, object] | None = None) -> Terms:
    """The three sections of a pack, under the options chosen."""
    return with_options(Terms(pack.faults, pack.vulnerabilities, pack.findings), chosen or {})


def days_of(pack: Pack, calendar: Calendar) -> Workdays:
    """Working days and office hours; nothing is guessed: an unpublished year makes clocks *unknown*."""
    office = pack.obligations.office() if pack.obligations is not None else OFFICE
    return Workdays(calendar, shanghai(), office)


def counted(
    terms: Terms, ground: Ground, period: PackPeriod, as_of_ms: int, days: Workdays
) -> tuple[Account, tuple[Item, ...], tuple[Gap, ...]]:
    """The account, and the items and gaps of a period."""
    made = account(terms, ground, as_of_ms, days)
    return (made, *items(made, terms, period))
