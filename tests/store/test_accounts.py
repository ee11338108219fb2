"""Accounts, sessions and the lock-out."""

from collections.abc import Iterator

import pytest
import sqlalchemy

from collector.store import accounts
from collector.store.metadata import metadata

NOW = 1_790_000_000_000
GOOD = "Lang-genug-7"


@pytest.fixture
def conn() -> Iterator[sqlalchemy.Connection]:
    engine = sqlalchemy.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_a_wrong_password_an_unknown_name_and_a_disabled_account_are_all_refused(
    conn: sqlalchemy.Connection,
) -> None:
    accounts.create(conn, "wang", GOOD, "operator")
    accounts.create(conn, "boss", GOOD, "admin")
    assert accounts.verify(conn, "wang", "something else 1") is None
    assert accounts.verify(conn, "nobody", GOOD) is None
    accounts.set_disabled(conn, "wang", True)
    assert accounts.verify(conn, "wang", GOOD) is None
    assert accounts.verify(conn, "boss", GOOD) == accounts.Account("boss", accounts.Role.ADMIN, True, False)


@pytest.mark.parametrize(
    ("name", "password", "role", "code"),
    [
        ("Wang!", GOOD, "viewer", "bad_name"),
        ("", GOOD, "viewer", "bad_name"),
        ("Wang", GOOD, "viewer", "bad_name"),
        ("王 芳", GOOD, "viewer", "bad_name"),
        ("王芳\u3000", GOOD, "viewer", "bad_name"),
        ("王\u200b芳", GOOD, "viewer", "bad_name"),
        ("王\x00", GOOD, "viewer", "bad_name"),
        ("王" * 65, GOOD, "viewer", "bad_name"),
        ("wang", GOOD, "root", "bad_role"),
        ("wang", "Short-7", "viewer", "password_length"),
        ("wang", "a-" * 200, "viewer", "password_length"),
        ("wang", "onlylowercase", "viewer", "password_simple"),
        ("wang", "My-wang-77777", "viewer", "password_name"),
    ],
)
def test_bad_names_roles_and_passwords_say_what_is_wrong(
    conn: sqlalchemy.Connection, name: str, password: str, role: str, code: str
) -> None:
    with pytest.raises(accounts.AccountError) as caught:
        accounts.create(conn, name, password, role)
    assert caught.value.code == code


def test_names_of_any_script_are_one_account_however_they_are_composed(conn: sqlalchemy.Connection) -> None:
    accounts.create(conn, "王芳.01", GOOD, "viewer")
    accounts.create(conn, "zoe\u0308", GOOD, "admin")
    assert accounts.verify(conn, "王芳.01", GOOD) == accounts.Account(
        "王芳.01", accounts.Role.VIEWER, True, False
    )
    for name in ("zo\xeb", "zoe\u0308"):
        found = accounts.verify(conn, name, GOOD)
        assert found is not None and found.name == "zo\xeb"
        with pytest.raises(accounts.AccountError, match="name_taken"):
            accounts.create(conn, name, GOOD, "viewer")
        with pytest.raises(accounts.AccountError, match="last_admin"):
            accounts.set_disabled(conn, name, True)


def test_a_taken_name_is_refused_and_the_first_account_stays(conn: sqlalchemy.Connection) -> None:
    accounts.create(conn, "wang", GOOD, "viewer")
    with pytest.raises(accounts.AccountError, match="name_taken"):
        accounts.create(conn, "wang", "Another-one-9", "admin")
    assert accounts.verify(conn, "wang", GOOD) is not None


def test_passwords_and_session_tokens_are_not_stored_in_the_clear(conn: sqlalchemy.Connection) -> None:
    accounts.create(conn, "wang", GOOD, "viewer")
    token = accounts.open_session(conn, "wang", NOW)
    dump = repr(conn.execute(sqlalchemy.select(accounts.account_table)).all())
    dump += repr(conn.execute(sqlalchemy.select(accounts.session_table)).all())
    assert GOOD not in dump and token not in dump and "$argon2id$" in dump


def test_a_session_ends_after_fifteen_idle_minutes_and_lives_while_it_is_used(
    conn: sqlalchemy.Connection,
) -> None:
    accounts.create(conn, "wang", GOOD, "viewer")
    token = accounts.open_session(conn, "wang", NOW)
    later = NOW + accounts.IDLE_MS - 1
    assert accounts.session(conn, token, later) is not None
    assert accounts.session(conn, token, later + 1) is None
    accounts.touch_session(conn, token, later)
    assert accounts.session(conn, token, later + 1) is not None
    accounts.close_session(conn, token)
    assert accounts.session(conn, token, later + 1) is None
    assert accounts.session(conn, "\udcff", later) is None


def test_a_new_password_role_or_disabling_ends_every_session(conn: sqlalchemy.Connection) -> None:
    accounts.create(conn, "boss", GOOD, "admin")
    accounts.create(conn, "wang", GOOD, "viewer")
    for change in (
        lambda: accounts.set_password(conn, "wang", "Completely-new-1", must_change=False),
        lambda: accounts.set_role(conn, "wang", "operator"),
        lambda: accounts.set_disabled(conn, "wang", True),
    ):
        token = accounts.open_session(conn, "wang", NOW)
        change()
        assert accounts.session(conn, token, NOW) is None
    with pytest.raises(accounts.AccountError, match="no_such_account"):
        accounts.set_password(conn, "nobody", GOOD, must_change=True)


def test_the_last_admin_can_neither_be_disabled_nor_lose_the_role(conn: sqlalchemy.Connection) -> None:
    accounts.create(conn, "boss", GOOD, "admin")
    with pytest.raises(accounts.AccountError, match="last_admin"):
        accounts.set_disabled(conn, "boss", True)
    with pytest.raises(accounts.AccountError, match="last_admin"):
        accounts.set_role(conn, "boss", "viewer")


def test_the_fifth_failure_locks_for_a_time_and_old_failures_are_forgotten(
    conn: sqlalchemy.Connection,
) -> None:
    subject = "account:wang"
    assert [accounts.failed(conn, subject, NOW + i) for i in range(4)] == [False] * 4
    assert not accounts.locked(conn, subject, now=NOW + 4)
    assert accounts.failed(conn, subject, NOW + 4)
    assert accounts.locked(conn, subject, "address:10.0.0.9", now=NOW + accounts.LOCK_MS)
    assert not accounts.locked(conn, subject, now=NOW + 5 + accounts.LOCK_MS)
    assert not accounts.failed(conn, subject, NOW + 5 + accounts.LOCK_MS)
    accounts.forget(conn, subject)
    far = NOW + 10 * accounts.LOCK_MS
    assert [accounts.failed(conn, subject, far + i * accounts.LOCK_MS) for i in range(9)] == [False] * 9


def test_one_time_passwords_are_acceptable_and_differ(conn: sqlalchemy.Connection) -> None:
    made = {accounts.one_time_password() for _ in range(500)}
    assert len(made) == 500
    for password in made:
        accounts.check_password("admin", password)


def test_the_key_for_form_tokens_is_made_once(conn: sqlalchemy.Connection) -> None:
    assert accounts.web_key(conn) == accounts.web_key(conn)
    assert len(accounts.web_key(conn)) == 32
