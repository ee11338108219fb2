"""Names of tables and columns as they stand in SQL, and as fingerprints have them."""

import re

NAME = rb'(?:"(?:[^"]|"")*"|[^\s."(;]+)'
QUALIFIED = rb"(" + NAME + rb"(?:\s*\.\s*" + NAME + rb")?)"
_COLUMN = re.compile(rb'"(?:[^"]|"")*"|[^\s,()"]+')
_SAFE = re.compile(r"[a-z_][a-z0-9_]*")


def named(schema: str, table: str) -> str:
    """A table's name in fingerprints: quoted where it has letters that need it, keywords or not."""
    return f"{_ident(schema)}.{_ident(table)}"


def _ident(name: str) -> str:
    return name if _SAFE.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def table_name(raw: bytes, codec: str) -> str:
    """The name in fingerprints of a table as SQL names it; names are in this encoding of Python's."""
    names = re.findall(rb'"((?:[^"]|"")*)"|([^\s."(;]+)', raw)
    plain = [
        (quoted.replace(b'""', b'"') or bare).decode(codec, "backslashreplace") for quoted, bare in names
    ]
    return ".".join(_ident(one) for one in plain)


def columns(listed: bytes | None) -> int:
    """How many columns a list in brackets names; 0 where there is none."""
    return len(_COLUMN.findall(listed)) if listed else 0
