"""What a request belongs to: the collector, the estate in force, the zone in which times are shown."""

from datetime import tzinfo

from flask import current_app, g

from checks.recurrence import zone as named_zone
from collector.context import Context
from collector.estate.loading import Loaded
from collector.store import estates

_ZONE = "Asia/Shanghai"


def context() -> Context:
    """The collector that this application belongs to."""
    found: Context = current_app.extensions["roundseal"]
    return found


def estate() -> Loaded | None:
    """The estate in force; None before one was applied. Read once per applied estate."""
    if "estate" not in g:
        kept: dict[int, Loaded] = current_app.extensions.setdefault("roundseal_estate", {})
        with context().read() as conn:
            applied = estates.newest(conn)
            loaded = None if applied is None else kept.get(applied.idx)
            if applied is not None and loaded is None:
                loaded = estates.loaded(conn, applied.idx)
                kept.clear()
                kept[applied.idx] = loaded
        # Not out of `kept` again: a request after another estate was applied may have cleared it by now.
        g.estate = loaded
    found: Loaded | None = g.estate
    return found


def zone() -> tzinfo:
    """The estate's zone: all times on pages are shown in it."""
    if "zone" not in g:
        # Of the logged terms, not of the estate's files: a page must say that those cannot be read.
        with context().read() as conn:
            applied = estates.newest(conn)
            g.zone = named_zone(_ZONE if applied is None else estates.terms(conn, applied.idx).timezone)
    found: tzinfo = g.zone
    return found
