"""Findings (隐患) of a period, and those to choose from in a form."""

from collections.abc import Mapping

from collector.documents.tables import Column, Kind, Table
from collector.faults.model import ClockState, Finding, Stage
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.pages import asking
from collector.web.pages.base import Answer, render, route, t, table
from collector.web.pages.faults import account, first_proof, lives, name_of, stage_word, told
from collector.web.pages.scorecard import Tile
from collector.words import wording

_FINDINGS = (
    Column("j_finding"),
    Column("j_place"),
    Column("j_owner"),
    Column("j_opened", Kind.WHEN),
    Column("j_until", Kind.WHEN),
    Column("j_closed", Kind.WHEN),
    Column("j_state", Kind.STATE),
    Column("j_times", Kind.NUMBER),
    Column("j_entry"),
)


@table("judging-findings", Role.VIEWER)
def findings_table(args: Mapping[str, str]) -> Table:
    """Findings: open ones first, those that run out first."""
    period, found = account(args)
    mine = [one for one in found.findings if lives(period, one.opened_ms, one.closed_ms)]
    rows = [_finding(one) for one in mine]
    rows.sort(key=lambda row: (row[5] is not None, row[4] is None, row[4] or 0))
    empty = t("findings.none")
    return Table("judging-findings", t("findings.title"), _FINDINGS, rows, empty, (("period", period.name),))


def _seen_as(one: Finding, lang: str) -> str:
    return f"{wording.check(one.check, lang)} · {wording.reading(one.name, lang)}"


def _finding(one: Finding) -> tuple[object, ...]:
    lang = i18n.language()
    return (
        _seen_as(one, lang),
        name_of(one.target),
        one.owner or "–",
        one.opened_ms,
        one.due_ms,
        one.closed_ms,
        stage_word(one.stage, () if one.clock is None else (one.clock,)),
        len(one.records),
        first_proof(one.proofs),
    )


@route("/findings", Role.VIEWER, asks=asking.PERIOD)
def findings() -> Answer:
    """Findings (隐患) of a period."""
    period, found = account({"period": asking.period_asked().name})
    before, after = judging_now.beside(period)
    open_ = [one for one in found.findings if one.closed_ms is None]
    late = [one for one in open_ if one.clock is not None and one.clock.state is ClockState.LATE]
    claimed = [one for one in open_ if one.stage is Stage.CLAIMED]
    tiles = [
        Tile("warn" if open_ else "ok", str(len(open_)), t("findings.tile.open")),
        Tile("bad" if late else "ok", str(len(late)), t("findings.tile.late")),
        Tile("note" if claimed else "ok", str(len(claimed)), t("findings.tile.claimed")),
    ]
    table_ = findings_table({"period": period.name})
    return render(
        "findings.html",
        "faults",
        period=period,
        before=before,
        after=after,
        tiles=tiles,
        as_of_ms=found.as_of_ms,
        table=table_,
    )


def choices() -> list[tuple[str, str]]:
    """Findings and vulnerabilities of the running period that are not closed."""
    if not judging_now.has_pack():
        return []
    found = told(asking.period_asked(""))
    if found is None:
        return []
    lang = i18n.language()
    return [
        *(
            (one.id, f"{name_of(one.target)} · {_seen_as(one, lang)}")
            for one in found.account.findings
            if one.closed_ms is None
        ),
        *(
            (one.id, f"{one.host} · {one.title}")
            for one in found.account.vulnerabilities
            if one.ended_ms is None
        ),
    ]
