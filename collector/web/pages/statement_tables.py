"""Tables of statements: what people said, and what is still asked of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import url_for

from collector.documents.tables import Column, Link, Table
from collector.documents.tables import Kind as Cell
from collector.jobs.said import every_said
from collector.scoring.kinds import BY_PEOPLE
from collector.statements.fields import Field, Type
from collector.statements.fold import SECOND, seconds_of
from collector.statements.kind import Kind
from collector.statements.kinds import KINDS
from collector.statements.model import Said, Through
from collector.statements.sides import confirms
from collector.statements.standing import Beside, beside
from collector.store.accounts import Role
from collector.web import i18n, judging_now
from collector.web.pages import faults, statement_forms
from collector.web.pages.base import BadAskedError, clock, context, estate, t, table
from collector.web.pages.offers import may_say, offered, roles_of
from collector.words.judging import word

_SAID = (
    Column("j_when", Cell.WHEN),
    Column("j_kind"),
    Column("j_where"),
    Column("j_content"),
    Column("j_by"),
    Column("j_through"),
    Column("j_state", Cell.STATE),
    Column("j_entry", Cell.ENTRY),
)
_ASKED = (
    Column("j_what"),
    Column("j_where"),
    Column("j_reason"),
    Column("j_who"),
    Column("j_until", Cell.WHEN),
)


def title_of(kind: Kind) -> str:
    """Its name."""
    return kind.zh if i18n.language() == "zh" else kind.en


def every() -> tuple[Said, ...]:
    """All that was said, each with those who joined in."""

    def read() -> tuple[Said, ...]:
        with context().read() as conn:
            found = every_said(conn, context().now())
        joined, by_entry = seconds_of(found), {one.entry: one for one in found}
        return tuple(_joined(one, joined.get(one.entry, ()), by_entry) for one in found)

    return judging_now.kept(("said",), read)


def _joined(one: Said, seconds: tuple[int, ...], by_entry: Mapping[int, Said]) -> Said:
    """With those who joined in, as the fold that counts has it."""
    confirmed = any(confirms(one, by_entry[entry].role) for entry in seconds)
    return replace(one, seconds=seconds, confirmed=confirmed)


def name_of(ident: str) -> str:
    """The name of a unit, system or asset."""
    loaded = estate()
    groups = (loaded.estate.units, loaded.estate.systems, loaded.estate.assets) if loaded is not None else ()
    return next((one.name or one.id for group in groups for one in group if one.id == ident), ident)


def value_words(field: Field | None, value: object) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return t("judging.yes" if value else "judging.no")
    if field is not None and field.type is Type.INSTANT and isinstance(value, int):
        return clock(value, "%Y-%m-%d %H:%M")
    if field is not None and field.type is Type.WORD:
        return word("word", str(value), i18n.language())
    if field is not None and field.name == "item":
        return statement_forms.item_name(str(value))
    if field is not None and field.type in (Type.UNIT, Type.SYSTEM, Type.ASSET):
        return name_of(str(value))
    return str(value)


def state_of(one: Said, gone: frozenset[int]) -> str:
    """Given, replaced, late, or waiting for the second person."""
    if one.entry in gone:
        return "j_corrected"
    if one.two and not one.seconds:
        return "j_needs_second"
    other = rivals().get(one.entry)
    if other is not None and one.entry in other.disputed:
        return "j_disputed"
    return "j_late_given" if one.late else "j_given"


def rivals() -> Mapping[int, Beside]:
    """Statements that stand beside others about the same thing, and which of them counts."""

    def read() -> Mapping[int, Beside]:
        found = every()
        gone = {one.corrects for one in found}
        return beside(one for one in found if one.entry not in gone)

    return judging_now.kept(("said-beside",), read)


def through(one: Said) -> str:
    """What vouches for the person."""
    return t("statements.key") if one.through is Through.KEY else t(f"statements.{one.through}", name=one.by)


def row_of(one: Said, gone: frozenset[int]) -> tuple[object, ...]:
    """Its row among what was said; `gone`: entries that were corrected."""
    kind = KINDS.get(one.kind)
    about = "" if kind is None else kind.subject(one.fields)
    shown = [
        f"{statement_forms.title_of(field) if field else name}: {value_words(field, value)}"
        for name, value in one.fields.items()
        for field in (kind.field(name) if kind else None,)
        if value is not None and str(value) != about
    ]
    other = rivals().get(one.entry)
    if other is not None:
        mine = other.counts == one.entry
        shown.append(t("statements.counts") if mine else t("statements.outranked", entry=other.counts))
    called = title_of(kind) if kind else one.kind
    return (
        one.received_ms,
        Link(called, url_for("pages.statement", entry=one.entry)),
        name_of(about) if about else "–",
        t("judging.join").join(shown) or "–",
        f"{one.by} ({word('who', one.role, i18n.language())})",
        f"{through(one)} · {one.grade}",
        state_of(one, gone),
        one.entry,
    )


@table("statements", Role.VIEWER)
def said_table(args: Mapping[str, str]) -> Table:
    """Everything that was said (of one kind, where one is asked for), newest first."""
    wanted = kind_asked(args)
    found = [one for one in every() if one.kind != SECOND]
    gone = corrected(found)
    rows = [row_of(one, gone) for one in reversed(found) if wanted in ("", one.kind)]
    title = t("statements.said") + (f" · {title_of(KINDS[wanted])}" if wanted in KINDS else "")
    more = (("kind", wanted),) if wanted else ()
    return Table("statements", title, _SAID, rows, t("statements.said.none"), more)


def kind_asked(args: Mapping[str, str]) -> str:
    """The kind that was asked for; "" for all. A page that names those there are, where it is none."""
    wanted = args.get("kind", "")
    known = {**KINDS, **dict.fromkeys(one.kind for one in every())}
    if wanted and (wanted not in known or wanted == SECOND):
        names = ", ".join(sorted(known.keys() - {SECOND}))
        raise BadAskedError(t("refused.value", value=wanted, names=names))
    return wanted


def corrected(found: Iterable[Said]) -> frozenset[int]:
    """Entries that were corrected."""
    return frozenset(one.corrects for one in found if one.corrects is not None)


@table("statements-asked", Role.VIEWER)
def asked_table(_args: Mapping[str, str]) -> Table:
    """What is still to be said: gaps of the running period, and what faults ask for."""
    rows: list[tuple[object, ...]] = [*_gaps(), *faults.asked_rows()]
    rows.sort(key=lambda row: (row[-1] is None, row[-1] or 0))
    return Table("statements-asked", t("statements.asked"), _ASKED, rows, t("statements.asked.none"))


def _gaps() -> list[tuple[object, ...]]:
    if not judging_now.has_pack():
        return []
    found = judging_now.card(judging_now.period_asked(""))
    lang, kinds = i18n.language(), offered()
    rows: dict[tuple[str, str, str, str], tuple[object, ...]] = {}
    # What no line waits for is not asked: a unit whose kind has the line in full by rule, say.
    priced = {number for line in found.judged.card.lines for number in line.gaps}
    for number, gap in enumerate(found.judged.facts.gaps):
        if gap.kind not in kinds or gap.kind in BY_PEOPLE or number not in priced:
            continue  # that a complaint may still come asks nobody for one
        where = name_of(gap.system or gap.unit or "") or t("judging.lines.contract")
        about = {"unit": gap.unit, "system": gap.system, "period": found.period.name}
        # A form refuses what its kind has no field for: a visit has a day of its own, and no period.
        begun: dict[str, Any] = {
            name: value for name, value in about.items() if value and kinds[gap.kind].field(name)
        }
        href = url_for("pages.statement_new", kind=gap.kind, **begun)
        rows[gap.kind, gap.unit or "", gap.system or "", gap.reason] = (
            Link(title_of(kinds[gap.kind]), href) if may_say(gap.kind) else title_of(kinds[gap.kind]),
            where,
            word("gap", gap.reason, lang),
            word("who", gap.who, lang) if gap.who else roles_of(kinds[gap.kind]),
            gap.until_ms,
        )
    return list(rows.values())
