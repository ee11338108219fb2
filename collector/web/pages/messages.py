"""Messages to people, as a part of other pages: to whom, what was taken last, which channel fails."""

from collections.abc import Iterable, Mapping

from collector.documents.tables import Column, Kind, Table
from collector.jobs.message_status import Recipient, recipients
from collector.store.accounts import Role
from collector.web.pages.base import context, t, table

_COLUMNS = (
    Column("recipient"),
    Column("about"),
    Column("taken", Kind.NUMBER),
    Column("waiting", Kind.NUMBER),
    Column("given_up", Kind.NUMBER),
    Column("last_taken", Kind.WHEN),
    Column("trouble"),
)


@table("messages", Role.VIEWER)
def messages_table(_args: Mapping[str, str]) -> Table:
    """Every recipient of the estate in force."""
    return _table(_found(), t("messages.title"))


def failing() -> Table | None:
    """Those that cannot be reached, for the first page; None where all can."""
    found = [one for one in _found() if one.good is False]
    return _table(found, t("messages.failing")) if found else None


def _found() -> list[Recipient]:
    with context().read() as conn:
        return recipients(context(), conn)


def _table(found: Iterable[Recipient], title: str) -> Table:
    rows = [
        (
            f"{one.name} · {one.shown}",
            "、".join(t(f"tells.{when}") for when in one.whens),
            one.taken,
            one.waiting,
            one.failed,
            one.last_ms,
            one.trouble or None,
        )
        for one in found
    ]
    return Table("messages", title, _COLUMNS, rows, t("messages.none"))
