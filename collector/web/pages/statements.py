"""Statements: what people are asked for, a form for each kind, joining in as the second person."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import abort, flash, redirect, request, url_for

from checks.recurrence import instant
from collector.documents.tables import Table
from collector.jobs import statements as jobs
from collector.jobs.statements import StatementError
from collector.statements.fields import Type
from collector.statements.fold import SECOND, may_correct, may_second
from collector.statements.kind import Kind, Paper
from collector.statements.kinds import KINDS
from collector.statements.model import Said, Through
from collector.statements.sides import confirms
from collector.statements.standing import Beside
from collector.statements.text import TextError, parse, unpack
from collector.store.accounts import Role
from collector.web import auth, judging_now
from collector.web.pages import refusals, statement_forms
from collector.web.pages.base import Answer, BadAskedError, clock, context, render, route, t, zone
from collector.web.pages.offers import may_say, offered, roles_of
from collector.web.pages.statement_tables import (
    asked_table,
    corrected,
    every,
    rivals,
    row_of,
    said_table,
    state_of,
    through,
    title_of,
    value_words,
)

_MOST_BYTES = 32 * 1024 * 1024
_MOST_SIGNED = 64 * 1024
_SHOWN = 200
_SHOWN_ALONE = 20
# Kinds of which the buyer's word decides (docs/statements.md, two sides): the vendor's alone are provisional.
_CONFIRMED = frozenset(
    {
        "level",
        "impact",
        "cause",
        "vendor_cause",
        "repeat",
        "arrived",
        "fault_reported",
        "fault_recovered",
        "event_closed",
        "not_done",
        "in_scope",
        "in_service",
    }
)


@route("/statements", Role.VIEWER, asks=("kind",))
def statements() -> Answer:
    """What is asked for, what can be said, what was said, what waits for a second person."""
    found = every()
    gone = corrected(found)
    waiting = [one for one in found if state_of(one, gone) == "j_needs_second"]
    mine = auth.account()
    said = said_table(request.args)
    return render(
        "statements.html",
        "statements",
        asked=asked_table({}),
        said=Table(said.name, said.title, said.columns, said.rows[:_SHOWN], said.empty, said.args),
        waiting=[(one, row_of(one, gone), may_second(one, mine.name, str(mine.role))) for one in waiting],
        alone=[(one, row_of(one, gone)) for one in _alone(found, gone)],
        kinds=[(kind, title_of(kind)) for kind in offered().values() if mine.role in kind.who],
        most_mb=refusals.MOST_MB,
    )


def _alone(found: Sequence[Said], gone: frozenset[int]) -> list[Said]:
    """For the buyer: what the vendor's side said alone and the buyer's word decides, newest first."""
    mine = auth.account()
    if mine.role is not Role.BUYER:
        return []
    known = rivals()
    return [
        one
        for one in reversed(found)
        if one.kind in _CONFIRMED
        and not one.two
        and not one.confirmed
        and one.entry not in gone
        and known.get(one.entry, Beside(one.entry, frozenset())).counts == one.entry
        and may_second(one, mine.name, str(mine.role))
        and confirms(one, str(mine.role))
    ][:_SHOWN_ALONE]


@route("/statements/<int:entry>", Role.VIEWER, asks=())
def statement(entry: int) -> Answer:
    """One statement: field by field, who said it and how, who joined in, what became of it."""
    found = every()
    one = next((one for one in found if one.entry == entry and one.kind != SECOND), None)
    if one is None:
        abort(404)
    mine, gone = auth.account(), corrected(found)
    kind, by_entry = KINDS.get(one.kind), {one.entry: one for one in found}
    newer = next((other.entry for other in found if other.corrects == entry), None)
    joined = [by_entry[idx] for idx in one.seconds]
    open_ = one.two or confirms(one, str(mine.role))
    return render(
        "statement_said.html",
        "statements",
        one=one,
        name=title_of(kind) if kind else one.kind,
        row=row_of(one, gone),
        fields=_fields(one),
        joined=[(other, through(other)) for other in joined],
        newer=newer,
        beside=rivals().get(entry),
        joins=open_
        and newer is None
        and all(other.by != mine.name for other in joined)
        and may_second(one, mine.name, str(mine.role)),
        confirms=confirms(one, str(mine.role)) and not one.two,
        corrects=newer is None
        and may_say(one.kind)
        and may_correct(one, mine.name, str(mine.role))
        and one.through is not Through.KEY,
        given=_given(one),
    )


def _fields(one: Said) -> list[tuple[str, str]]:
    """Every field that says something, one under the other: a form of five rows row by row."""
    kind = KINDS.get(one.kind)
    found = [(kind.field(name) if kind else None, name, value) for name, value in one.fields.items()]
    return [
        (statement_forms.title_of(field) if field else name, value_words(field, value))
        for field, name, value in found
        if value is not None
    ]


def _given(one: Said) -> dict[str, str]:
    """What it says as its form writes it, to begin a correction with."""
    kind = KINDS.get(one.kind)
    made = {}
    for name, value in one.fields.items():
        field = kind.field(name) if kind else None
        if field is None or value is None:
            continue
        if field.type is Type.INSTANT and type(value) is int:
            made[name] = clock(value, "%Y-%m-%dT%H:%M:%S")
        else:
            made[name] = str(value).lower() if type(value) is bool else str(value)
    return made


@route("/statements/new/<kind>", Role.VIEWER, "GET", "POST")
@auth.takes(_MOST_BYTES)
def statement_new(kind: str) -> Answer:
    """The form of a kind; sending it makes the statement through this session."""
    found = offered().get(kind)
    if found is None:
        abort(404)
    if auth.account().role not in found.who:
        abort(403)
    _known_keys(found)
    problem = ""
    given = {one.name: (request.values.get(one.name) or "").strip() for one in found.fields}
    if request.method == "POST":
        try:
            entry = _enter(found, given)
        except StatementError as error:
            problem = t("statements.refused", why=refusals.why(error, found, given, statement_forms.frame()))
        else:
            flash(t("statements.done", entry=entry), "ok")
            return redirect(url_for("pages.statements"))
    return render(
        "statement.html",
        "statements",
        kind=found,
        name=title_of(found),
        inputs=statement_forms.inputs(found, given),
        problem=problem,
        must=found.paper is Paper.MUST,
        most_mb=refusals.MOST_MB,
        roles=roles_of(found),
        seconds=roles_of(found) if found.two else "",
        corrects=request.values.get("corrects", ""),
        amendment=request.form.get("amendment", ""),
        command="" if found.older else _command(found, given),
    )


def _known_keys(kind: Kind) -> None:
    """A form takes what its kind has, and what it corrects."""
    known = (*(one.name for one in kind.fields), "corrects")
    for key in request.args:
        # A link may carry nothing for what the kind has not: every unit, no system.
        if key not in known and request.args[key]:
            raise BadAskedError(t("refused.key", key=key, names=", ".join(known)))


def _enter(kind: Kind, given: Mapping[str, str]) -> int:
    fields = {name: _written(kind, name, value) for name, value in given.items() if value}
    sent = request.files.get("document")
    data = sent.read() if sent is not None and sent.filename else None
    if data is not None and sent is not None and kind.field("file") is not None and not fields.get("file"):
        fields["file"] = str(sent.filename)[-200:]
    text = request.form.get("corrects", "")
    corrects = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    made = jobs.add(
        context(),
        kind.name,
        fields,
        by=auth.account().name,
        document=data or None,
        corrects=corrects,
        amendment=request.form.get("amendment") == "yes",
    )
    _heard(made)
    return made


def _heard(entry: int) -> None:
    if not judging_now.heard(entry):
        flash(t("statements.uncounted", entry=entry), "warn")


def _written(kind: Kind, name: str, value: str) -> str:
    """What the form's own widgets write, as a statement wants it."""
    field = kind.field(name)
    if field is None or field.type is not Type.INSTANT:
        return value
    try:
        local = datetime.fromisoformat(value)
        moment = instant(local, zone()) if local.tzinfo is None else int(local.timestamp() * 1000)
        return datetime.fromtimestamp(moment / 1000, zone()).isoformat()
    except (ValueError, OverflowError, OSError):
        return value


