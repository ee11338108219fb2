"""Memory errors as the kernel's EDAC drivers count them, since the start of the machine."""

import re

from agent.sources.host_proc import Tree
from agent.sources.memory import Memory
from checks.api import ErrorKind, ObservationError
from checks.codec import JsonValue
from checks.sources import EccController, EccModule, EccSpan

_ROOT = "sys/devices/system/edac/mc"
_CONTROLLER = re.compile(r"mc\d{1,3}")
_MODULE = re.compile(r"(?:dimm|rank)\d{1,3}")
_MOST_LABEL = 64


def ecc(tree: Tree, memory: Memory) -> EccSpan:
    """All controllers; unsupported where the kernel has no driver for one."""
    names = [one for one in _names(tree, _ROOT) if _CONTROLLER.fullmatch(one)]
    if not names:
        raise ObservationError(ErrorKind.UNSUPPORTED, "the kernel counts no memory errors of this machine")
    found = [_controller(tree, name) for name in names]
    kept: dict[str, JsonValue] = {one.name: one.corrected for one in found}
    boot = _text(tree, "proc/sys/kernel/random/boot_id")
    before = memory.swap("ecc", {"boot": boot, "counts": kept})
    old = before.get("counts") if isinstance(before, dict) and before.get("boot") == boot else None
    counts = old if isinstance(old, dict) else {}
    return EccSpan(tuple(_joined(one, counts.get(one.name)) for one in found))


def _joined(one: EccController, before: JsonValue | None) -> EccController:
    kept = before if isinstance(before, int) else None
    return EccController(one.name, one.kind, one.corrected, kept, one.uncorrected, one.modules)


def _controller(tree: Tree, name: str) -> EccController:
    place = f"{_ROOT}/{name}"
    modules = tuple(
        EccModule(
            _text(tree, f"{place}/{one}/dimm_label") or one,
            _number(tree, f"{place}/{one}/dimm_ce_count"),
            _number(tree, f"{place}/{one}/dimm_ue_count"),
        )
        for one in _names(tree, place)
        if _MODULE.fullmatch(one)
    )
    # The errors of which nobody knows the module are part of these.
    corrected, uncorrected = (_number(tree, f"{place}/{one}_count") for one in ("ce", "ue"))
    return EccController(name, _text(tree, f"{place}/mc_name"), corrected, None, uncorrected, modules)


def _names(tree: Tree, folder: str) -> list[str]:
    try:
        return sorted(path.name for path in (tree.root / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _text(tree: Tree, path: str) -> str:
    try:
        text = tree.head(path).strip()
    except OSError:
        return ""
    return "".join(one for one in text if one.isprintable())[:_MOST_LABEL]


def _number(tree: Tree, path: str) -> int | None:
    text = _text(tree, path)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
