"""Listening sockets, asked of the kernel through sock_diag (netlink).

/proc/net/tcp lists every connection of a busy server (7 ms for 3500 of them); sock_diag returns the
listening ones only. That file is read only where the kernel has no sock_diag for a protocol.
"""

import errno
import os
import socket
import struct
import time
from collections.abc import Collection, Iterator, Mapping

from agent.sources.host_proc import Tree, content, plain
from checks.sources import Listener, Listeners

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_REQUEST = struct.Struct("=BBBxI48x")  # family, protocol, extensions, states, empty socket id
# family, state, timer, retransmits; ports, addresses, interface, cookie; expires, queues, uid, inode
_ANSWER = struct.Struct("=BBBB2s2s16s16sI8sIIIII")

# TCP in state LISTEN (10); an unconnected UDP socket is in state CLOSE (7).
_PROTOCOLS = {"tcp": (socket.IPPROTO_TCP, 10), "udp": (socket.IPPROTO_UDP, 7)}
_FAMILIES = {socket.AF_INET: "", socket.AF_INET6: "6"}
_TABLES = [(protocol, family) for protocol in _PROTOCOLS for family in _FAMILIES]
_TIMEOUT_S = 5.0


def listeners(tree: Tree) -> Listeners:
    """All listening TCP and unconnected UDP sockets of this network namespace."""
    found: set[Listener] = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(_TIMEOUT_S)
        kernel.bind((0, 0))
        for number, (protocol, family) in enumerate(_TABLES):
            try:
                found.update(_dump(kernel, number, family, protocol))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EPROTONOSUPPORT, errno.EOPNOTSUPP, errno.EINVAL):
                    raise
                table = tree.text_or(f"proc/net/{protocol}{_FAMILIES[family]}", "")
                found.update(from_table(table, protocol))
    first, last = tree.text_or("proc/sys/net/ipv4/ip_local_port_range", "32768 60999").split()
    ordered = sorted(found, key=lambda each: (each.protocol, each.port, each.address, each.inode))
    return Listeners(tuple(ordered), int(first), int(last))


def _dump(kernel: socket.socket, asked: int, family: int, protocol: str) -> Iterator[Listener]:
    number, state = _PROTOCOLS[protocol]
    body = _REQUEST.pack(family, number, 0, 1 << state)
    size = _HEADER.size + len(body)
    kernel.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, asked, 0) + body)
    while True:
        found, done = from_netlink(kernel.recv(1 << 16), protocol)
        yield from found
        if done:
            return


def from_netlink(message: bytes, protocol: str) -> tuple[list[Listener], bool]:
    """Sockets in one netlink datagram, and whether it was the last. OSError is the kernel's refusal."""
    found: list[Listener] = []
    at = 0
    while at + _HEADER.size <= len(message):
        length, kind, *_ = _HEADER.unpack_from(message, at)
        if length < _HEADER.size:
            raise ValueError("a netlink message of impossible length")
        if kind == _NLMSG_DONE:
            return found, True
        if kind == _NLMSG_ERROR and length >= _HEADER.size + 4 <= len(message) - at:
            (negative,) = struct.unpack_from("=i", message, at + _HEADER.size)
            raise OSError(-negative, os.strerror(-negative))
        if kind == _SOCK_DIAG_BY_FAMILY:
            found.append(_listener(message[at + _HEADER.size : at + length], protocol))
        at += (length + 3) & ~3
    return found, False


def _listener(answer: bytes, protocol: str) -> Listener:
    if len(answer) < _ANSWER.size:
        raise ValueError("a socket description is cut short")
    family, _, _, _, port, _, address, *_, inode = _ANSWER.unpack_from(answer)
    raw = address[:4] if family == socket.AF_INET else address
    return Listener(protocol, socket.inet_ntop(family, raw), int.from_bytes(port, "big"), inode)


