"""Settings: accounts and their roles, the audit log."""

from collections.abc import Callable, Mapping

from flask import flash, redirect, request, url_for
from sqlalchemy import Connection

from collector.documents.tables import Column, Kind, Table
from collector.store import accounts
from collector.store.accounts import AccountError, Role
from collector.web import auth
from collector.web.pages import audit
from collector.web.pages.base import Answer, context, render, route, t, table

_MOST_TYPED = 200
_COLUMNS = (Column("account"), Column("role"), Column("state", Kind.STATE), Column("password"))


@table("accounts", Role.ADMIN)
def accounts_table(_args: Mapping[str, str]) -> Table:
    """All accounts."""
    with context().read() as conn:
        found = accounts.every(conn)
    rows = [
        (
            one.name,
            t(f"role.{one.role}"),
            "disabled" if one.disabled else "active",
            t("password.once" if one.must_change else "password.own"),
        )
        for one in found
    ]
    return Table("accounts", t("accounts.title"), _COLUMNS, rows, t("accounts.empty"))


@route("/settings", Role.VIEWER, asks=())
def settings() -> Answer:
    """One's own account; for admins all accounts and the audit log."""
    admin = auth.may(Role.ADMIN)
    return render(
        "settings.html",
        "settings",
        roles=list(Role),
        names=_names() if admin else [],
        accounts=accounts_table({}) if admin else None,
        audit=audit.audit_table({}) if admin else None,
    )


def _names() -> list[str]:
    with context().read() as conn:
        return [one.name for one in accounts.every(conn)]


@route("/settings/accounts", Role.ADMIN, "POST")
def account_add() -> Answer:
    """Make an account; its one-time password is shown once."""
    name, role, password = _typed("name").strip(), _typed("role"), accounts.one_time_password()

    def make(conn: Connection) -> None:
        accounts.create(conn, name, password, role)

    return _done(make, "account_added", name, t("account.made", name=name, password=password), role=role)


@route("/settings/accounts/change", Role.ADMIN, "POST")
def account_change() -> Answer:
    """Another role, a new one-time password, disable or enable."""
    name, what, password = _typed("name"), _typed("what"), accounts.one_time_password()

    def change(conn: Connection) -> None:
        if what == "reset":
            accounts.set_password(conn, name, password, must_change=True)
        elif what in ("disable", "enable"):
            accounts.set_disabled(conn, name, what == "disable")
        else:
            accounts.set_role(conn, name, what)

    event = {"reset": "password_reset", "disable": "account_disabled", "enable": "account_enabled"}
    message = (
        t("account.made", name=name, password=password)
        if what == "reset"
        else t("account.changed", name=name)
    )
    role = {} if what in event else {"role": what}
    return _done(change, event.get(what, "role_changed"), name, message, **role)


def _typed(key: str) -> str:
    """What was typed. No name and no role is as long as what is cut off here: the rest is refused as wrong,
    and not as more than an entry of the log can hold."""
    return request.form.get(key, "")[:_MOST_TYPED]


def _done(act: Callable[[Connection], None], event: str, subject: str, message: str, **more: str) -> Answer:
    """Act and log it, both or neither, and say so; or say why not."""
    try:
        audit.note(event, auth.account().name, act, subject=subject, **more)
    except AccountError as error:
        flash(t(f"account.{error.code}", least=accounts.SHORTEST), "bad")
    else:
        flash(message, "ok")
    return redirect(url_for("pages.settings"))
