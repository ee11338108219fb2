"""What never changes in the log is read once by a process: the ledger's cost does not grow with history."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from collector.jobs import logged_reports, scans
from collector.reports.documents import export
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of


@contextmanager
def asked(conn):
    """Statements that a store is asked, as they come."""
    told = []

    def note(_conn, _cursor, statement, *_rest):
        told.append(statement)

    event.listen(conn.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(conn.engine, "before_cursor_execute", note)


@pytest.fixture
def month(site):
    """A month with two imports and one document in the log."""
    site.apply()
    site.go("2026-07-14T09:00")
    site.scan("web-01")
    site.go("2026-07-21T09:00")
    site.scan("web-02")
    site.go("2026-08-12T09:00")
    site.settle()
    span = span_of(site.context, "2026-07")
    export("scorecard", Material(site.context, span, found_in(site.context, span)), "json")
    return site


def test_a_scan_is_read_once_and_a_new_one_is_seen(month):
    with month.context.read() as conn:
        first = scans.logged(conn)
        with asked(conn) as told:
            assert scans.logged(conn) == first
        assert len(first) == 2 and len(told) == 1, told
    month.scan("mail-01")
    month.settle()
    with month.context.read() as conn:
        assert [one.idx for one in scans.logged(conn)][:2] == [one.idx for one in first]
        assert len(scans.logged(conn)) == 3


def test_documents_of_the_log_are_read_once_and_only_those_of_the_span(month):
    with month.context.read() as conn:
        span = (month.world.at - 86_400_000, month.world.at + 1)
        found = list(logged_reports.reported(conn, span, month.world.at, 10**6))
        with asked(conn) as told:
            assert list(logged_reports.reported(conn, span, month.world.at, 10**6)) == found
        assert [one.kind for one in found] == ["report:scorecard"]
        assert not any("entry.data" in one for one in told), told
        before = (0, month.world.at - 86_400_000)
        assert list(logged_reports.reported(conn, before, month.world.at, 10**6)) == []
