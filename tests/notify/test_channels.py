"""Messages over real channels: mail, webhook, command; dead ones; and what nobody may ever see."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.jobs.message_status import why
from collector.notify.channels import OWN, missing, trouble
from collector.notify.means import Means, MeansError, address_digest
from collector.notify.receipts import Item
from collector.notify.sending import Text, send

TEXT = Text("【故障】门户网站", "开始：2026-07-01 08:10:00\n𠮷", "failure", (Item("fault", "a@b", "begun"),))
SYSTEM_PYTHON = "/usr/bin/python3"
HIDDEN = "Cold-harbour-42"


def has_smtp():
    asked = [SYSTEM_PYTHON, "-c", "import aiosmtpd"]
    return Path(SYSTEM_PYTHON).exists() and subprocess.run(asked, capture_output=True).returncode == 0


@contextmanager
def mailing(place):
    """A real mail server that puts what it takes into a maildir."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    argv = [SYSTEM_PYTHON, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}"]
    with subprocess.Popen(
        [*argv, "-c", "aiosmtpd.handlers.Mailbox", str(place)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            end = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 5).close()
                    break
                except OSError:
                    assert time.monotonic() < end and process.poll() is None
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def alive(group):
    """Whether anything of a process group still runs (one that ended and waits to be noticed does not)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            return True
    return False


def secrets(directory, **held):
    path = directory / "secrets.yaml"
    path.write_text(json.dumps(held), encoding="utf-8")
    path.chmod(0o600)
    return Means(directory)


def command(directory, name, *argv):
    path = directory / "notify.yaml"
    path.write_text(json.dumps({"commands": {name: list(argv)}}), encoding="utf-8")
    path.chmod(0o644)
    return Means(directory)


@pytest.mark.skipif(not has_smtp(), reason="no aiosmtpd beside the system's Python")
def test_mail_goes_out_and_is_not_claimed_where_nobody_takes_it(tmp_path):
    with mailing(tmp_path / "mail") as port:
        to = f"mailto://127.0.0.1:{port}?from=roundseal@example.org&to=duty@example.org&mode=insecure"
        assert send(Means(tmp_path), to, TEXT) == "accepted"
        (kept,) = (tmp_path / "mail" / "new").iterdir()
        assert b"duty@example.org" in kept.read_bytes()
    assert send(Means(tmp_path), to, TEXT) == "not_accepted"


def test_a_webhook_takes_only_what_it_answers_well(tmp_path, hook):
    whole = hook.url.replace("://", f"://duty:{HIDDEN}@")
    means = secrets(tmp_path, hook=whole, token="a/b c")
    assert send(means, "secret:hook", TEXT) == "accepted"
    to = f"{hook.url}/{{token}}?x=1&+X-Token={{token}}"
    hook.status = 503
    assert send(means, to, TEXT) == "http_503"
    (_, first, body), (path, second, _) = hook.got
    assert first["Authorization"].startswith("Basic ") and body["title"] == TEXT.title
    assert (path, second["X-Token"]) == ("/hook/a%2Fb%20c?x=1", "a/b c")
    hook.status = 302
    assert send(means, to, TEXT) == "http_302"


def test_a_channel_where_nobody_listens_or_answers_costs_its_deadline_and_no_more(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        assert send(Means(tmp_path), f"json://127.0.0.1:{port}/", TEXT, 3.0) == "timeout"
        assert time.monotonic() - began < 60
    assert send(Means(tmp_path), f"json://127.0.0.1:{port}/", TEXT) == "refused"


def test_a_command_gets_the_message_and_nothing_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ROUNDSEAL_SECRET", HIDDEN)
    cat = f"cat > {tmp_path}/got; env > {tmp_path}/env"
    means = command(tmp_path, "sms", shutil.which("sh"), "-c", cat)
    assert send(means, "custom:sms", TEXT) == "accepted"
    assert json.loads((tmp_path / "got").read_text())["title"] == TEXT.title
    assert HIDDEN not in (tmp_path / "env").read_text()
    assert send(command(tmp_path, "sms", shutil.which("false")), "custom:sms", TEXT) == "exit_status"
    assert send(command(tmp_path, "sms", "/no/such/program"), "custom:sms", TEXT) == "no_program"
    assert send(means, "custom:other", TEXT) == "no_command"


def test_a_command_that_hangs_ends_with_its_children(tmp_path):
    script = f"echo $$ > {tmp_path}/pid; sleep 1000 & wait"
    means = command(tmp_path, "sms", shutil.which("sh"), "-c", script)
    assert send(means, "custom:sms", TEXT, 5.0) == "timeout"
    group = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 60
    while alive(group):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_secrets_that_others_can_read_are_refused_and_never_quoted(tmp_path):
    means = secrets(tmp_path, desk=HIDDEN)
    (tmp_path / "secrets.yaml").chmod(0o640)
    with pytest.raises(MeansError, match="chmod 600") as refused:
        means.address("secret:desk")
    (tmp_path / "secrets.yaml").chmod(0o600)
    (tmp_path / "secrets.yaml").write_text(f"desk: [{HIDDEN}", encoding="utf-8")
    with pytest.raises(MeansError) as broken:
        means.address("json://x/{desk}")
    assert HIDDEN not in str(refused.value) + str(broken.value)
    assert send(means, "secret:desk", TEXT) == "bad_settings"
    command(tmp_path, "sms", shutil.which("true"))
    (tmp_path / "notify.yaml").chmod(0o666)
    assert send(means, "custom:sms", TEXT) == "bad_settings"
    (tmp_path / "notify.yaml").unlink()
    assert send(means, "custom:sms", TEXT) == "no_settings"


def test_a_secret_that_is_no_address_is_not_shown_as_a_channel(tmp_path):
    means = secrets(tmp_path, desk=HIDDEN, mail=f"{HIDDEN}:user@mail.example")
    for name in ("desk", "mail"):
        assert why(means, f"secret:{name}") == "no address such as json://host/path"


def test_nothing_of_an_address_stands_in_the_list_of_processes(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        port = silent.getsockname()[1]
        means = secrets(tmp_path, hook=f"json://duty:{HIDDEN}@127.0.0.1:{port}/")
        seen = []

        def watch():
            with silent.accept()[0]:
                for path in Path("/proc").glob("[0-9]*/cmdline"):
                    try:
                        seen.append(path.read_bytes() + (path.parent / "environ").read_bytes())
                    except OSError:
                        continue

        thread = threading.Thread(target=watch)
        thread.start()
        assert send(means, "secret:hook", TEXT) != "accepted"
        thread.join()
    assert any(b"collector.notify.child" in one for one in seen)
    assert not any(HIDDEN.encode() in one for one in seen if b"collector.notify.child" in one)


def test_what_needs_the_extra_is_told_where_it_is_not_installed(tmp_path):
    script = (
        "import sys; sys.modules['apprise'] = None\n"
        "import importlib.util as u; u.find_spec.__globals__['sys'] = sys\n"
        "from collector.notify import child, channels\n"
        "channels.find_spec = lambda name: None\n"
        "print(channels.trouble('mailto')); print(channels.trouble('json') or 'good')\n"
        "job = {'url': 'mailto://x', 'title': '', 'body': '', 'level': 'info', 'items': []}\n"
        "print(child.handed_over(job))"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    said = made.stdout.splitlines()
    assert "needs the extra `notify`" in said[0] and said[1:] == ["good", "no_extra"]
    assert missing("json") == "" and "knows no channel pigeon" in trouble("pigeon")
    assert trouble("wecom") == "" and {"json", "jsons", "custom", "secret"} == OWN


def test_an_address_is_named_by_a_digest_that_only_this_collector_can_make():
    one, other = address_digest(b"k" * 32, "tel:110"), address_digest(b"j" * 32, "tel:110")
    assert one != other and one == address_digest(b"k" * 32, "tel:110") and len(one) == 64
