"""/healthz, /readyz, /metrics: is the process alive, can it take evidence, what has it counted."""

import os

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from collector.context import Context
from collector.jobs.checkpoints import Publisher
from collector.metrics import Metrics
from collector.store import evidence, leases
from collector.web.batches import Batches

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive; asks nothing of the database."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Ready to take evidence: the database can be written, the disk has room, heads may be signed."""
    context: Context = current_app.extensions["roundseal"]
    publisher: Publisher = current_app.extensions["roundseal_publisher"]
    batches: Batches = current_app.extensions["roundseal_batches"]
    room = os.statvfs(context.directory)
    state: dict[str, object] = {
        "database": _writable(context),
        "disk_free": room.f_bavail * room.f_frsize,
        "disk": "full" if batches.disk_full() else "ok",
        "writer": "ok" if context.writer.held else "another collector gives the positions",
        "checkpoints": publisher.frozen or "ok",
    }
    with context.read() as conn:
        size, last = evidence.size(conn), evidence.last_received(conn)
    state |= {"entries": size, "last_entry_age_ms": context.now() - last if size else None}
    good = all(state[key] == "ok" for key in ("database", "disk", "checkpoints"))
    return jsonify({"status": "ok" if good else "not_ready", **state}), 200 if good else 503


def _writable(context: Context) -> str:
    try:
        with context.write() as conn:
            leases.touch(conn, "readyz", context.now())
    except SQLAlchemyError as error:
        return f"not writable: {error.__class__.__name__}"
    return "ok"


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text."""
    context: Context = current_app.extensions["roundseal"]
    publisher: Publisher = current_app.extensions["roundseal_publisher"]
    counted: Metrics = current_app.extensions["roundseal_metrics"]
    with context.read() as conn:
        counted.log_size.set(evidence.size(conn))
    counted.published.set(publisher.current.size if publisher.current else 0)
    counted.frozen.set(1 if publisher.frozen else 0)
    counted.waiting.set(context.writer.waiting)
    return Response(generate_latest(counted.registry), content_type=CONTENT_TYPE_LATEST)
