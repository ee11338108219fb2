"""What programs say when a restore fails, as words: what is the host's lack is never the backup's fault."""

import re

from agent.drills.errors import StopError

_NAME = rb"[\"'`]?([\w.$/+-]{1,80})"
# The first that fits decides, so what a host lacks stands before what that leads to.
_KNOWN: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("no_room", re.compile(rb"No space left on device|File too large|Disk quota exceeded|disk full", re.I)),
    ("no_tool", re.compile(rb"(?:build does not support|not built with) compression with (\w+)")),
    ("no_tool", re.compile(rb"(compression) is not supported by this installation")),
    ("needs_licence", re.compile(rb"licen[cs]e (?:file|has|is|expired|not)", re.I)),
    ("needs_extension", re.compile(rb"extension " + _NAME + rb"[\"']? is not available")),
    ("needs_extension", re.compile(rb"could not open extension control file \".*?([\w-]+)\.control\"")),
    ("needs_extension", re.compile(rb"could not access file \"(?:\$libdir/)?([\w./-]+)\"")),
    ("needs_extension", re.compile(_NAME + rb"[\"']? (?:can only|must) be (?:pre)?loaded via")),
    ("needs_extension", re.compile(rb"language " + _NAME + rb"[\"']? does not exist")),
    ("needs_extension", re.compile(rb"access method " + _NAME + rb"[\"']? does not exist")),
    ("needs_extension", re.compile(rb"has no installation script nor update path for version " + _NAME)),
    ("needs_extension", re.compile(rb"Unknown storage engine '" + _NAME)),
    ("needs_extension", re.compile(rb"Plugin '" + _NAME + rb"' is not loaded")),
    (
        "unsupported",
        re.compile(rb"(collation) \"[^\"]*\" for encoding|invalid (locale) name|could not create (locale)"),
    ),
    ("unsupported", re.compile(rb"Unknown (collation)|Unknown (character set)")),
    # What another version of the server wrote or knows.
    ("unsupported", re.compile(rb"unrecognized (?:configuration )?parameter " + _NAME)),
    ("unsupported", re.compile(rb"(tablespace) \"[^\"]*\" does not exist")),
    ("unsupported", re.compile(rb"database files are (incompatible) with server")),
    ("too_new", re.compile(rb"unsupported version \([\d.]+\) in file header")),
    (
        "damaged",
        re.compile(rb"does not appear to be a valid archive|found unexpected block ID|could not uncompress"),
    ),
    (
        "truncated",
        re.compile(rb"could not read from input file: end of file|unexpected end of file|file is too short"),
    ),
)


def why(said: bytes, otherwise: str) -> StopError:
    """The reason a program's complaint stands for; `otherwise` where it is none of those we know."""
    detail = said[-2000:].decode("utf-8", "replace").strip()
    for reason, pattern in _KNOWN:
        if (found := pattern.search(said)) is not None:
            subject = next((one for one in found.groups() if one), b"") if found.groups() else b""
            return StopError(reason, subject.decode("ascii", "replace").strip("\"'`"), detail)
    return StopError(otherwise, "", detail)