def from_table(table: str, protocol: str) -> Iterator[Listener]:
    """Sockets in the text of /proc/net/{tcp,udp}[6]; lines that are empty or cut short are left out."""
    state = f"{_PROTOCOLS[protocol][1]:02X}"
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) < 10 or words[3] != state:
            continue
        address, _, port = words[1].partition(":")
        # The kernel prints each 32-bit word of the address in its own byte order.
        raw = b"".join(int(address[i : i + 8], 16).to_bytes(4, "little") for i in range(0, len(address), 8))
        family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
        yield Listener(protocol, socket.inet_ntop(family, raw), int(port, 16), int(words[9]))


# Where a socket was found last: almost always it is still there, and nobody else need be asked. What was
# looked for in vain (another user's) is looked for again only when there is a socket not seen before: an
# inode's number is not used again while its socket lives, and all open files of all processes are many.
_found_at: dict[int, str] = {}
_in_vain: set[int] = set()
_EVERYWHERE_S = 600.0  # so long a new socket that is found soon does not make us look for the others again
_everywhere_at = -_EVERYWHERE_S  # monotonic


def owners(tree: Tree, inodes: Collection[int]) -> Mapping[int, str]:
    """Program names by socket inode; those that may not be seen are left out."""
    global _everywhere_at
    places = {inode: place for inode in inodes if (place := _still(tree, inode))}
    unseen = {inode for inode in inodes if inode not in places}
    new = unseen - _in_vain
    if new:
        now = time.monotonic()
        found, everywhere = _search(tree, unseen, new, now - _everywhere_at >= _EVERYWHERE_S)
        if everywhere:
            _everywhere_at = now
            _in_vain.clear()
            _in_vain.update(unseen)
        places.update(found)
    _found_at.clear()
    _found_at.update(places)
    _in_vain.intersection_update(inodes)
    _in_vain.difference_update(places)
    return _names(tree, places)


def _search(
    tree: Tree, unseen: Collection[int], new: Collection[int], everywhere: bool
) -> tuple[dict[int, str], bool]:
    """Where these sockets are open: at the eldest process that has it; whether all processes were asked.

    The newest processes first: there the new sockets are mostly found, and all others need not be asked.
    """
    links = {f"socket:[{inode}]": inode for inode in unseen}
    found: dict[int, str] = {}
    left = set(new)
    pids = sorted([int(name) for name in os.listdir(tree.place("proc")) if name.isdigit()], reverse=True)
    for pid in pids:
        for link, place in _open_files(tree.place(f"proc/{pid}/fd")):
            if link in links:
                found[links[link]] = place
                left.discard(links[link])
        if not left and not everywhere:
            return {inode: _eldest(tree, inode, place) for inode, place in found.items()}, False
    return found, True


def _eldest(tree: Tree, inode: int, place: str) -> str:
    """Where the first of those is open that handed this socket down to the process at `place`."""
    link, pid = f"socket:[{inode}]", int(place.rsplit("/", 3)[1])
    while pid > 1:
        try:
            pid = int(content(tree.place(f"proc/{pid}/stat")).rpartition(b")")[2].split(None, 2)[1])
        except OSError:  # ended meanwhile
            return place
        above = [at for file, at in _open_files(tree.place(f"proc/{pid}/fd")) if file == link]
        if not above:
            return place
        place = above[0]
    return place


def _still(tree: Tree, inode: int) -> str | None:
    place = _found_at.get(inode)
    try:
        at_place = place and place.startswith(tree.place("proc/")) and os.readlink(place)
        return place if at_place == f"socket:[{inode}]" else None
    except OSError:
        return None


def _open_files(folder: str) -> Iterator[tuple[str, str]]:
    """(what it is, its place below /proc) for each open file of one process."""
    try:
        for number in os.listdir(folder):
            place = f"{folder}/{number}"
            yield os.readlink(place), place
    except OSError:  # ended meanwhile, or not ours to see
        return


def _names(tree: Tree, places: Mapping[int, str]) -> Mapping[int, str]:
    of_process: dict[str, str] = {}
    for place in places.values():
        process = place.rsplit("/", 2)[0]
        if process not in of_process:
            of_process[process] = plain(_comm(process))
    return {inode: of_process[place.rsplit("/", 2)[0]] for inode, place in places.items()}


def _comm(process: str) -> str:
    try:
        return content(f"{process}/comm").decode("utf-8", "replace").strip()
    except OSError:
        return ""
