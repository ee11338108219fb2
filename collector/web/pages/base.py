"""What every page module stands on: routes with their role, tables by name, rendering."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, NoReturn, TypeVar

from flask import render_template, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from collector.documents.tables import Kind, Table
from collector.reports.sheet import words
from collector.store.accounts import Role
from collector.web import auth, i18n
from collector.web.current import context as context
from collector.web.current import estate as estate
from collector.web.current import zone as zone

_SHOWN = 40  # characters of what was asked
Answer = str | Response | tuple[str, int]
View = TypeVar("View", bound=Callable[..., Answer])
Builder = Callable[[Mapping[str, str]], Table]
BuilderT = TypeVar("BuilderT", bound=Builder)


class BadAskedError(BadRequest):
    """What was asked for cannot be; its description says in the asker's language what is wrong."""


@dataclass(frozen=True, slots=True)
class Route:
    """A page: where, which view, which methods."""

    rule: str
    view: Callable[..., Answer]
    methods: tuple[str, ...]


ROUTES: list[Route] = []
TABLES: dict[str, tuple[Builder, Role]] = {}


def route(
    rule: str, role: Role | None, *methods: str, asks: Sequence[str] | None = None
) -> Callable[[View], View]:
    """Make a view a page for this role and those above; None: for anybody.

    `asks`: what may stand in its query (`option.` means anything that begins so); anything else is refused by
    name, for a page that ignores what it was asked seems to answer it. None: the page looks for itself.
    """

    def mark(view: View) -> View:
        checked = view if asks is None else _asking(view, asks)
        marked = auth.public(checked) if role is None else auth.needs(role)(checked)
        ROUTES.append(Route(rule, marked, methods or ("GET",)))
        return marked

    return mark


def _asking(view: View, asks: Sequence[str]) -> View:
    @wraps(view)
    def made(*args: Any, **more: Any) -> Answer:
        for key in request.args if request.method == "GET" else ():
            if key not in asks and not any(one.endswith(".") and key.startswith(one) for one in asks):
                names = ", ".join(f"{one}KEY" if one.endswith(".") else one for one in asks)
                told = t("refused.key", key=key, names=names) if asks else t("refused.key.none", key=key)
                raise BadAskedError(told)
        answered: Answer = view(*args, **more)
        return answered

    return made  # type: ignore[return-value]  # it takes and gives what the view does


def table(name: str, role: Role) -> Callable[[BuilderT], BuilderT]:
    """Make a builder's table one that can be saved as xlsx under this name."""

    def mark(builder: BuilderT) -> BuilderT:
        TABLES[name] = (builder, role)
        return builder

    return mark


def clock(ms: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """An instant in the estate's zone."""
    return datetime.fromtimestamp(ms / 1000, zone()).strftime(form)


def iso(ms: int) -> str:
    """An instant in UTC, for machines."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render(template: str, section: str = "", **values: Any) -> str:
    """A page, or only the part of it that htmx asks for."""
    return render_template(template, section=section, **values)


def whole(name: str, default: int, least: int, most: int) -> int:
    """A whole number from the query; a page that names it where it is none, or beyond its limits."""
    return number(request.args, name, default, least, most)


def number(args: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """The same, of any arguments."""
    text = args.get(name, "")
    if not text:
        return default
    # Twenty digits say more than any limit here.
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not least <= found <= most:
        refuse(name, text, t("refused.query.number", least=least, most=most))
    return found


def refuse(name: str, text: str, wanted: str) -> NoReturn:
    """A page that says which part of the query is wrong, and what is wanted there."""
    raise BadAskedError(t("refused.query", name=name, text=text[:_SHOWN], wanted=wanted))


def t(key: str, /, **fields: object) -> str:
    """A text in the request's language."""
    return i18n.text(key, **fields)


def cell_words(value: object, kind: Kind) -> str:
    """A cell of a table in words."""
    return words(value, kind, i18n.language())
