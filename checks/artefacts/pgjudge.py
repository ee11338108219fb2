"""What is judged of a physical backup of PostgreSQL that was read (pgread.Inside), whatever it lies in."""

from collections.abc import Iterator

from checks.artefacts import levels
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.pgread import Inside

_DAY_MS = 86_400_000


def complete(inside: Inside, taken_at: int) -> Iterator[Verdict]:
    """L0: whether it was finished, and nothing listed is missing."""
    if not inside.finished:
        running = inside.began is None or taken_at - inside.began < _DAY_MS
        yield untold(Level.PRESENT, "moving") if running else bad("unfinished")
    if inside.compared is not None and inside.compared.missing:
        yield bad("part_missing", _first(inside, "-"))


def _first(inside: Inside, sign: str) -> str:
    names = inside.compared.names if inside.compared is not None else ()
    return next((one.lstrip("-+") for one in names if one.startswith(sign)), "")


def unchanged(inside: Inside, noted: str) -> Iterator[Verdict]:
    """L3, by its manifest; `noted`: the manifest's digest as it was recorded ("" none)."""
    compared = inside.compared
    if inside.manifest == "edited" or (noted and inside.manifest_sha256 and noted != inside.manifest_sha256):
        yield bad("manifest_edited")
    elif inside.manifest == "garbled":
        yield bad("changed", "backup_manifest")
    elif inside.manifest == "missing" and inside.labelled:
        yield bad("manifest_missing")
    elif compared is None:
        # Nothing recorded: a copied data directory, or one of a stopped server.
        yield untold(Level.UNCHANGED, "not_recorded")
    elif compared.differ or compared.extra:
        wrong = [name for name in compared.names if not name.startswith("-")]
        yield bad("changed", levels.first(wrong).lstrip("+"))
    elif inside.elsewhere:
        yield untold(Level.UNCHANGED, "not_followed", "pg_tblspc")
    elif compared.unchecked:
        yield untold(Level.UNCHANGED, "no_checksum")
    else:
        yield good(Level.UNCHANGED)


def well_formed(inside: Inside) -> Iterator[Verdict]:
    """L4."""
    if inside.damaged:
        yield _damage(inside.damaged)
    elif inside.tool == "bad":
        yield bad("damaged", inside.tool_said)
    else:
        yield good(Level.WELL_FORMED) if inside.state else bad("unknown_format")


def _damage(word: str) -> Verdict:
    if levels.REASONS.get(word) in (Level.PRESENT, Level.WELL_FORMED):
        return bad(word)
    return untold(Level.WELL_FORMED, word if word in levels.UNTOLD else "not_read")
