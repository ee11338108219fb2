"""Who is asking: the session cookie, the role each page needs, and what is logged about accounts."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from collector.context import Context
from collector.store import accounts
from collector.store.accounts import Account, Role

View = TypeVar("View", bound=Callable[..., object])
_NEEDS = "_roundseal_role"
_TAKES = "_roundseal_bytes"
_MOST_FORM = 1024 * 1024
_TOUCH_MS = 60_000
# Pages one may see before the one-time password is changed.
_BEFORE_CHANGE = frozenset({"pages.password", "pages.logout", "pages.language"})


def needs(role: Role) -> Callable[[View], View]:
    """Mark a view: this role, or one that may do what it may."""

    def mark(view: View) -> View:
        setattr(view, _NEEDS, role)
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that needs no account."""
    setattr(view, _NEEDS, None)
    return view


def takes(most: int) -> Callable[[View], View]:
    """Mark a view: its form may have this many bytes (files), sent by somebody whom it is for."""

    def mark(view: View) -> View:
        setattr(view, _TAKES, most)
        return view

    return mark


def account() -> Account:
    """The account of this request; only in views that need a role."""
    one: Account = g.account
    return one


def may(role: str) -> bool:
    """Whether the account of this request may do what this role may."""
    one: Account | None = g.get("account")
    return one is not None and one.role.includes(Role(role))


def install(app: Flask, pages: Blueprint, context: Context, csrf: CSRFProtect, *, secure: bool) -> None:
    """Ask for account, role and form token before every page of the blueprint."""
    with context.write() as conn:
        app.secret_key = accounts.web_key(conn)
    app.config.update(
        SESSION_COOKIE_NAME="roundseal_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
    )
    # The prefix makes browsers refuse the cookie from a plain-text page or a sub-domain.
    app.extensions["roundseal_cookie"] = "__Host-roundseal" if secure else "roundseal"

    @pages.before_request
    def guard() -> BaseResponse | None:
        # A view that nobody marked is for admins: forgetting the mark must not open a page.
        view = current_app.view_functions[str(request.endpoint)]
        role: Role | None = getattr(view, _NEEDS, Role.ADMIN)
        g.account = _visitor(context)
        # Before the form is read: files are taken from those only whose form it is.
        known = g.account is not None and role is not None and g.account.role.includes(role)
        request.max_content_length = getattr(view, _TAKES, _MOST_FORM) if known else _MOST_FORM
        csrf.protect()
        if role is None:
            return None
        if g.account is None:
            return _to_login()
        if g.account.must_change and request.endpoint not in _BEFORE_CHANGE:
            return _to_password()
        if not g.account.role.includes(role):
            abort(403)
        return None

    app.extensions["roundseal_guard"] = guard  # the API asks the same


def remembered(context: Context) -> None:
    """Who is logged in, for a page that no route of ours was asked for: an error page keeps its menu."""
    if "account" not in g:
        g.account = None
        # A full disk, a database that is away: the page that tells of it must not fail over it again.
        with suppress(SQLAlchemyError):
            g.account = _visitor(context)


def _visitor(context: Context) -> Account | None:
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    now = context.now()
    with context.read() as conn:
        found = accounts.session(conn, token, now)
    if found is None:
        return None
    # A page that refreshes itself must not keep an absent person logged in. Once a minute is enough to write.
    if "poll" not in request.args and found.seen < now - _TOUCH_MS:
        with context.write() as conn:
            accounts.touch_session(conn, token, now)
    return found.account


def _to_login() -> BaseResponse:
    if request.path.startswith("/api/"):
        answer = '{"status":"no_account","detail":"log in first: GET /login, then its cookie"}'
        return Response(answer, status=401, mimetype="application/json")
    target = url_for("pages.login", next=request.full_path.rstrip("?") if request.method == "GET" else "/")
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("pages.login")})
    return redirect(target)


def _to_password() -> BaseResponse:
    if request.path.startswith("/api/"):
        answer = '{"status":"password_must_change","detail":"change the one-time password: GET /password"}'
        return Response(answer, status=403, mimetype="application/json")
    return redirect(url_for("pages.password"))


def cookie_name() -> str:
    """Name of the session cookie, by transport."""
    return str(current_app.extensions["roundseal_cookie"])


def start_session(context: Context, response: BaseResponse, name: str) -> None:
    """Log in: a new session and a new form token, so nothing from before the login is of use."""
    session.clear()
    with context.write() as conn:
        token = accounts.open_session(conn, name, context.now())
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(cookie_name(), token, httponly=True, secure=secure, samesite="Lax", path="/")


def end_session(context: Context, response: BaseResponse) -> None:
    """Log out: the session is gone on the server, the cookie in the browser."""
    session.clear()
    with context.write() as conn:
        accounts.close_session(conn, request.cookies.get(cookie_name(), ""))
    response.delete_cookie(cookie_name(), path="/", secure=bool(current_app.config["SESSION_COOKIE_SECURE"]))


def local_path(path: str | None) -> str:
    """`path` if it stays on this server, else the first page."""
    if (
        not path
        or not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or any(ord(char) < 32 for char in path)
    ):
        return "/"
    return quote(path, safe="/?&=%:+,.-_~@!$'()*;")
