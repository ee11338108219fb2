"""The archive: documents that the contract wants in a period, what is on file, what is missing."""

from collections.abc import Mapping

from flask import abort, url_for

from collector.documents.archive_view import ArchiveWords
from collector.documents.tables import Table
from collector.packs.archive import Archive, Place, State
from collector.scoring.model import PackPeriod
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.pages import asking
from collector.web.pages.base import Answer, context, estate, render, route, t, table
from collector.web.pages.offers import may_say
from collector.web.pages.scorecard import Tile

_SOON_MS = 14 * 86_400_000


def _asked(args: Mapping[str, str]) -> tuple[PackPeriod, Archive]:
    period = asking.period_asked(args.get("period", ""))
    found = judging_now.archive(period)
    if found is None:
        abort(404)
    return period, found


def words_of(period: PackPeriod, found: Archive) -> ArchiveWords:
    """Rows in the asker's language; what is missing leads to the form that files it."""
    loaded = estate()
    groups = (loaded.estate.units, loaded.estate.systems) if loaded is not None else ()
    names = {one.id: one.name or one.id for group in groups for one in group}

    def file(one: Place) -> str:
        return url_for(
            "pages.statement_new",
            kind="document_filed",
            period=period.name,
            item=one.wanted.id,
            unit=one.unit or "",
            system=one.system or "",
        )

    return ArchiveWords(found, names, i18n.language(), file if may_say("document_filed") else None)


def _named(made: Table, period: PackPeriod) -> Table:
    return Table(made.name, made.title, made.columns, made.rows, made.empty, (("period", period.name),))


@table("archive", Role.VIEWER)
def places_table(args: Mapping[str, str]) -> Table:
    """Everything that is wanted."""
    period, found = _asked(args)
    return _named(words_of(period, found).places(found.places), period)


@table("archive-files", Role.VIEWER)
def files_table(args: Mapping[str, str]) -> Table:
    """Every file."""
    period, found = _asked(args)
    return _named(words_of(period, found).filings(), period)


@table("archive-missing", Role.VIEWER)
def missing_table(args: Mapping[str, str]) -> Table:
    """What is not there yet."""
    period, found = _asked(args)
    return _named(words_of(period, found).missing(), period)


@table("archive-sums", Role.VIEWER)
def sums_table(args: Mapping[str, str]) -> Table:
    """A row a document."""
    period, found = _asked(args)
    return _named(words_of(period, found).sums(found.places), period)


@table("archive-soon", Role.VIEWER)
def soon_table(args: Mapping[str, str]) -> Table:
    """What must be filed within a fortnight, or should have been."""
    period, found = _asked(args)
    last = context().now() + _SOON_MS
    chosen = [one for one in found.places if one.missing and one.due_ms < last]
    return _named(words_of(period, found).sums(chosen, "archive-soon", t("judging.archive.missing")), period)


def wanted_today() -> Table | None:
    """For Today: what is missing before the month's end; None without a list."""
    if not judging_now.periods() or judging_now.archive(asking.period_asked("")) is None:
        return None
    return soon_table({})


@route("/archive", Role.VIEWER, asks=asking.PERIOD)
def archive() -> Answer:
    """The archive of a period."""
    period = asking.period_asked()
    _, found = _asked({"period": period.name})
    args = {"period": period.name}
    required = sum(one.required for one in found.places)
    present = sum(one.present for one in found.places)
    missing = [one for one in found.places if one.missing]
    over = [one for one in missing if one.state is State.MISSING]
    expired = [one for one in found.places if one.state is State.EXPIRED]
    before, after = judging_now.beside(period)
    return render(
        "archive.html",
        "archive",
        period=period,
        before=before,
        after=after,
        tiles=[
            Tile("ok" if present == required else "note", f"{present} / {required}", t("archive.present")),
            Tile("warn" if missing else "ok", str(len(missing)), t("archive.open")),
            Tile("bad" if over else "ok", str(len(over)), t("archive.over")),
            Tile("bad" if expired else "ok", str(len(expired)), t("archive.expired")),
        ],
        missing=missing_table(args),
        sums=sums_table(args),
        files=files_table(args),
    )
