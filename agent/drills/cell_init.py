"""The first process of a cell: cuts network, files and processes off, proves it, then starts what it is told.

Run as a plain file (`python -I -S cell_init.py`), so it starts at once and sees nothing of the site's own.
Standard input is a SOCK_SEQPACKET socket to the agent; when that ends, so does this process and with it, as
it is process 1 of its namespace, everything that ever started in the cell. JSON messages:

    -> {"room", "root", "binds": [[from, to, writable]], "uid", "gid", "name", "file_bytes",
        "shared_bytes"}
    <- {"ready": {"interfaces", "up", "refused", "net", "mode", "pid"}} or {"failed": text}
    -> {"run": n, "argv", "env", "cwd"} with its standard input, output and error
    <- {"ended": n, "status": s}              exit status, negative for a signal
    -> {"kill": n}                            everything in its session
"""

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from typing import Any

sys.path.insert(0, os.path.abspath(f"{__file__}/../../.."))
from agent.drills import kernel  # nothing but the path to it is known before

MOST = 256 * 1024
_IFF_UP = 1
_GET_FLAGS = 0x8913
# Nobody's addresses (RFC 5737, RFC 3849), and this machine's own.
_PEERS = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET))
_CUT = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_DEVICES = ("null", "zero", "full", "random", "urandom")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime")
_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def main() -> None:
    """Enter the cell, then serve until the agent is gone."""
    kernel.die_with_parent()
    control = socket.socket(fileno=0)
    wish = json.loads(control.recv(MOST))
    try:
        own = _unshare(wish)
    except OSError as problem:
        _send(control, {"failed": str(problem)})
        return
    kernel.die_with_parent()  # once more: new credentials forget it
    child = os.fork()
    if child:
        control.close()
        os.waitpid(child, 0)
        return
    kernel.die_with_parent()
    try:
        _files(wish)
        ready = {**_proof(wish), "mode": "user_namespace" if own else "root"}
    except OSError as problem:
        _send(control, {"failed": str(problem)})
        return
    _send(control, {"ready": ready})
    _serve(control, wish)


