"""secrets.yaml: found by name, refused where others can read it, and never shown."""

import pytest

from agent.secrets import Secrets
from agent.sources.means import Means
from checks.api import ErrorKind, ObservationError


def write(tmp_path, text, mode=0o600):
    path = tmp_path / "secrets.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_secret_is_found_by_its_name_and_read_again_when_it_changes(tmp_path):
    write(tmp_path, "inspect: {user: ops, password: 'pa55', port: 22}\n")
    means = Means(state=tmp_path)
    assert dict(means.secret("inspect")) == {"user": "ops", "password": "pa55", "port": "22"}
    path = write(tmp_path, "inspect: {user: other}\n")
    path.touch()
    path.rename(tmp_path / "new")
    (tmp_path / "new").rename(path)
    found = Secrets(tmp_path).get("inspect")
    assert found["user"] == "other" and found.get("password") == ""


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("inspect: {user: ops}\n", 0o640, "secrets.yaml"),
        ("inspect: ops-pa55\n", 0o600, "parts with texts"),
        ("- pa55\n", 0o600, "names with their values"),
        ("inspect: {password: 1.5}\n", 0o600, "not what is wanted"),
        ("inspect: {password: pa55\n", 0o600, "secrets.yaml:2"),
        ("inspect: {password: *pa55}\n", 0o600, "secrets.yaml:1: no YAML"),
        (": [pa55\n", 0o600, "no YAML"),
        ("other: {user: ops}\n", 0o600, "no secret 'inspect'"),
    ],
)
def test_what_cannot_be_used_is_denied_with_the_reason_and_without_the_secret(tmp_path, text, mode, why):
    write(tmp_path, text, mode)
    with pytest.raises(ObservationError) as caught:
        Secrets(tmp_path).get("inspect")
    assert caught.value.kind is ErrorKind.DENIED
    detail = caught.value.detail
    assert why in detail and "pa55" not in detail and "1.5" not in detail


def test_a_file_in_another_code_is_denied(tmp_path):
    write(tmp_path, "").write_bytes("inspect: {user: 巡检}".encode("gbk"))
    with pytest.raises(ObservationError, match="no UTF-8"):
        Secrets(tmp_path).get("inspect")


def test_without_a_file_or_a_state_there_is_none(tmp_path):
    for state in (tmp_path, None):
        with pytest.raises(ObservationError, match="no secret"):
            Secrets(state).get("inspect")


def test_a_missing_part_is_denied_by_name_and_printing_shows_no_value(tmp_path):
    write(tmp_path, "inspect: {user: ops, password: pa55}\n")
    secret = Secrets(tmp_path).get("inspect")
    assert "pa55" not in repr(secret) and "password" in repr(secret)
    with pytest.raises(ObservationError, match="has no enable"):
        secret["enable"]
