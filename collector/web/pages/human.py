"""What only people can look at: a list per round, a form per asset, arrival, sign-off, photographs.

For operators, on a phone. Nothing is ticked beforehand; what was entered is changed by correcting it only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flask import Response, abort, flash, redirect, request, url_for
from werkzeug.datastructures import FileStorage

from checks.api import Number
from collector.inspection import human as people
from collector.inspection.human import Answer, HumanLook, HumanOwed, HumanPart
from collector.jobs import human as jobs
from collector.jobs import rounds
from collector.jobs.human import HumanError
from collector.jobs.rounds import NoRound, Occasion
from collector.store import photos
from collector.store.accounts import Role
from collector.store.photos import PhotoError
from collector.web import auth, i18n
from collector.web.pages.base import Answer as Page
from collector.web.pages.base import BadAskedError, context, estate, render, route, t

_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,6})?\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
MOST_PHOTOS = 4  # of one item
MOST_BYTES = 64 * 1024 * 1024  # of one form


@dataclass(frozen=True, slots=True)
class Shown:
    """A window as people see it: what is due, and what was entered."""

    occasion: Occasion
    due: tuple[HumanOwed, ...]
    part: HumanPart
    arrival: int | None
    upto: int | None

    @property
    def spots(self) -> list[tuple[HumanOwed, list[HumanLook]]]:
        """The assets in their order, each with its items."""
        made: dict[str, tuple[HumanOwed, list[HumanLook]]] = {}
        for owes, look in zip(self.due, self.part.items, strict=True):
            made.setdefault(owes.spot.asset, (owes, []))[1].append(look)
        return list(made.values())

    @property
    def open(self) -> bool:
        """Whether anything can be entered."""
        return self.occasion.record is None and self.occasion.state != "planned"

    @property
    def name(self) -> str:
        """What the estate calls the round; its id where it has no name there."""
        loaded = estate()
        rules = loaded.estate.rounds if loaded is not None else ()
        found = next((rule.name for rule in rules if rule.id == self.occasion.round), "")
        return found or self.occasion.round

    def before(self, look: HumanLook) -> list[HumanLook]:
        """The answers that were corrected, newest first."""
        key = look.target, look.item
        return [one for one in reversed(self.part.corrected) if (one.target, one.item) == key]

    @property
    def closed(self) -> bool:
        """Whether only corrections are taken."""
        return self.occasion.record is not None

    @property
    def late(self) -> bool:
        """Whether what is entered now is late."""
        return context().now() >= self.occasion.window.to_ms


def _shown(window_id: str) -> Shown:
    with context().read() as conn:
        try:
            one = rounds.find(conn, window_id, context().now())
        except NoRound:
            abort(404)
        found = jobs.by_people(conn, one.round, one.window)
        arrival = jobs.arrival_of(conn, one.window.id, auth.account().name)
    if not found.owed:
        abort(404)
    sheets = [said.idx for said in found.said if said.sheet is not None]
    part = people.inspected(found.owed, found.said)
    return Shown(one, found.owed, part, arrival, max(sheets, default=None))


@route("/human/list/<path:window>", Role.OPERATOR)
def human_list(window: str) -> Page:
    """Every asset that a person goes to in this round; arrival and sign-off."""
    shown = _shown(window)
    left = sum(look.state == people.NOT_DONE for look in shown.part.items)
    return render("human_list.html", "rounds", one=shown, left=left, done=len(shown.due) - left)


@route("/human/arrive/<path:window>", Role.OPERATOR, "POST")
def human_arrive(window: str) -> Page:
    """Check in: the server's clock says when."""
    shown = _shown(window)
    try:
        jobs.arrive(context(), shown.occasion.window, by=auth.account().name)
        flash(t("human.arrived"), "ok")
    except HumanError as error:
        flash(t(f"human.error.{error.code}"), "bad")
    return _back(window, request.form.get("asset", ""))


def _back(window: str, asset: str = "") -> Page:
    if asset:
        return redirect(url_for("pages.human_asset", asset=asset, window=window))
    return redirect(url_for("pages.human_list", window=window))


@route("/human/sign/<path:window>", Role.OPERATOR, "POST")
def human_sign(window: str) -> Page:
    """Sign off everything that the page showed."""
    shown = _shown(window)
    text = request.form.get("upto", "")
    upto = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
    try:
        jobs.sign_off(context(), shown.occasion.window, upto, by=auth.account().name)
        flash(t("human.signed"), "ok")
    except HumanError as error:
        flash(t(f"human.error.{error.code}"), "bad")
    return _back(window)


