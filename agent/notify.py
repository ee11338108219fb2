"""sd_notify by hand: tell systemd that we are ready, what we do, and that we still turn."""

import os
import socket


class Notifier:
    """Sends to $NOTIFY_SOCKET; without one it does nothing."""

    def __init__(self) -> None:
        path = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        usec = os.environ.get("WATCHDOG_USEC", "")
        mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        # Twice per interval, as systemd advises; 0 means nobody watches.
        self.watchdog_s = int(usec) / 2_000_000 if usec.isdigit() and mine else 0.0

    def send(self, *lines: str) -> None:
        """Send these assignments, e.g. `READY=1`. A lost datagram is systemd's business, not ours."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return
