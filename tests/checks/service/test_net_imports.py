"""What probing loads: a resident agent pays only for the kinds of probes its plan holds."""

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
from agent.sources.net import open_net
from checks.probes import HttpAsk, TlsAsk, DnsAsk
net = open_net()
port = int(sys.argv[1])
{call}
loaded = sorted({{name.partition(".")[0] for name in sys.modules}})
print(" ".join(loaded))
"""
_HTTP = 'HttpAsk("http://127.0.0.1:%d/" % port, "GET", "", "", 0, 1000, True, "", 1000)'


@pytest.mark.parametrize(
    ("call", "banned"),
    [
        ("", {"ssl", "http", "dns", "cryptography"}),
        ('net.tcp("127.0.0.1", port, timeout_ms=500)', {"ssl", "http", "dns", "cryptography"}),
        (f"net.http({_HTTP})", {"dns", "cryptography", "requests", "asyncio"}),
        ('net.tls(TlsAsk("127.0.0.1", port, "", "", 500))', {"dns", "http", "requests", "asyncio"}),
        ('net.dns(DnsAsk("a.test", "A", "127.0.0.1", port, 500))', {"cryptography", "requests", "asyncio"}),
    ],
)
def test_a_probe_loads_no_library_of_another(closed_port, call, banned):
    command = [sys.executable, "-c", _SCRIPT.format(call=call), str(closed_port)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not banned & set(done.stdout.split())
