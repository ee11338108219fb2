"""Letting agents in and out: approve by code, invite by token, revoke with a reason. Admins only."""

from flask import flash, redirect, request, url_for

from collector.jobs import lifecycle
from collector.store import estates
from collector.store.accounts import Role
from collector.web import auth
from collector.web.pages import audit, refusals
from collector.web.pages.base import Answer, context, route, t


@route("/agents/approve", Role.ADMIN, "POST")
def agent_approve() -> Answer:
    """Let the agent with this code in."""
    try:
        made = lifecycle.approve(context(), request.form.get("code", ""), by=auth.account().name)
    except lifecycle.LifecycleError as error:
        flash(t("agents.refused", why=refusals.told("agent", error)), "bad")
    else:
        flash(t("agents.approved", agent=made.agent), "ok")
    return redirect(url_for("pages.agents"))


@route("/agents/token", Role.ADMIN, "POST")
def token_create() -> Answer:
    """A one-time token for an asset; its text is shown once."""
    asset = request.form.get("asset", "").strip()
    with context().read() as conn:
        agent = estates.agent_of_asset(conn, asset)
    try:
        text = lifecycle.create_token(context(), asset, agent, by=auth.account().name)
    except lifecycle.LifecycleError as error:
        flash(t("agents.refused", why=refusals.told("agent", error)), "bad")
    else:
        audit.note("token_created", auth.account().name, subject=asset)
        flash(t("agents.token.made", asset=asset, url=context().settings.url, token=text), "ok")
    return redirect(url_for("pages.agents"))


@route("/agents/<agent>/revoke", Role.ADMIN, "POST")
def agent_revoke(agent: str) -> Answer:
    """Refuse this agent's key from now on."""
    try:
        reason = request.form.get("reason", "").strip()
        lifecycle.revoke(context(), agent, reason=reason, by=auth.account().name)
    except lifecycle.LifecycleError as error:
        flash(t("agents.refused", why=refusals.told("agent", error)), "bad")
    else:
        flash(t("agent.revoke.done", agent=agent), "ok")
    return redirect(url_for("pages.agent", agent=agent))
