"""The first page: what is due, late, missed; what is wrong; who is silent; what nobody is watching."""

from collector.store.accounts import Role
from collector.web.pages.base import Answer, render, route


@route("/", Role.VIEWER)
def today() -> Answer:
    """Today."""
    return render("today.html", "today")


@route("/systems", Role.VIEWER)
def systems() -> Answer:
    return render("today.html", "systems")


@route("/rounds", Role.VIEWER)
def rounds() -> Answer:
    return render("today.html", "rounds")


@route("/assets", Role.VIEWER)
def assets() -> Answer:
    return render("today.html", "assets")


@route("/assets/<asset>", Role.VIEWER)
def asset(asset: str) -> Answer:
    return render("today.html", "assets")