def _unshare(wish: dict[str, Any]) -> bool:
    """Into new namespaces; whether that took a user namespace of our own."""
    flags = kernel.NEWNS | kernel.NEWIPC | kernel.NEWPID | kernel.NEWNET
    if os.geteuid() == 0:
        kernel.unshare(flags)
        return False
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(flags | kernel.NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


# Files: a root of its own that holds the programs, read only, and the drill's directory.


def _files(wish: dict[str, Any]) -> None:
    kernel.mount("", "/", "", kernel.REC | kernel.PRIVATE)
    root = wish["root"]
    # Whatever the agent's is (its unit says 077): the drill's user has to read /etc and the ways to it.
    os.umask(0o022)
    kernel.mount("none", root, "tmpfs", kernel.NOSUID | kernel.NODEV, "size=1m,mode=755")
    for name in ("usr", "etc", "dev", "proc", "drill", "tmp", "var"):
        os.mkdir(f"{root}/{name}")
    kernel.bind("/usr", f"{root}/usr", kernel.RDONLY | kernel.NOSUID | kernel.NODEV)
    for name in _USR:
        _beside_usr(root, name)
    _etc(root, wish)
    _devices(root, wish)
    quiet = kernel.NOSUID | kernel.NODEV | kernel.NOEXEC
    kernel.bind(wish["room"], f"{root}/drill", quiet)
    kernel.bind(f"{wish['room']}/tmp", f"{root}/tmp", quiet)  # noqa: S108  # the room's own
    for source, target, writable in wish["binds"]:
        _bind(root, source, target, kernel.NOSUID | kernel.NODEV | (0 if writable else kernel.RDONLY))
    with contextlib.suppress(OSError):  # inside a container that masks parts of /proc; nothing needs it
        kernel.mount("proc", f"{root}/proc", "proc", quiet)
    kernel.pivot(root)
    held = os.statvfs("/").f_flag & 2
    kernel.mount("", "/", "", kernel.BIND | kernel.REMOUNT | kernel.RDONLY | kernel.NODEV | held)


def _beside_usr(root: str, name: str) -> None:
    """/bin, /lib and their like: links into /usr, or directories of old systems."""
    if os.path.islink(f"/{name}"):
        os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
    elif os.path.isdir(f"/{name}"):
        os.mkdir(f"{root}/{name}")
        kernel.bind(f"/{name}", f"{root}/{name}", kernel.RDONLY | kernel.NOSUID | kernel.NODEV)


def _etc(root: str, wish: dict[str, Any]) -> None:
    for name in _ETC:
        if os.path.exists(f"/etc/{name}"):
            _bind(root, os.path.realpath(f"/etc/{name}"), f"/etc/{name}", kernel.RDONLY | kernel.NOSUID)
    line = f"{wish['name']}:x:{wish['uid']}:{wish['gid']}::/drill:/bin/sh\n"
    for name, text in (
        ("passwd", line),
        ("group", f"{wish['name']}:x:{wish['gid']}:\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
        ("hosts", "127.0.0.1 localhost\n"),
    ):
        with open(f"{root}/etc/{name}", "w") as file:
            file.write(text)


def _devices(root: str, wish: dict[str, Any]) -> None:
    for name in _DEVICES:
        with open(f"{root}/dev/{name}", "w"):
            pass
        kernel.mount(f"/dev/{name}", f"{root}/dev/{name}", "", kernel.BIND)
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    shared = f"{root}/dev/shm"  # noqa: S108  # a new one
    os.mkdir(shared)
    options = f"size={wish['shared_bytes']},mode=1777"
    kernel.mount("none", shared, "tmpfs", kernel.NOSUID | kernel.NODEV | kernel.NOEXEC, options)


def _bind(root: str, source: str, target: str, flags: int) -> None:
    place = root + target
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "a"):
            pass
    kernel.bind(source, place, flags)


# Proof that the network is cut: by the user whom the drill will run as.


def _proof(wish: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _drop(wish)
        os.write(writing, json.dumps(_seen()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(text) if text else {"up": ["unknown"], "refused": [], "interfaces": []}
    return found


def _seen() -> dict[str, Any]:
    names = [name for _, name in socket.if_nameindex()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        up = [name for name in names if _is_up(sock, name)]
    return {
        "interfaces": names,
        "up": up,
        "refused": [peer for peer, family in _PEERS if _is_cut(peer, family)],
        "tried": [peer for peer, _ in _PEERS],
        "uid": os.geteuid(),
    }


def _is_up(sock: socket.socket, name: str) -> bool:
    answer = fcntl.ioctl(sock, _GET_FLAGS, struct.pack("16sh14x", name.encode()[:15], 0))
    return bool(struct.unpack("16sh14x", answer)[1] & _IFF_UP)


def _is_cut(peer: str, family: int) -> bool:
    """Whether the kernel itself says that there is no way there."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as problem:
        return problem.errno in _CUT  # a kernel without IPv6
    with sock:
        sock.settimeout(2)
        try:
            sock.connect((peer, 9))
        except OSError as problem:
            return problem.errno in _CUT
    return False


def _drop(wish: dict[str, Any]) -> None:
    """Become the drill's user for good."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(wish["gid"], wish["gid"], wish["gid"])
        os.setresuid(wish["uid"], wish["uid"], wish["uid"])
    kernel.no_new_privileges()


# Serving.


def _serve(control: socket.socket, wish: dict[str, Any]) -> None:
    kernel.not_dumpable()
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing)
    children: dict[int, int] = {}  # pid -> number
    while True:
        ready, _, _ = select.select([control.fileno(), reading], [], [])
        if reading in ready:
            os.read(reading, 4096)
            _reap(control, children)
        if control.fileno() in ready and not _told(control, wish, children):
            return


def _reap(control: socket.socket, children: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            number = children.pop(found[0], None)
            if number is not None:  # else an orphan of one of ours
                with contextlib.suppress(OSError):
                    os.killpg(found[0], signal.SIGKILL)  # what it left would hold its output open
                _send(control, {"ended": number, "status": os.waitstatus_to_exitcode(found[1])})


def _told(control: socket.socket, wish: dict[str, Any], children: dict[int, int]) -> bool:
    try:
        data, files, _, _ = socket.recv_fds(control, MOST, 3)
    except OSError:
        return False
    if not data:
        return False
    message = json.loads(data)
    if "run" in message:
        children[_start(message, files, wish)] = message["run"]
    else:
        for pid, number in children.items():
            if number == message["kill"]:
                for end in (os.killpg, os.kill):  # it may not have its session yet
                    with contextlib.suppress(OSError):
                        end(pid, signal.SIGKILL)
    for file in files:
        os.close(file)
    return True


def _start(message: dict[str, Any], files: list[int], wish: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _exec(message, files, wish)
    except BaseException as problem:
        with contextlib.suppress(OSError):
            os.write(2, f"{message['argv'][0]}: {problem}\n".encode())
    finally:
        os._exit(127)


def _exec(message: dict[str, Any], files: list[int], wish: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        os.setsid()
    for number, file in enumerate(files):  # three, none of which is 0, 1 or 2: those are taken
        os.dup2(file, number)
        os.close(file)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    most = wish["file_bytes"]
    with contextlib.suppress(PermissionError):  # a service's filter of calls; the quota is watched as well
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    _drop(wish)
    os.chdir(message["cwd"])
    os.execve(message["argv"][0], message["argv"], message["env"])  # noqa: S606  # a path, no shell


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        control.send(json.dumps(message).encode())


if __name__ == "__main__":
    main()
    os._exit(0)
