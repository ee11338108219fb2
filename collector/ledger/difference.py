"""What the ledger says against what was discovered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from collector.ledger.model import SECTIONS, LedgerError, Row

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
    """A discovered device: its fields by name, none empty. `error`: why it could not be looked at, if so."""

    fields: Mapping[str, str]
    error: str = ""

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
    """The whole comparison. `silent`: found, and did not tell a serial that the ledger has; `unseen`: could
    not be looked at, so that nobody knows."""

    only_ledger: tuple[str, ...]
    only_found: tuple[str, ...]
    different: tuple[Different, ...]
    silent: tuple[str, ...]
    unseen: tuple[str, ...]
    equal: int

    @property
    def empty(self) -> bool:
        """Whether ledger and devices agree in all that could be compared."""
        return not (self.only_ledger or self.only_found or self.different or self.unseen)


def discovered(whole: Any) -> tuple[Found, ...]:
    """Devices of a JSON document: a list of objects, or one under `assets`, `devices` or `discovered`; each
    with its fields, or as `roundseal-agent discover --json` prints it."""
    if isinstance(whole, dict):
        whole = next((whole[key] for key in ("assets", "devices", "discovered") if key in whole), [whole])
    if not isinstance(whole, list) or len(whole) > _MOST or not all(isinstance(one, dict) for one in whole):
        raise LedgerError("garbled", "a list of discovered devices is wanted")
    return tuple(Found(_fields(one), str(one.get("error") or "")) for one in whole)


def _fields(one: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    identity = one.get("identity")
    one = {**one, **identity} if isinstance(identity, dict) else one
    for name, keys in _KEYS.items():
        value = next((one[key] for key in keys if one.get(key)), None)
        if isinstance(value, str | int) and str(value).strip():
            fields[name] = str(value).strip()
    if "://" in fields.get("address", ""):
        fields["address"] = _host(fields["address"])
    return fields


def _host(target: str) -> str:
    """The address in a target such as snmp://10.1.0.1:161?version=2."""
    try:
        return urlsplit(target).hostname or target
    except ValueError:
        return target


def compare(rows: Sequence[Row], found: Sequence[Found]) -> Difference:
    """Ledger against devices. A device is its asset by serial, else by id, else by address."""
    pairs = _pairs(rows, found)
    taken = {id(one) for one in pairs.values()}
    different: list[Different] = []
    silent: list[str] = []
    equal = 0
    for row in rows:
        one = pairs.get(row.number)
        if one is None or one.error:
            continue
        odd = _odd(row, one)
        different += odd
        equal += not odd
        if "serial" in row.fields and "serial" not in one.fields:
            silent.append(row.fields["id"])
    return Difference(
        only_ledger=tuple(row.fields["id"] for row in rows if row.number not in pairs),
        only_found=tuple(one.title for one in found if id(one) not in taken and not one.error),
        different=tuple(different),
        silent=tuple(silent),
        unseen=tuple(row.fields["id"] for row in rows if row.number in pairs and pairs[row.number].error),
        equal=equal,
    )


def _pairs(rows: Sequence[Row], found: Sequence[Found]) -> dict[int, Found]:
    """Row number -> its device; each device once."""
    pairs: dict[int, Found] = {}
    left = list(found)
    for field in ("serial", "id", "address"):
        by = {value.lower(): one for one in left if (value := one.fields.get(field))}
        for row in rows:
            one = None if row.number in pairs else _first(by, _values(row, field))
            if one is not None:
                pairs[row.number] = one
                left = [other for other in left if other is not one]
    return pairs


def _first(by: dict[str, Found], values: Sequence[str]) -> Found | None:
    return next((by.pop(value) for value in values if value in by), None)


def _values(row: Row, field: str) -> list[str]:
    """What a row says in a field, in small letters; an address in any of the places for one."""
    names = ("address", *SECTIONS) if field == "address" else (field,)
    return [row.fields[name].lower() for name in names if name in row.fields]


def _odd(row: Row, one: Found) -> list[Different]:
    odd = []
    for field in _COMPARED:
        ledger, device = row.fields.get(field), one.fields.get(field)
        if ledger and device and " ".join(ledger.lower().split()) != " ".join(device.lower().split()):
            odd.append(Different(row.fields["id"], field, ledger, device))
    return odd
