"""Listening sockets from netlink and from /proc/net: garbled, cut short, and real ones."""

import errno
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.host import open_host
from agent.sources.host_proc import Tree
from agent.sources.host_sockets import from_netlink, from_table, listeners
from agent.sources.memory import Transient
from checks.sources import Listener

HERE = Tree(Path("/"))


@given(st.binary(max_size=400))
def test_any_bytes_end_in_sockets_or_a_documented_error(message: bytes) -> None:
    try:
        found, done = from_netlink(message, "tcp")
    except (OSError, ValueError):
        return
    assert isinstance(found, list) and isinstance(done, bool)


def test_a_message_of_impossible_length_is_no_endless_loop() -> None:
    with pytest.raises(ValueError):
        from_netlink(bytes(64), "tcp")


def test_a_socket_description_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="cut short"):
        from_netlink(struct.pack("=IHHII", 40, 20, 2, 1, 0) + bytes(24), "tcp")


def test_the_kernel_s_refusal_is_an_error_with_its_number() -> None:
    refusal = struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -errno.ENOENT) + bytes(16)
    with pytest.raises(OSError) as caught:
        from_netlink(refusal, "udp")
    assert caught.value.errno == errno.ENOENT


def test_a_table_with_empty_and_short_lines_gives_what_is_whole() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "\n"
        "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   113        0 637 1 0\n"
        "   1: 0100007F:15\n"
        "   2: 0100007F:1538 0100007F:D2AA 01 00000000:00000000 00:00000000 00000000   113        0 638 1 0\n"
    )
    assert list(from_table(table, "tcp")) == [Listener("tcp", "127.0.0.1", 5432, 637)]
    six = table.replace("0100007F:1538 00000000", "00000000000000000000000001000000:0016 " + "0" * 32)
    assert next(iter(from_table(six, "tcp"))) == Listener("tcp", "::1", 22, 637)
    assert list(from_table("", "tcp")) == []


def test_a_socket_that_only_bound_and_one_that_is_connected_do_not_listen() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        socket.socket() as bound,
    ):
        bound.bind(("127.0.0.1", 0))
        ports = {each.port for each in listeners(HERE).sockets if each.protocol == "tcp"}
        assert server.getsockname()[1] in ports
        assert client.getsockname()[1] not in ports
        assert bound.getsockname()[1] not in ports


def test_netlink_and_the_kernel_s_table_agree_about_our_sockets() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("::1", 0))
        ours = {os.fstat(each.fileno()).st_ino for each in (tcp, udp)}
        by_netlink = {each for each in listeners(HERE).sockets if each.inode in ours}
        by_table = {
            *from_table(HERE.text("proc/net/tcp"), "tcp"),
            *from_table(HERE.text("proc/net/udp6"), "udp"),
        }
        assert len(by_netlink) == 2
        assert by_netlink == {each for each in by_table if each.inode in ours}


def test_the_owner_of_a_socket_is_named_and_a_stranger_s_is_not_made_up() -> None:
    host = open_host(Transient())
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        owners = host.socket_owners([inode, 2**40])
    assert owners == {inode: Path("/proc/self/comm").read_text().strip()}
    assert host.socket_owners([]) == {}


def test_a_socket_looked_for_in_vain_does_not_hide_one_that_is_new() -> None:
    host = open_host(Transient())
    assert host.socket_owners([2**40]) == {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        assert list(host.socket_owners([2**40, inode])) == [inode]
        assert list(host.socket_owners([2**40, inode])) == [inode]
    assert host.socket_owners([2**40]) == {}


def test_a_socket_handed_down_is_the_one_s_who_opened_it_also_when_it_is_found_at_its_child_first() -> None:
    code = (
        "import os, socket, sys\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "if os.fork() == 0:\n"
        "    with open('/proc/self/comm', 'w') as name:\n        name.write('the-child')\n"
        "    print(os.fstat(server.fileno()).st_ino, flush=True)\n"
        "sys.stdin.read()\n"
    )
    host = open_host(Transient())
    with socket.create_server(("127.0.0.1", 0)) as earlier:
        host.socket_owners([os.fstat(earlier.fileno()).st_ino])  # all processes were asked just now
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as opened:
            inode = int(opened.stdout.readline())
            name = Path(f"/proc/{opened.pid}/comm").read_text().strip()
            assert host.socket_owners([inode]) == {inode: name}
            opened.stdin.close()
