"""Yesterday's file under today's name: an older artefact with the very same bytes."""

from checks.artefacts.artefact import Artefact
from checks.artefacts.standing import Memory, Survey
from checks.places import Entry, shown


def twin(entry: Entry, base: Artefact, found: Survey, memory: Memory) -> str:
    """Name of an older one with the same bytes, "" where there is none that we have read."""
    older = found.all[found.all.index(entry) + 1 :] if base.sha256 and base.bytes else ()
    prefix = found.top.rstrip("/") + "/"
    for one in older:
        held = memory.kept.get(shown(one.path)) or memory.held.get(shown(one.path))
        if held is not None and held["value"].get("sha256") == base.sha256:
            return shown(one.path.removeprefix(prefix))
    return ""
