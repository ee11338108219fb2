"""The evidence log: its head, its checkpoint, its newest entries, and any one entry with its proof."""

from collections.abc import Mapping

from flask import Response, abort, redirect, request, url_for
from sqlalchemy import select

from checks.wire.numbers import EntryKind
from collector.documents.tables import Column, Kind, Table
from collector.store import evidence, packs
from collector.store.accounts import Role
from collector.store.evidence import EntryRow, entry_table
from collector.web import i18n, proof
from collector.web.pages.base import Answer, context, number, refuse, render, route, t, table, whole
from collector.words import wording

PAGE = 50
LINES = 200
_MOST = 2**53  # entries that a log may have
_COLUMNS = (
    Column("entry", Kind.ENTRY),
    Column("received", Kind.WHEN),
    Column("kind"),
    Column("chain", Kind.CODE),
)


@table("entries", Role.VIEWER)
def entries_table(args: Mapping[str, str]) -> Table:
    """A page of entries, newest first."""
    before = number(args, "before", _MOST, 0, _MOST)
    wanted = select(*(column for column in entry_table.c if column.name != "data"))
    wanted = wanted.where(entry_table.c.idx < before)
    with context().read() as conn:
        found = conn.execute(wanted.order_by(entry_table.c.idx.desc()).limit(PAGE)).all()
    lang = i18n.language()
    rows = [
        (
            row.idx,
            row.received,
            wording.kind(EntryKind(row.kind).word, lang),
            None if row.seq is None else f"{row.agent}/{row.epoch}/{row.seq}",
        )
        for row in found
    ]
    return Table("entries", t("log.entries"), _COLUMNS, rows, t("log.empty"), tuple(args.items()))


@route("/evidence", Role.VIEWER, asks=("before",))
def log() -> Answer:
    """Head of the log and its newest entries."""
    with context().read() as conn:
        size, head = evidence.size(conn), evidence.last_checkpoint(conn)
    table = entries_table(request.args)
    before = whole("before", size, 0, _MOST)
    older = max(0, before - PAGE) if before > PAGE else None
    return render(
        "log.html",
        "log",
        size=size,
        head=head,
        table=table,
        older=older,
        before=before,
        vkey=str(context().vkey),
    )


@route("/evidence/find", Role.VIEWER, asks=("idx",))
def find() -> Answer:
    """Straight to an entry by its number."""
    asked = {"idx": request.args.get("idx", "").strip().lstrip("#")}
    idx = number(asked, "idx", -1, 0, _MOST)
    if idx < 0:
        refuse("idx", "", t("refused.query.number", least=0, most=_MOST))
    return redirect(url_for("pages.entry", idx=idx))


@route("/evidence/<int:idx>", Role.VIEWER, asks=("line",))
def entry(idx: int) -> Answer:
    """One entry: header, signature, content, proof."""
    if idx >= 2**62:
        abort(404)
    with context().read() as conn:
        shown = proof.show(conn, idx, context().vkey)
        size = evidence.size(conn)
    if shown is None:
        abort(404)
    first = whole("line", 0, 0, 1 << 16) // LINES * LINES
    part = shown.lines[first : first + LINES]
    edges = (
        max(0, first - LINES) if first else None,
        first + LINES if first + LINES < len(shown.lines) else None,
    )
    return render("entry.html", "log", one=shown, size=size, table=_lines(shown), lines=part, edges=edges)


_LINES = (
    Column("line", Kind.NUMBER),
    Column("check"),
    Column("target"),
    Column("state", Kind.STATE),
    Column("reading"),
    Column("value"),
    Column("reason"),
    Column("when", Kind.WHEN),
)


@table("lines", Role.VIEWER)
def lines_table(args: Mapping[str, str]) -> Table:
    """The readings of one entry, one row each."""
    idx = number(args, "idx", -1, 0, _MOST)
    with context().read() as conn:
        shown = proof.show(conn, idx, context().vkey) if idx >= 0 else None
    if shown is None:
        abort(404)
    return _lines(shown)


def _lines(shown: proof.Shown) -> Table:
    lang = i18n.language()
    rows: list[tuple[object, ...]] = []
    for line in shown.lines:
        one = line.result
        if one is None:
            rows.append((line.number, None, None, "unknown", line.text, None, None, None))
            continue
        head = (line.number, wording.check(one.check, lang), one.target)
        if one.error is not None:
            rows.append((*head, "error", None, None, wording.reason(one.error, lang), one.t0))
        for r in one.readings:
            cells = (wording.reading(r.name, lang), wording.value(r, lang), wording.reason(r.reason, lang))
            rows.append((*head, r.state, *cells, one.t0))
    title = t("entry.lines", n=len(shown.lines))
    return Table("lines", title, _LINES, rows, t("log.empty"), (("idx", str(shown.idx)),))


@route("/evidence/<int:idx>/raw", Role.VIEWER)
def raw(idx: int) -> Answer:
    """The entry's bytes, as they are in the tree."""
    with context().read() as conn:
        found: EntryRow | None = packs.entry(conn, min(idx, 2**62))
    if found is None or found.data is None:
        abort(404)
    name = f'attachment; filename="entry-{idx}.bin"'
    return Response(found.data, mimetype="application/octet-stream", headers={"Content-Disposition": name})
