"""Which scorecard a page is asked for: a period, an instant, other readings, something supposed."""

from collections.abc import Mapping

from flask import request
from werkzeug.exceptions import NotFound

from collector.jobs import figures, scorecards
from collector.jobs.known import frame_of
from collector.judging.judge import NoScorecard
from collector.packs.options import OptionError, from_text
from collector.reports.judging_found import judged_of
from collector.scoring.model import PackPeriod
from collector.scoring.terms import Value
from collector.statements.fields import FieldsError
from collector.statements.kinds import KINDS
from collector.web import judging_now
from collector.web.judging_now import Card
from collector.web.pages import refusals
from collector.web.pages.base import BadAskedError, context, t

_OPTION = "option."
PERIOD = ("period",)
CARD = ("period", "as_of", "what_if", _OPTION)
"""What pages of a period, and of a scorecard, may be asked."""


class NotThereError(NotFound):
    """There is no such thing; its description says in the asker's language what there is."""


def period_asked(name: str | None = None) -> PackPeriod:
    """The period that was asked for; a page that names those there are, where it is none of them."""
    wanted = request.args.get("period", "") if name is None else name
    known = judging_now.every_period()
    if wanted and known and all(wanted not in (one.name, str(one.number)) for one in known):
        names = t("judging.part").join(one.name for one in known)
        raise NotThereError(t("scorecard.no_period", period=wanted, names=names))
    return judging_now.period_asked(wanted)


def extras(args: Mapping[str, str]) -> dict[str, str]:
    """What is asked beside the period: an instant, options, a supposed statement."""
    return {
        key: value for key, value in args.items() if key in ("as_of", "what_if") or key.startswith(_OPTION)
    }


def card_of(args: Mapping[str, str]) -> Card:
    """The scorecard that these arguments ask for; a page that names the field which is wrong."""
    period = period_asked(args.get("period", ""))
    asked = extras(args)
    if context().now() < period.from_ms:
        raise NotThereError(t("scorecard.not_begun", period=period.name, day=period.first))
    try:
        if not asked:
            return judging_now.card(period)
        key = ("asked", period.name, *(f"{name}={value}" for name, value in sorted(asked.items())))
        return judging_now.kept(key, lambda: _made(period, asked))
    except NoScorecard as error:
        raise NotThereError(refused(error)) from None


def refused(error: NoScorecard) -> str:
    """Why there is no scorecard, in the asker's language."""
    if error.code == "future":
        return t("scorecard.future")
    return t("scorecard.refused", why=refusals.unjudged(error))


def _made(period: PackPeriod, asked: Mapping[str, str]) -> Card:
    as_of = instant_asked(asked["as_of"]) if asked.get("as_of") else context().now()
    options = _options(period, asked)
    made = scorecards.scorecard(context(), period.name, as_of, options)
    if asked.get("what_if"):
        try:
            made = scorecards.suppose(context(), made, asked["what_if"], options)
        except FieldsError as error:
            raise BadAskedError(t("scorecard.bad", field="what_if", why=_supposed(error, asked))) from None
    with context().read() as conn:
        return Card(made, judged_of(conn, made), scorecards.status(conn, made))


def _supposed(error: FieldsError, asked: Mapping[str, str]) -> str:
    """Why a statement cannot be supposed."""
    name, _, rest = asked["what_if"].partition(":")
    given = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    with context().read() as conn:
        frame = frame_of(conn, context().now(), ahead=True)
    return refusals.why(error, KINDS.get(name), given, frame)


def instant_asked(text: str) -> int:
    """The instant of `as_of`; a page that names it where it is none, or has not come yet."""
    try:
        found = figures.instant_of(text, "Asia/Shanghai")
    except (ValueError, OverflowError) as error:
        why = t("scorecard.bad.instant", example="2026-07-31T23:59:59")
        raise BadAskedError(t("scorecard.bad", field="as_of", why=f"{text} - {why}")) from error
    if found > context().now():
        raise NotThereError(t("scorecard.future"))
    return found


def _options(period: PackPeriod, asked: Mapping[str, str]) -> dict[str, Value]:
    given = {key.removeprefix(_OPTION): text for key, text in asked.items() if key.startswith(_OPTION)}
    if not given:
        return {}
    with context().read() as conn:
        known = {one.key: one for one in scorecards.options(conn, period.name, context().now())}
    made: dict[str, Value] = {}
    for key, text in given.items():
        if key not in known:
            why = t("scorecard.bad.option", names=", ".join(known))
            raise BadAskedError(t("scorecard.bad", field=_OPTION + key, why=why))
        try:
            made[key] = from_text(known[key], text)
        except OptionError:
            why = refusals.option(known[key])
            raise BadAskedError(t("scorecard.bad", field=_OPTION + key, why=why)) from None
    return made
