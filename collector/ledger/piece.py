"""The ledger as a piece of estate YAML, to be included by its owner."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from collector.ledger.model import ONLY_LEDGER, SECTIONS, Row


def text(rows: Iterable[Row], source: str) -> str:
    """`assets:` with every row; `source` says in a comment where it came from."""
    assets = [_asset(row.fields) for row in rows]
    body = yaml.safe_dump({"assets": assets}, allow_unicode=True, sort_keys=False, width=200)
    return (
        f"# Made by ledger import of {source}: include it in the estate, change the ledger instead.\n{body}"
    )


def _asset(fields: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: value for name, value in fields.items() if name not in (*SECTIONS, *ONLY_LEDGER)
    }
    ordered = {name: made[name] for name in ("id", "kind", *sorted(made.keys() - {"id", "kind"}))}
    sections = {name: {"address": fields[name]} for name in SECTIONS if name in fields}
    return {**ordered, **sections}
