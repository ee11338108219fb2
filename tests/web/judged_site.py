"""The worksite under a contract: the same evidence, judged by a pack; people have said a few things."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parts import loaded

from collector.estate.catalog import installed
from collector.estate.loading import read_estate
from collector.jobs import estates, statements
from collector.store import accounts

worksite = loaded("web/worksite.py")

STARTS = {
    "luohe-2026": "2026-06-10",
    "pingdingshan-2024": "2026-09-30",
    "pingdingshan-2025": "2026-09-30",
    "huaian-2025": "2026-08-29",
}


def estate_of(pack: str) -> str:
    """The worksite's estate with a contract."""
    contract = f"contract: {{pack: {pack}, start: {STARTS[pack]}}}\n"
    # Nobody looks at the switch: of a unit whose every asset is not tried, no round would count.
    planned = worksite.ESTATE.replace("kind: switch, system: portal", "kind: switch")
    return planned.replace("timezone: Asia/Shanghai\n", f"timezone: Asia/Shanghai\n{contract}")


@contextmanager
def site(
    place: Path, pack: str = "luohe-2026", days: int = 45, estate: str = "", *, silent: bool = False
) -> Iterator[object]:
    """The worksite, judged by `pack`, up to its NOW. `silent`: nobody has said anything."""
    with worksite.site(place, days, estate or estate_of(pack)) as made:
        with made.context.write() as conn:
            for name, role in (("buyer", "buyer"), ("qian", "manager")):
                accounts.create(conn, name, worksite.PASSWORD, role, must_change=False)
        if not silent:
            say(made)
        yield made


def say(made: object) -> None:
    """What people said: a visit, the satisfaction of one unit, documents on file."""
    context = made.context
    statements.add(context, "visit", {"unit": "centre", "at": "2026-11-18T10:00"}, by="zhao")
    filed = {"item": "inspection-log", "system": "portal", "file": "巡检日志.pdf"}
    statements.add(context, "document_filed", filed, by="zhao", document=b"log")
    plan = {"item": "mlps", "expires": "2027-01-31", "file": "等保测评.pdf"}
    statements.add(context, "document_filed", plan, by="zhao", document=b"mlps")


__all__ = ["estates", "installed", "read_estate", "site", "worksite"]
