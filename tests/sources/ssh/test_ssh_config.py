"""network.config through the real SSH source: paged, refused and cut short configurations."""

import pytest

from checks.api import ErrorKind, ObservationError
from checks.network import config

RUNNING = b"""!Software Version V200R019C10SPC500\r
#\r
sysname CORE-SW1\r
#\r
telnet server enable\r
#\r
interface Vlanif10\r
 ip address 10.0.0.1 255.255.255.0\r
#\r
user-interface vty 0 4\r
 acl 2000 inbound\r
 protocol inbound ssh\r
#\r
return\r
"""


def look(ssh, to):
    return config.observe(ssh, config.Params(to.address, "huawei_vrp", port=to.port, timeout_ms=30_000))


def test_a_paged_configuration_is_the_same_as_the_saved_one(device, ssh):
    saved = RUNNING.replace(b"V200R019C10SPC500", b"V200R019C10SPC600")
    to, _ = device(
        screens={"display current-configuration": RUNNING, "display saved-configuration": saved}, page=6
    )
    found = look(ssh, to)
    assert found.running == found.saved
    assert found.opened.telnet and found.opened.terminals_limited
    assert "interface Vlanif10" in found.sections and "user-interface vty 0 4" in found.sections


def test_a_device_that_refuses_or_breaks_off_gives_no_configuration(device, ssh):
    to, _ = device(screens={})
    with pytest.raises(ObservationError) as raised:
        look(ssh, to)
    assert raised.value.kind is ErrorKind.UNSUPPORTED
    to, _ = device(screens={"display current-configuration": RUNNING[: RUNNING.index(b"interface")]})
    with pytest.raises(ObservationError) as raised:
        look(ssh, to)
    assert raised.value.kind is ErrorKind.GARBLED
