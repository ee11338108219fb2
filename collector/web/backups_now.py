"""The account of backups as pages show it: made once for several requests, and anew when anything is."""

from flask import abort, current_app, g, url_for

from collector.jobs import backups as jobs
from collector.jobs.backups import Account, NoBackups
from collector.reports.backup_view import Words
from collector.web import i18n, judging_now
from collector.web.current import context

NAME = ("backups",)


Told = tuple[Account | None, str]
"""The account, or why there is none."""


def account() -> Account | None:
    """The account now, made again when anything is new or it is older than a few seconds; where a thread
    makes it ready, a minute after that: its pages say as of when it is."""
    if "backups" not in g:
        behind = judging_now.figures().renewing is not None
        told = judging_now.kept(NAME, make, jobs.FRESH_MS, behind=True) if behind else _at_once()
        g.backups, g.backups_why = told
    found: Account | None = g.backups
    return found


def make() -> Told:
    """The account as of now, anew."""
    with context().read() as conn:
        try:
            return jobs.account(conn, context().now()), ""
        except NoBackups as error:
            return None, error.code


def _at_once() -> Told:
    now = context().now()
    with context().read() as conn:
        key = jobs.mark(conn)
    held = current_app.extensions.get("roundseal_backups")
    if held is None or held[0] != key or not 0 <= now - held[1] < jobs.FRESH_MS:
        held = (key, now, make())
        if held[2][0] is not None:
            current_app.extensions["roundseal_backups"] = held
    told: Told = held[2]
    return told


def whole() -> Account:
    """The account; no page of it where there is none."""
    found = account()
    if found is None:
        abort(404)
    return found


def words_of(found: Account) -> Words:
    """Rows in the asker's language, with links."""
    return Words(found, i18n.language(), url_for("pages.log"), href)


def href(name: str) -> str:
    """The page of an object."""
    return url_for("pages.backup", name=name)
