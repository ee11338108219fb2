"""What the ledger says against what was discovered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.ledger.model import LedgerError, Row

_COMPARED = ("serial", "version", "model")
# Words that discovered devices may use for a field.
_KEYS: Mapping[str, Sequence[str]] = {
    "id": ("id", "asset"),
    "name": ("name", "hostname", "sysname"),
    "address": ("address", "ip", "host", "target"),
    "serial": ("serial", "serial_number"),
    "version": ("version", "os_version", "firmware"),
    "model": ("model", "hardware"),
}
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """A discovered device: its fields by name, none empty."""

    fields: Mapping[str, str]

    @property
    def title(self) -> str:
        """What it is called in a list."""
        f = self.fields
        return f.get("id") or f.get("name") or f.get("address") or f.get("serial", "?")


@dataclass(frozen=True, slots=True)
class Different:
    """One field that the ledger and the device say differently."""

    asset: str
    field: str
    ledger: str
    found: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The whole comparison. `silent`: found, and did not tell a serial that the ledger has."""

    only_ledger: tuple[str, ...]
    only_found: tuple[str, ...]
    different: tuple[Different, ...]
    silent: tuple[str, ...]
    equal: int

    @property
    def empty(self) -> bool:
        """Whether ledger and devices agree in all that could be compared."""
        return not (self.only_ledger or self.only_found or self.different)


def discovered(whole: Any) -> tuple[Found, ...]:
    """Devices of a JSON document: a list of objects, or one under `assets`, `devices` or `discovered`."""
    if isinstance(whole, dict):
        whole = next((whole[key] for key in ("assets", "devices", "discovered") if key in whole), [whole])
    if not isinstance(whole, list) or len(whole) > _MOST or not all(isinstance(one, dict) for one in whole):
        raise LedgerError("garbled", "a list of discovered devices is wanted")
    return tuple(Found(_fields(one)) for one in whole)


def _fields(one: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    for name, keys in _KEYS.items():
        value = next((one[key] for key in keys if one.get(key)), None)
        if isinstance(value, str | int) and str(value).strip():
            fields[name] = str(value).strip()
    return fields


def compare(rows: Sequence[Row], found: Sequence[Found]) -> Difference:
    """Ledger against devices. A device is its asset by serial, else by id, else by address."""
    pairs = _pairs(rows, found)
    taken = {id(one) for one in pairs.values()}
    different: list[Different] = []
    silent: list[str] = []
    equal = 0
    for row in rows:
        one = pairs.get(row.number)
        if one is None:
            continue
        odd = _odd(row, one)
        different += odd
        equal += not odd
        if "serial" in row.fields and "serial" not in one.fields:
            silent.append(row.fields["id"])
    return Difference(
        only_ledger=tuple(row.fields["id"] for row in rows if row.number not in pairs),
        only_found=tuple(one.title for one in found if id(one) not in taken),
        different=tuple(different),
        silent=tuple(silent),
        equal=equal,
    )


def _pairs(rows: Sequence[Row], found: Sequence[Found]) -> dict[int, Found]:
    """Row number -> its device; each device once."""
    pairs: dict[int, Found] = {}
    left = list(found)
    for field in ("serial", "id", "address"):
        by = {value.lower(): one for one in left if (value := one.fields.get(field))}
        for row in rows:
            one = None if row.number in pairs else by.pop(row.fields.get(field, "").lower(), None)
            if one is not None:
                pairs[row.number] = one
                left = [other for other in left if other is not one]
    return pairs


def _odd(row: Row, one: Found) -> list[Different]:
    odd = []
    for field in _COMPARED:
        ledger, device = row.fields.get(field), one.fields.get(field)
        if ledger and device and " ".join(ledger.lower().split()) != " ".join(device.lower().split()):
            odd.append(Different(row.fields["id"], field, ledger, device))
    return odd
