"""Configuration files, certificates in files, and USB devices that hold files."""

import glob
import os
from collections.abc import Sequence

from agent.sources import files_states
from agent.sources.files_store import Local
from agent.sources.host_proc import Tree
from checks.hardening import FileCertificate, FileState, UsbDevice

_USB_KINDS = {"08": "storage", "06": "image"}


def files(tree: Tree, patterns: Sequence[str]) -> Sequence[FileState]:
    """State of each file, in the order asked."""
    return files_states.states(Local(tree.place("")), patterns)


def certificates(tree: Tree, patterns: Sequence[str]) -> Sequence[FileCertificate]:
    """The first certificate of each file."""
    return files_states.certificates(Local(tree.place("")), patterns)


def usb_devices(tree: Tree) -> Sequence[UsbDevice]:
    """Mass storage and cameras that are plugged in; a machine without USB has none."""
    found = []
    for place in sorted(glob.glob(tree.place("sys/bus/usb/devices/*/bInterfaceClass"))):
        kind = _USB_KINDS.get(_line(place))
        if kind is not None:
            folder = os.path.dirname(place)
            device = os.path.join(os.path.dirname(folder), os.path.basename(folder).partition(":")[0])
            found.append(UsbDevice(_line(f"{device}/idVendor"), _line(f"{device}/idProduct"), kind))
    return found


def _line(place: str) -> str:
    try:
        with open(place, encoding="utf-8", errors="replace") as file:
            return file.readline(200).strip()
    except OSError:
        return ""
