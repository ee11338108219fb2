"""What a directory of `--tab` may hold that no server writes: it costs time and memory in proportion only."""

import io
import tracemalloc

import pytest

from checks.artefacts import mysqltab
from checks.artefacts.mysqldump import Dump, Table


class Rows(io.RawIOBase):
    """Rows of a MiB, made as they are read."""

    def __init__(self, count):
        self.left = count

    def readline(self, size=-1):
        self.left -= 1
        return b"1\t" + b"x" * (1 << 20) + b"\n" if self.left >= 0 else b""


def test_long_rows_are_not_held_by_the_thousand():
    columns = mysqltab._columns(b"CREATE TABLE `t` (\n  `id` int,\n  `body` longblob\n)")
    table, dump = Table(), Dump()
    tracemalloc.start()
    try:
        mysqltab._rows(Rows(100), dump, table, columns)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (table.count, dump.wrong) == (100, 0)
    assert most < 40 << 20


@pytest.mark.parametrize("text", [b"CREATE TABLE `a` (\n", b"CREATE TABLE `", b"CREATE TABLE ```", b"`` (\n"])
def test_a_definition_without_an_end_has_no_columns(text):
    # Of all beginnings only the first is read on: for the square of them there were no time.
    found = mysqltab._columns(text * ((1 << 24) // len(text)))
    assert (found.every, found.given) == ([], [])
