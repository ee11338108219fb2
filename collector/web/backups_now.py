"""The account of backups as pages show it: made once for several requests, and anew when anything is."""

from flask import abort, current_app, g, url_for

from collector.jobs import backups as jobs
from collector.jobs.backups import Account, NoBackups
from collector.reports.backup_view import Words
from collector.web import i18n
from collector.web.pages.base import context


def account() -> Account | None:
    """The account now, made again when anything is new or it is older than a few seconds."""
    if "backups" not in g:
        now = context().now()
        with context().read() as conn:
            key = jobs.mark(conn)
            held = current_app.extensions.get("roundseal_backups")
            if held is None or held[0] != key or not 0 <= now - held[1] < jobs.FRESH_MS:
                try:
                    made = jobs.account(conn, now)
                except NoBackups as error:
                    g.backups_why = error.code
                    made = None
                held = (key, now, made)
                if made is not None:
                    current_app.extensions["roundseal_backups"] = held
        g.backups = held[2]
    found: Account | None = g.backups
    return found


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
