"""What a place may make of the room while a tree is fetched: a hostile one lists one name twice."""

import io
import os

import pytest

from agent.drills.errors import StopError
from agent.drills.fetch import fetch
from agent.drills.journal import desk
from agent.drills.settings import Drills
from agent.drills.work import Work
from checks.places import Entry


class Listed:
    """A place that lists what it is told to; each of its files holds `evil`."""

    def __init__(self, *entries):
        self.entries = entries

    def walk(self, top):
        """In the order given, whatever is in it."""
        return iter(self.entries)

    def open(self, path):
        """Any of them."""
        return io.BytesIO(b"evil")


@pytest.fixture
def work(tmp_path):
    """An attempt with its room; nothing is run."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    with desk(state) as held:
        made = Work(held, Drills(reserve_mb=0), "county/xian-1/files", 600)
        try:
            made.make_room(1, 0)
            yield made
        finally:
            made.clean()


@pytest.fixture
def outside(tmp_path):
    made = tmp_path / "outside"
    made.mkdir(mode=0o700)
    return made


def entry(name, kind, size=0, to=""):
    return Entry(f"/b/{name}", kind, size, 0, 0, 0o755, "u", "g", link_to=str(to))


def fetched(work, *entries):
    return fetch(work, Listed(*entries), Entry("/b", "directory", 0, 0, 0, 0o755, "u", "g"))


def test_a_directory_listed_as_a_link_first_leads_nowhere(work, outside):
    before = outside.stat()
    twice = entry("x", "link", to=outside), entry("x", "directory"), entry("x/evil", "file", 4)
    with pytest.raises(StopError) as stopped:
        fetched(work, *twice)
    assert (stopped.value.reason, stopped.value.subject) == ("moving", "x")
    assert list(outside.iterdir()) == []
    assert (outside.stat().st_uid, outside.stat().st_mode) == (before.st_uid, before.st_mode)


@pytest.mark.parametrize("first", ["directory", "link", "file"])
@pytest.mark.parametrize("second", ["directory", "link", "file"])
def test_a_name_that_comes_twice_is_something_that_moves(work, outside, first, second):
    with pytest.raises(StopError) as stopped:
        fetched(work, *(entry("x", kind, 4 * (kind == "file"), outside) for kind in (first, second)))
    assert (stopped.value.reason, stopped.value.subject) == ("moving", "x")


def test_links_are_copied_as_links(work, outside):
    made = fetched(work, entry("d", "directory"), entry("d/f", "file", 4), entry("l", "link", to=outside))
    assert (made.parts, made.bytes) == (1, 4)
    assert (made.path / "d/f").read_bytes() == b"evil"
    assert os.readlink(made.path / "l") == str(outside)
