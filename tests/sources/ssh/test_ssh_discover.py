"""`discover ssh://…` on a real sshd and on devices at their prompt; the collector takes its estate YAML."""

import json
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from agent import cli, discover_ssh
from agent.errors import AgentError
from checks.remote import Login
from collector.estate.model import Asset

OUTPUTS = Path(__file__).parents[2] / "agent" / "outputs"
REFUSED = {"cisco": b"% Invalid input detected at '^' marker.\r\n", "forti": b"Unknown action 0\r\n"}


def output(platform, command):
    folder = OUTPUTS / platform / command.replace(" ", "_")
    file = next(path for path in sorted(folder.iterdir()) if path.suffix in (".raw", ".txt"))
    return b"\r\n".join(file.read_bytes().splitlines()) + b"\r\n"


@pytest.fixture
def discovered(state, capsys, secrets):
    def run(to, **more):
        words = "".join(f"&{key}={value}" for key, value in more.items())
        target = f"ssh://{to.address}:{to.port}?secret=ssh{words}"
        code = cli.main(["discover", "--state", str(state), "--json", target])
        return code, json.loads(capsys.readouterr().out)

    return run


def taken(text):
    """The asset as the collector reads it from an estate file."""
    (asset,) = yaml.safe_load(text)
    return TypeAdapter(Asset).validate_python(asset)


def test_a_machine_is_told_by_its_own_words(sshd, pin, discovered):
    to = pin(Login("127.0.0.1", sshd.port), sshd.key)
    code, found = discovered(to)
    assert (code, found["kind"], found["maker"], found["platform"]) == (0, "server", "Linux", "generic")
    assert found["version"] and found["name"]
    asset = taken(found["estate"])
    assert (asset.ssh.port, asset.ssh.secret, asset.kind) == (sshd.port, "ssh", "server")


@pytest.mark.parametrize(
    ("platform", "command", "maker"),
    [
        ("huawei_vrp", "display version", "Huawei"),
        ("hp_comware", "display version", "H3C"),
        ("ruijie_os", "show version", "Ruijie"),
        ("cisco_ios", "show version", "Cisco"),
        ("fortinet", "get system status", "Fortinet"),
    ],
)
def test_a_device_is_told_by_the_form_of_its_version(device, discovered, platform, command, maker):
    to, _ = device(screens={command: output(platform, command)}, exec="refused")
    code, found = discovered(to)
    assert (code, found["platform"], found["maker"]) == (0, platform, maker), found
    assert found["version"]
    asset = taken(found["estate"])
    assert (asset.ssh.platform, asset.ssh.address) == (platform, "127.0.0.1")


def test_a_device_that_answers_a_single_command_with_its_own_refusal_is_no_machine(device, discovered):
    screens = {"display version": output("huawei_vrp", "display version")}
    to, _ = device(screens={**screens, "uname -snrm": b"Error: Unrecognized command\r\n"})
    assert discovered(to)[1]["platform"] == "huawei_vrp"


def test_a_platform_that_is_said_is_believed_only_where_its_form_fits(device, discovered):
    to, _ = device(screens={"show version": output("cisco_ios", "show version")}, unknown=REFUSED["cisco"])
    _, found = discovered(to, platform="cisco_ios")
    assert found.get("platform") == "cisco_ios", found


def test_a_device_of_no_known_form_is_generic_and_shows_its_first_line(device, discovered):
    to, _ = device(screens={"show version": b"Acme OS 9.1\r\nbuilt today\r\n"}, exec="refused")
    code, found = discovered(to)
    assert (code, found["platform"], found["version"]) == (0, "generic", "Acme OS 9.1")
    assert taken(found["estate"]).ssh.platform == "generic"


def test_a_device_that_knows_no_version_command_is_told(device, discovered):
    to, _ = device(exec="refused", unknown=REFUSED["forti"])
    code, found = discovered(to)
    assert (code, found["error"]) == (2, "unsupported") and "display version" in found["detail"]


def test_a_key_that_is_not_pinned_says_how_to_pin_it(device, discovered):
    to, _ = device(pinned=False)
    code, found = discovered(to)
    assert (code, found["error"]) == (2, "denied") and "roundseal-agent trust" in found["detail"]


def test_nobody_there_is_told_and_a_wrong_password_too(device, discovered, secrets, peer):
    gone = peer(lambda sock, stop: sock.close())
    assert discovered(gone)[0] == 2
    secrets(ssh={"user": "inspect", "password": "another"})
    to, _ = device()
    code, found = discovered(to)
    assert (code, found["error"]) == (2, "denied") and "another" not in str(found)


@pytest.mark.parametrize(
    "target", ["ssh://", "ssh://h:x", "ssh://h?what=1", "ssh://me@h", "ssh://h?hop=a%20b", "ssh://h:99999"]
)
def test_a_target_that_is_none_is_refused_before_anybody_is_asked(target):
    with pytest.raises(AgentError):
        discover_ssh.login_of(target)


def test_a_hop_and_an_old_device_come_back_in_the_estate():
    to, _ = discover_ssh.login_of("ssh://10.0.0.1:2222?secret=sw&legacy=yes&hop=10.0.0.9:22&hop_secret=jump")
    text = discover_ssh.estate(to, discover_ssh.Found("network-device", "generic", name="Core 1"))
    asset = taken(text)
    assert (asset.id, asset.ssh.port, asset.ssh.legacy) == ("core-1", 2222, True)
    assert (asset.ssh.hop, asset.ssh.hop_secret) == ("10.0.0.9:22", "jump")
