"""Log in, log out, change the password, choose the language."""

from flask import g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from collector.store import accounts
from collector.store.accounts import Account, AccountError, Role
from collector.web import auth, i18n
from collector.web.pages import audit
from collector.web.pages.base import Answer, context, render, route, t

_YEAR = 365 * 24 * 3600


@route("/login", None, "GET", "POST")
def login() -> Answer:
    """The door."""
    if request.method == "GET":
        if g.account is not None:
            return redirect(url_for("pages.first"))
        return render("login.html", problem=None)
    name = request.form.get("name", "").strip().lower()
    found, problem = _enter(name, request.form.get("password", ""))
    if found is None:
        return render("login.html", problem=t(problem)), 429 if problem == "login.locked" else 403
    response = redirect(auth.local_path(request.args.get("next")))
    auth.start_session(context(), response, found.name)
    return response


def _enter(name: str, password: str) -> tuple[Account | None, str]:
    """The account, or which text says why not. Both the name and the address can be locked."""
    now = context().now()
    subjects = (f"account:{accounts.spelled(name)[:64]}", f"address:{request.remote_addr}")
    with context().read() as conn:
        if accounts.locked(conn, *subjects, now=now):
            return None, "login.locked"
        # Slow on purpose, so not inside a transaction that writes.
        found = accounts.verify(conn, name, password)
        known = found or accounts.get(conn, name)
    with context().write() as conn:
        locked = found is None and any([accounts.failed(conn, subject, now) for subject in subjects])
        if found is not None:
            for subject in subjects:
                accounts.forget(conn, subject)
    # A name that is no account may be a password typed into the wrong field: never logged.
    audit.note(
        "login" if found else "login_locked" if locked else "login_failed", known.name if known else None
    )
    return found, "" if found else "login.wrong"


@route("/logout", Role.VIEWER, "POST")
def logout() -> Answer:
    """Leave."""
    audit.note("logout", auth.account().name)
    response = redirect(url_for("pages.login"))
    auth.end_session(context(), response)
    return response


@route("/password", Role.VIEWER, "GET", "POST")
def password() -> Answer:
    """Change one's own password; the one-time password must be changed first of all."""
    if request.method == "GET":
        return render("password.html", problem=None, shortest=accounts.SHORTEST)
    problem = _change(auth.account(), request.form.get("old", ""), request.form.get("new", ""))
    if problem:
        return render(
            "password.html", problem=t(problem, least=accounts.SHORTEST), shortest=accounts.SHORTEST
        ), 400
    audit.note("password_changed", auth.account().name)
    response = redirect(url_for("pages.first"))
    # Every session of the account has ended, this one too.
    auth.start_session(context(), response, auth.account().name)
    return response


def _change(account: Account, old: str, new: str) -> str:
    if new != request.form.get("again", ""):
        return "password.differ"
    if new == old:
        return "password.same"
    now, subject = context().now(), f"account:{account.name}"
    with context().read() as conn:
        if accounts.locked(conn, subject, now=now):
            return "login.locked"
        right = accounts.verify(conn, account.name, old) is not None
    with context().write() as conn:
        if not right:
            accounts.failed(conn, subject, now)
            return "password.wrong"
        try:
            accounts.set_password(conn, account.name, new, must_change=False)
        except AccountError as error:
            return f"account.{error.code}"
    return ""


@route("/language", None)
def language() -> Answer:
    """Choose the language of the pages; a cookie keeps it."""
    chosen = request.args.get("to", "")
    response: Response = make_response(redirect(auth.local_path(request.args.get("next"))))
    if chosen in i18n.LANGUAGES:
        response.set_cookie(i18n.COOKIE, chosen, max_age=_YEAR, samesite="Lax", httponly=True, path="/")
    return response
