"""A ledger: rows that can be assets, and rows that cannot, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass

# What a ledger may say of an asset. The last two are no part of the estate: for comparing only.
FIELDS = (
    "id",
    "name",
    "kind",
    "system",
    "unit",
    "agent",
    "via",
    "model",
    "serial",
    "location",
    "snmp",
    "ssh",
    "redfish",
    "address",
    "version",
)
SECTIONS = ("snmp", "ssh", "redfish")  # an address under which the asset is reached so
ONLY_LEDGER = ("address", "version")


class LedgerError(ValueError):
    """The file cannot be read as a ledger: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was taken: its number in the file (from 1), its fields by name, none empty."""

    number: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its number, what it calls itself, why."""

    number: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as read. `unused`: headings of columns that no field was found for."""

    rows: tuple[Row, ...]
    rejected: tuple[Rejected, ...]
    unused: tuple[str, ...]
