"""`roundseal-collector account …` and `record export` as people type them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.wire import entry
from collector.cli import main
from collector.context import open_context
from collector.crash_points import ENVIRONMENT
from collector.store import accounts, packs
from collector.store.evidence import size


@pytest.fixture
def place(tmp_path: Path, directory) -> Path:
    return directory(tmp_path / "collector")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("account", "add", "PLACE", "Bad Name"), "digits and . _ - , at most 64 (bad_name)"),
        (
            ("account", "reset", "PLACE", "nobody"),
            "roundseal-collector: there is no account nobody (no_such_account)",
        ),
        (("account", "disable", "PLACE", "nobody"), "no_such_account"),
        (("account", "list", "NOWHERE"), "not a collector's directory"),
        (("record", "export", "PLACE", "weekly", "--to", "x.pdf"), "no_record"),
        (("record", "export", "PLACE", "weekly", "--to", "x.odt"), "must end in"),
        (("record", "export", "PLACE", "weekly", "--to", "x.pdf", "--template", __file__), "docx only"),
    ],
)
def test_what_cannot_be_done_exits_with_2_and_says_why(
    place: Path, words: tuple[str, ...], said: str
) -> None:
    known = {"PLACE": place, "NOWHERE": place / "nowhere"}
    done = run(*(known.get(word, word) for word in words))
    assert done.exit_code == 2 and said in done.output


@pytest.mark.parametrize("point", ["before-commit", "after-commit"])
def test_a_command_killed_anywhere_leaves_the_role_as_the_log_says_it_is(place: Path, point: str) -> None:
    """Of a role without its entry the verifier would say that whatever the account says is another's."""
    for name, role in (("wang", "admin"), ("li", "viewer")):
        assert run("account", "add", place, name, "--role", role).exit_code == 0
    program = "from collector.cli import main; main()"
    words = (sys.executable, "-c", program, "account", "role", place, "li", "manager")
    done = subprocess.run(words, env={**os.environ, ENVIRONMENT: f"{point}:1"}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with open_context(place) as context, context.read() as conn:
        held = accounts.get(conn, "li").role
        logged = [json.loads(entry.parse(data).header) for _, data in packs.entries(conn, 0, size(conn))]
    told = [one["role"] for one in logged if one.get("subject") == "li"]
    assert told[-1] == held
    assert held == ("manager" if point == "after-commit" else "viewer")


def test_an_account_made_on_the_command_line_has_a_one_time_password_and_is_logged(place: Path) -> None:
    made = run("account", "add", place, "wang", "--role", "admin")
    password = re.search(r"one-time password: (\S+)", made.output).group(1)
    with open_context(place) as context, context.read() as conn:
        found = accounts.verify(conn, "wang", password)
    assert found is not None and found.must_change and found.role == "admin"
    assert run("account", "role", place, "wang", "viewer").exit_code == 2  # the last admin
    assert run("account", "add", place, "li").exit_code == 0
    assert run("account", "disable", place, "li").exit_code == 0
    listed = json.loads(run("account", "list", place, "--json").output)
    assert [(one["name"], one["role"], one["disabled"]) for one in listed] == [
        ("li", "viewer", True),
        ("wang", "admin", False),
    ]
    assert "disabled" in run("account", "list", place).output
    again = run("account", "reset", place, "wang")
    assert password not in again.output
    with open_context(place) as context, context.read() as conn:
        assert accounts.verify(conn, "wang", password) is None
