"""When the log had what: looked up by plain statements, on the snapshot that is read after them."""

import pytest

from collector.store import evidence
from collector.store.engine import Database, create_tables
from collector.store.evidence import EntryRow

RECEIVED = (10, 20, 20, 35, 50)


def entries(begin, received):
    return [EntryRow(begin + n, 1, "a", 0, begin + n, at, b"x") for n, at in enumerate(received)]


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path / 'collector.db'}")
    with made.write() as conn:
        create_tables(conn)
    yield made
    made.close()


def test_an_empty_log_has_no_first_entry(database):
    with database.read() as conn:
        assert (evidence.size(conn), evidence.last_received(conn)) == (0, 0)
        assert evidence.first_entry(conn, 0) is evidence.first_received(conn, 0) is None


def test_the_first_entry_from_an_instant_on_is_the_one_that_a_walk_finds(database):
    with database.write() as conn:
        evidence.insert_entries(conn, entries(0, RECEIVED))
    with database.read() as conn:
        for since in range(60):
            walked = next(((idx, at) for idx, at in enumerate(RECEIVED) if at >= since), None)
            assert evidence.first_entry(conn, since) == walked
            assert evidence.first_received(conn, since) == (None if walked is None else walked[0])


def test_what_comes_while_somebody_reads_is_not_seen_by_him(database):
    with database.write() as conn:
        evidence.insert_entries(conn, entries(0, RECEIVED))
    with database.read() as conn:
        assert evidence.size(conn) == 5  # the first thing he asks: from here on he has his snapshot
        with database.write() as other:
            evidence.insert_entries(other, entries(5, (60,)))
        assert (evidence.size(conn), evidence.last_received(conn)) == (5, 50)
        assert evidence.first_entry(conn, 51) is None
    with database.read() as conn:
        assert (evidence.size(conn), evidence.first_entry(conn, 51)) == (6, (5, 60))
