"""Logical dumps of KingbaseES (sys_dump): read as PostgreSQL's are, by the product's own tool.

The archive's own format is its maker's business: whatever begins like none we know is given to `sys_restore`,
and only what that makes of it is judged. Tried on PostgreSQL under these names, never on the product.
"""

from checks.api import Check, Source
from checks.artefacts import dumps
from checks.artefacts.dumpread import Product
from checks.artefacts.dumpread import observe as observe_dumps
from checks.places import Backups

_PRODUCT = Product("sys_restore", opaque=True)


def observe(backups: Backups, params: dumps.DumpParams) -> dumps.Facts:
    """Read the newest dumps, and those whose turn it is."""
    return observe_dumps(backups, params, _PRODUCT, CHECK.version)


judge = dumps.judge

CHECK = Check(
    id="backup.kingbase",
    version=4,
    title="人大金仓逻辑备份",
    title_en="KingbaseES: logical dumps",
    source=Source.BACKUP,
    facts=dumps.Facts,
    params=dumps.DumpParams,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=(
        "read access to the dumps",
        "sys_restore of the product, for archives (none for plain dumps)",
        "a fingerprint beside each dump, made at the source: roundseal-agent fingerprint wrap",
        "tried on PostgreSQL under these names, never on the product",
    ),
)
