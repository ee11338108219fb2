"""/log: the log as static files (C2SP tlog-tiles), for agents, mirrors and monitors."""

from flask import Blueprint, Response, abort, current_app

from checks.wire.errors import WireError
from checks.wire.tiles import HEIGHT, WIDTH, parse_path
from collector.context import Context
from collector.jobs.checkpoints import Publisher
from collector.jobs.tilework import read_tile

blueprint = Blueprint("log_paths", __name__, url_prefix="/log")
_FOREVER = "public, max-age=31536000, immutable"


@blueprint.get("/checkpoint")
def checkpoint() -> Response:
    """The newest published tree head."""
    publisher: Publisher = current_app.extensions["roundseal_publisher"]
    if publisher.current is None:
        abort(404)
    answer = Response(publisher.current.note, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/tile/<path:rest>")
def tile(rest: str) -> Response:
    """A tile or entry bundle, as far as a published head covers it."""
    context: Context = current_app.extensions["roundseal"]
    publisher: Publisher = current_app.extensions["roundseal_publisher"]
    size = publisher.current.size if publisher.current else 0
    try:
        wanted = parse_path(f"tile/{rest}")
        if wanted.n * WIDTH + wanted.width > size >> (HEIGHT * max(wanted.level, 0)):
            abort(404)
        with context.read() as conn:
            data = read_tile(conn, wanted)
    except WireError:
        abort(404)
    answer = Response(data, content_type="application/octet-stream")
    answer.headers["Cache-Control"] = _FOREVER
    return answer
