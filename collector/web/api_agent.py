"""/v1 but for batches: the log's name, enrolment, an agent's own state, its plan."""

from base64 import b64encode

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.wrappers import Response as BaseResponse

from checks.wire.note import format_vkey
from collector.context import Context
from collector.evidence.agents import Agent, AgentState
from collector.evidence.enrolment import Refused, check_get, read_authorization, read_statement
from collector.jobs import lifecycle
from collector.store import agents
from collector.web.plans import Plans

blueprint = Blueprint("api_agent", __name__, url_prefix="/v1")
_MOST = 16 * 1024
_RETRY_S = 30


def _context() -> Context:
    context: Context = current_app.extensions["roundseal"]
    return context


@blueprint.errorhandler(Refused)
def refused(error: Refused) -> tuple[Response, int]:
    """A refusal as the JSON that agents read."""
    made = {"status": error.status} | ({"detail": error.detail} if error.detail else {})
    return jsonify(made), error.http


@blueprint.get("/log")
def log() -> Response:
    """Which log this is."""
    context = _context()
    known = {"origin": context.origin, "vkey": format_vkey(context.vkey), "time": context.now()}
    return jsonify({"status": "ok", **known})


@blueprint.post("/enrol")
def enrol() -> tuple[Response, int]:
    """Take an enrolment in; it waits for somebody to approve its code."""
    if (request.content_length or _MOST + 1) > _MOST:
        raise Refused(413, "bad_statement", f"at most {_MOST} bytes")
    agent = lifecycle.enrol(_context(), read_statement(request.get_data()))
    named = {"status": "pending", "agent": agent.agent, "epoch": agent.epoch, "code": agent.code}
    return jsonify(named), 202


def _asking() -> Agent:
    """The agent that signed this GET."""
    asked = read_authorization(request.headers.get("Authorization", ""))
    context = _context()
    with context.read() as conn:
        found = agents.get(conn, asked.agent, asked.epoch)
    if found is None:
        raise Refused(401, "unknown_key")
    target = request.full_path if request.query_string else request.path
    check_get(asked, target, found.public, context.now())
    if found.state is AgentState.REVOKED:
        raise Refused(403, "revoked")
    return found


@blueprint.get("/agents/self")
def myself() -> Response | tuple[Response, int]:
    """How the agent stands."""
    agent = _asking()
    known = {"agent": agent.agent, "epoch": agent.epoch}
    if agent.state is AgentState.PENDING:
        answer = jsonify({"status": "pending", **known, "code": agent.code})
        answer.headers["Retry-After"] = str(_RETRY_S)
        return answer, 202
    context = _context()
    log_of = {"origin": context.origin, "vkey": format_vkey(context.vkey), "idx": agent.approve_idx}
    return jsonify({"status": "approved", **known, **log_of})


@blueprint.get("/plan")
def plan() -> BaseResponse:
    """The agent's current plan, signed."""
    agent = _asking()
    if agent.state is AgentState.PENDING:
        raise Refused(403, "pending")
    if agent.epoch < agent.newest_epoch:
        raise Refused(409, "old_epoch")
    plans: Plans = current_app.extensions["roundseal_plans"]
    found = plans.current(agent.agent, agent.epoch)
    if found is None:
        raise Refused(404, "no_plan")
    answer = Response(found.data, content_type="application/json")
    answer.set_etag(found.digest)
    answer.headers["Roundseal-Signature"] = b64encode(found.signature).decode()
    return answer.make_conditional(request)
