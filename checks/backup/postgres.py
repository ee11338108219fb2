"""Logical dumps of PostgreSQL: custom, directory, tar and plain, compressed or sealed, read to the last row.

No database is needed: what `pg_restore -f -` makes of an archive, and a plain dump as it is, hold every row
as it was at the source; their sums are compared with the fingerprint that was taken there.
"""

from checks.api import Check, Source
from checks.artefacts import dumps
from checks.artefacts.dumpread import Product
from checks.artefacts.dumpread import observe as observe_dumps
from checks.places import Backups

_PRODUCT = Product("pg_restore")


def observe(backups: Backups, params: dumps.DumpParams) -> dumps.Facts:
    """Read the newest dumps, and those whose turn it is."""
    return observe_dumps(backups, params, _PRODUCT, CHECK.version)


judge = dumps.judge

CHECK = Check(
    id="backup.postgres",
    version=4,
    title="PostgreSQL 逻辑备份",
    title_en="PostgreSQL: logical dumps",
    source=Source.BACKUP,
    facts=dumps.Facts,
    params=dumps.DumpParams,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "HA-10", "HA-11", "PD-05", "LH-32"),
    needs=(
        "read access to the dumps",
        "pg_restore of the dump's major version or a later one, for archives (none for plain dumps)",
        "a fingerprint beside each dump, made at the source: roundseal-agent fingerprint wrap",
        "tried on dumps of PostgreSQL 15 and 18",
    ),
)
