"""The whole server as one WSGI callable: the batch route first, everything else through Flask."""

import importlib
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from collector.context import Context
from collector.jobs.checkpoints import Publisher
from collector.metrics import Metrics
from collector.web import api_agent, api_statements, health, log_paths
from collector.web.batches import Batches
from collector.web.plans import Plans

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def create_app(context: Context, publisher: Publisher | None = None, *, pages: bool = True) -> Flask:
    """Flask with agents' calls, the log's files, health, and (unless told otherwise) pages for people."""
    app = _described("collector.web") if pages else Flask("collector.web")
    publisher = publisher or Publisher(context)
    metrics, plans = Metrics(), Plans(context)
    app.extensions |= {
        "roundseal": context,
        "roundseal_publisher": publisher,
        "roundseal_metrics": metrics,
        "roundseal_plans": plans,
        "roundseal_batches": Batches(context, publisher, metrics, plans),
    }
    for module in (api_agent, api_statements, log_paths, health):
        app.register_blueprint(module.blueprint)
    if pages:
        importlib.import_module("collector.web.pages").register(app, context)
    return app


def _described(name: str) -> Flask:
    """Flask that describes its API for programs."""
    made: Flask = importlib.import_module("collector.web.api_spec").application(name)
    return made


def whole(app: Flask) -> Wsgi:
    """The batch route beside the application: it needs none of Flask's work, and is most of ours."""
    batches: Batches = app.extensions["roundseal_batches"]
    rest = app.wsgi_app

    def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/v1/batches":
            return batches(environ, start_response)
        return rest(environ, start_response)

    return wsgi
