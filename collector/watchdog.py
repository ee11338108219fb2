"""Telling systemd that the server is up, and that it still answers: sd_notify by hand.

A sign of life is only given after the server has answered /healthz through its own door, so a server
whose threads all hang is ended and started again by its unit (WatchdogSec=).
"""

import http.client
import ipaddress
import os
import socket
import ssl

from collector.ending import Ending

_ASK_S = 10.0


class Watchdog:
    """Sends to $NOTIFY_SOCKET; without one it does nothing but wait."""

    def __init__(self, host: str, port: int, secure: bool) -> None:
        self._host, self._port, self._secure = _reachable(host), port, secure
        path = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        usec = os.environ.get("WATCHDOG_USEC", "")
        # A third of the interval, so that one slow answer does not end the server.
        self._every_s = int(usec) / 3_000_000 if usec.isdigit() and self._address else 0.0

    def wait(self, stop: Ending) -> None:
        """Say that the server is ready, then give signs of life until one of the signals comes."""
        self._send("READY=1")
        while not stop.wait(self._every_s or None):
            if self._answers():
                self._send("WATCHDOG=1")
        self._send("STOPPING=1")

    def _send(self, line: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.sendto(line.encode(), self._address)
        except OSError:
            return  # a lost datagram is systemd's business

    def _answers(self) -> bool:
        connection = self._connection()
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=_ASK_S)
        # Our own door on this machine, which may have any certificate; nothing secret is said.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self._host, self._port, timeout=_ASK_S, context=context)


def _reachable(host: str) -> str:
    """An address to reach this listener at."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
