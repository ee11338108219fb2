"""Assets: what each one is, and the newest look at every side of it."""

from collections import Counter
from collections.abc import Mapping

from flask import abort, url_for

from collector.documents.tables import Column, Kind, Link, Table
from collector.estate.model import Asset
from collector.inspection import human as people
from collector.inspection.due import when_of
from collector.jobs import human_now
from collector.jobs.human_now import Seen
from collector.store.accounts import Role
from collector.web import i18n, looks
from collector.web.pages.base import Answer, context, estate, render, route, t, table
from collector.words import wording

_COLUMNS = (
    Column("asset"),
    Column("state", Kind.STATE),
    Column("kind"),
    Column("system"),
    Column("watched", Kind.NUMBER),
    Column("not_ok", Kind.NUMBER),
)
_READINGS = (
    Column("check"),
    Column("target"),
    Column("reading"),
    Column("value"),
    Column("state", Kind.STATE),
    Column("reason"),
    Column("when", Kind.WHEN),
    Column("vantage"),
    Column("entry", Kind.ENTRY),
)
_PEOPLE = (
    Column("human_item"),
    Column("said"),
    Column("state", Kind.STATE),
    Column("round"),
    Column("who"),
    Column("when", Kind.WHEN),
    Column("entry", Kind.ENTRY),
)
_WORST = ("crit", "error", "unknown", "warn", "ok")


@table("assets", Role.VIEWER)
def assets_table(_args: Mapping[str, str]) -> Table:
    """Every asset of the estate with the worst of its newest looks, of machines and of people; none is
    unknown."""
    loaded = estate()
    with context().read() as conn:
        found = looks.current(conn, context().now())
        seen = human_now.newest(conn, context().now())
    states: dict[str, Counter[str]] = {}
    for one in found:
        states.setdefault(one.row.asset or one.row.target, Counter())[one.state] += 1
    for look in seen:
        states.setdefault(look.owed.spot.asset, Counter())[look.state] += 1
    known = loaded.estate.assets if loaded else ()
    rows = [_row(asset, states.get(asset.id, Counter())) for asset in known]
    return Table("assets", t("assets.title"), _COLUMNS, rows, t("assets.empty"))


def _row(asset: Asset, states: Counter[str]) -> tuple[object, ...]:
    worst = next((state for state in _WORST if states[state]), "unknown")
    link = Link(name_of(asset.id, asset.name), url_for("pages.asset", asset=asset.id))
    kind = wording.kind(asset.kind, i18n.language())
    return link, worst, kind, asset.system, states.total(), states.total() - states["ok"]


def name_of(identity: str, name: str) -> str:
    """Id and name, once if they are the same."""
    return identity if name in ("", identity) else f"{identity} {name}"


@table("asset", Role.VIEWER)
def asset_table(args: Mapping[str, str]) -> Table:
    """Every newest reading of one asset, one row each."""
    asset, lang = args.get("asset", ""), i18n.language()
    with context().read() as conn:
        found = looks.of_asset(conn, asset, context().now())
    rows: list[tuple[object, ...]] = []
    for one in found:
        head = (wording.check(one.row.check, lang), one.row.target)
        tail = (one.row.t, one.row.vantage, one.row.idx)
        if one.row.error is not None:
            rows.append((*head, None, None, "error", wording.reason(one.row.error, lang), *tail))
        elif one.result is None:
            rows.append((*head, None, None, one.state, t("look.gone"), *tail))
        else:
            numbers = range(len(one.result.readings))
            rows += [(*head, *_reading(one, number, lang), *tail) for number in numbers]
    title = t("asset.readings")
    return Table("asset", title, _READINGS, rows, t("asset.readings.none"), tuple(args.items()))


@table("asset-people", Role.VIEWER)
def people_table(args: Mapping[str, str]) -> Table:
    """What people said last of every item of an asset that a round asks them for."""
    asset = args.get("asset", "")
    with context().read() as conn:
        found = [one for one in human_now.newest(conn, context().now()) if one.owed.spot.asset == asset]
    rows = [
        (
            item_of(one),
            human_words(one),
            one.state,
            one.row and Link(when_of(one.row.window), url_for("pages.window", window=one.row.window)),
            one.said and one.said.head.by,
            one.said and one.said.head.at,
            one.row and one.row.idx,
        )
        for one in found
    ]
    title = t("asset.people")
    return Table("asset-people", title, _PEOPLE, rows, t("asset.people.none"), tuple(args.items()))


def item_of(one: Seen) -> str:
    """What a person looks at, in words."""
    item = one.owed.item
    return item.zh if i18n.language() == "zh" else item.en


def human_words(one: Seen) -> str:
    """Reading and note of the newest answer, and what keeps it from counting now."""
    if one.row is None:
        return t("asset.people.never")
    parts = [] if one.answer is None else [_number(one.answer), people.visible(one.answer.note)]
    parts += [t("look.gone")] if one.answer is None else []
    parts += [t("asset.people.old", state=t(f"human.state.{one.row.state}"))] if one.stale else []
    return t("look.join").join(filter(None, parts)) or "–"


def _number(answer: people.Answer) -> str:
    return "" if answer.value is None else f"{wording.decimals(answer.value, 6)} {answer.unit}".strip()


def _reading(one: looks.Look, number: int, lang: str) -> tuple[object, ...]:
    """Name, value, state and reason; what is too old says nothing about now."""
    assert one.result is not None  # noqa: S101 - the caller has looked
    reading = one.result.readings[number]
    reason = wording.reason(reading.reason, lang) if reading.reason else None
    state = "unknown" if one.stale else reading.state.value
    return (
        wording.reading(reading.name, lang),
        wording.value(reading, lang),
        state,
        t("look.stale") if one.stale else reason,
    )


@route("/assets", Role.VIEWER, asks=())
def assets() -> Answer:
    """All assets."""
    return render("assets.html", "assets", table=assets_table({}))


@route("/assets/<asset>", Role.VIEWER, asks=())
def asset(asset: str) -> Answer:
    """One asset."""
    loaded = estate()
    known = next((one for one in loaded.estate.assets if one.id == asset), None) if loaded else None
    readings, seen = asset_table({"asset": asset}), people_table({"asset": asset})
    if known is None and not readings.rows:
        abort(404)
    return render("asset.html", "assets", name=asset, asset=known, table=readings, people=seen)