@route("/human/asset/<asset>/<path:window>", Role.OPERATOR, "GET", "POST")
@auth.takes(MOST_BYTES)
def human_asset(asset: str, window: str) -> Page:
    """One asset's list as a form for a phone."""
    shown = _shown(window)
    rows = [(owes, look) for owes, look in zip(shown.due, shown.part.items, strict=True)]
    mine = [row for row in rows if row[0].spot.asset == asset]
    if not mine:
        abort(404)
    problem = ""
    if request.method == "POST":
        try:
            answers = _answers([owes for owes, _ in mine])
            jobs.enter(context(), shown.occasion.window, asset, answers, by=auth.account().name)
        except (HumanError, PhotoError) as error:
            problem = t(f"human.error.{error.code}")
        except BadAskedError as error:
            problem = str(error.description)
        else:
            flash(t("human.entered", n=len(answers)), "ok")
            return _back(window, asset)
    order = list(dict.fromkeys(owes.spot.asset for owes in shown.due))
    following = order[order.index(asset) + 1 :][:1]
    page = render(
        "human_asset.html",
        "rounds",
        one=shown,
        spot=mine[0][0].spot,
        rows=mine,
        problem=problem,
        given=request.form,
        # A browser never sends a chosen file again by itself.
        dropped=[owes.item.id for owes, _ in mine if problem and _sent(owes.item.id)],
        visible=people.visible,
        following=following[0] if following else None,
    )
    return (page, 422) if problem else page


def _answers(due: Sequence[HumanOwed]) -> list[Answer]:
    """What the form says; BadAskedError where it is not whole. No picture is kept before all of it is."""
    found = [one for one in (_answer(owes) for owes in due) if one is not None]
    kept = [_kept(_sent(one.item)) for one in found]
    return [replace(one, photos=names) for one, names in zip(found, kept, strict=True)]


def _sent(item: str) -> list[FileStorage]:
    """The pictures that came with an item."""
    return [one for one in request.files.getlist(f"photo-{item}") if one.filename]


def _kept(files: Sequence[FileStorage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(photos.keep(context().directory, one.stream) for one in files))


def _answer(owes: HumanOwed) -> Answer | None:
    item, form = owes.item, request.form
    state, note = form.get(f"state-{item.id}", ""), form.get(f"note-{item.id}", "").strip()
    number = form.get(f"value-{item.id}", "").strip()
    files = _sent(item.id)
    name = item.zh if i18n.language() == "zh" else item.en
    if state not in people.STATES:
        if note or number or files:
            raise BadAskedError(t("human.error.no_state", item=name))
        return None
    value = _value(number, item.unit, name)
    if item.unit and value is None and state != "unknown":
        raise BadAskedError(t("human.error.no_value", item=name))
    if len(files) > MOST_PHOTOS:
        raise BadAskedError(t("human.error.many_photos", item=name, n=MOST_PHOTOS))
    was = form.get(f"was-{item.id}", "")
    corrects = int(was) if was.isascii() and was.isdigit() and len(was) < 16 else None
    unit = item.unit if value is not None else ""
    return Answer(item.id, state, _plain(note), value, unit, (), corrects)


def _value(number: str, unit: str, name: str) -> Number | None:
    if not number or not unit:
        return None
    if not _NUMBER.match(number):
        raise BadAskedError(t("human.error.no_number", item=name))
    made = Fraction(number)
    return int(made) if made.denominator == 1 else made


def _plain(note: str) -> str:
    """Without control characters and half characters, which no signed text can hold."""
    kept = "".join(" " if char < " " or char == "\x7f" else char for char in note)
    return kept.encode("utf-8", "ignore").decode("utf-8")


@route("/photos/<digest>", Role.VIEWER)
def photo(digest: str) -> Page:
    """A photograph as it was kept; one that is not what its digest says is not shown."""
    data = photos.read(context().directory, digest) if _DIGEST.match(digest) else None
    kind = photos.type_of(data[:12]) if data else None
    if data is None or kind is None:
        abort(404)
    headers = {"Content-Disposition": "inline", "Cache-Control": "private, max-age=86400"}
    return Response(data, mimetype=kind, headers=headers)