@route("/statements/signed", Role.VIEWER, "POST")
@auth.takes(_MOST_BYTES)
def statement_signed() -> Answer:
    """Enter what the person signed with his own key, elsewhere: no page ever sees that key."""
    sent, paper = request.files.get("signed"), request.files.get("document")
    document = paper.read() if paper is not None and paper.filename else None
    file = b"" if sent is None else sent.read(_MOST_SIGNED)
    try:
        made = jobs.add_signed(context(), file, by=auth.account().name, document=document or None)
        _heard(made)
        flash(t("statements.done", entry=made), "ok")
    except StatementError as error:
        kind, given = _told_by(file)
        why = refusals.why(error, kind, given, statement_forms.frame())
        flash(t("statements.refused", why=why), "bad")
    return redirect(url_for("pages.statements"))


def _told_by(file: bytes) -> tuple[Kind | None, dict[str, str]]:
    """The kind and the fields that a signed file names, to tell its refusal as a form's; nothing of one that
    is no statement."""
    try:
        text = parse(unpack(file)[0])
    except TextError:
        return None, {}
    return KINDS.get(text.kind), {name: str(one) for name, one in text.fields.items() if one is not None}


def _command(kind: Kind, given: Mapping[str, str]) -> str:
    """The command that signs this statement where the key is."""
    wanted = [one for one in kind.fields if one.required or given.get(one.name)]
    fields = [
        f"--field {shlex.quote(f'{one.name}={given.get(one.name) or one.name.upper()}')}" for one in wanted
    ]
    words = ["roundseal-collector statement sign", kind.name, *fields, "--key MY.key"]
    said = [
        f"--by {shlex.quote(auth.account().name)}",
        f"--log {shlex.quote(context().origin)}",
        "> said.json",
    ]
    return " ".join([*words, *said])


@route("/statements/<int:entry>/join", Role.VIEWER, "POST")
def statement_join(entry: int) -> Answer:
    """Join in as the second person."""
    try:
        made = jobs.second(context(), entry, by=auth.account().name)
        _heard(made)
        flash(t("statements.joined", entry=made), "ok")
    except StatementError as error:
        flash(t("statements.refused", why=refusals.why(error)), "bad")
    return redirect(url_for("pages.statements"))
