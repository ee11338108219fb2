"""Rows as no server writes them: each changed byte is damage, and they cost time and memory in proportion."""

import io
import tracemalloc

import pytest

from checks.artefacts import mysqltab
from checks.artefacts.mysqldump import Dump, Table, read_dump, writing


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


@pytest.mark.parametrize("charset", ["", "gbk"])
def test_rows_that_never_end_are_read_once(charset):
    how, many = writing(charset), 1 << 20
    assert len(how.row.findall(b"(1,'a')," + b"(\\'" * many + b";")) == 2
    row = b"(0x61," + b"\\'" * many + b")"
    assert how.textual(row) == row.replace(b"0x61", b"'a'")


def test_a_row_that_never_ends_is_damage():
    text = b"CREATE TABLE `t` (\n  `a` text\n) ENGINE=InnoDB;\nINSERT INTO `t` VALUES ('a'),('b'),('c);\n"
    assert read_dump(io.BytesIO(text)).wrong == 1
    assert read_dump(io.BytesIO(text.replace(b"('c)", b"('c')"))).wrong == 0


@pytest.mark.parametrize("between", [b",", b",\n"])
def test_each_changed_byte_between_rows_shows(between):
    head = (
        b"CREATE TABLE `t` (\n  `a` text\n) ENGINE=InnoDB;\nINSERT INTO `t` VALUES"
        + between[1:]
        + b" " * (between == b",")
    )
    text = head + between.join(b"('%d')" % one for one in range(4)) + b";\nUNLOCK TABLES;\n"

    def told(raw):
        dump = read_dump(io.BytesIO(raw))
        return dump.wrong, [(one.count, one.hex()) for one in dump.tables.values()]

    good = told(text)
    assert good[0] == 0 and good[1][0][0] == 4
    for at in range(len(head), text.index(b";\nUNLOCK") + 1):
        for bit in range(8):
            raw = bytearray(text)
            raw[at] ^= 1 << bit
            assert told(bytes(raw)) != good, (at, bit)
