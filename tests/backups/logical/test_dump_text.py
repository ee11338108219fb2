"""The text of dumps, hostile and odd: long rows, names with everything in them, other encodings, rubbish."""

import gzip
import io
import random
from hashlib import sha256

import pytest

from checks.artefacts import copytext, pgdump, sqlnames
from checks.artefacts.copyrows import SHA256, STRONG, Lines, Sum
from checks.artefacts.pgtar import WatchedTar
from checks.artefacts.sqlquote import Quotes

HEAD = (
    "--\n-- PostgreSQL database dump\n--\n\n"
    "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\n"
)
END = "--\n-- PostgreSQL database dump complete\n--\n\n"


def told(text, **more):
    raw = text if isinstance(text, bytes) else text.encode()
    return copytext.read(io.BytesIO(raw), **more)


def block(name, columns, rows):
    return f"COPY {name} ({columns}) FROM stdin;\n" + "".join(f"{row}\n" for row in rows) + "\\.\n\n"


def plainly(rows):
    total = sum(int.from_bytes(sha256(f"{row}\n".encode()).digest(), "little") for row in rows)
    return f"{total % 2**256:064x}"


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 17])
def test_sums_do_not_hang_on_how_the_stream_comes(size):
    rows = [f"{n}\tx{'y' * (n % 300)}" for n in range(300)]
    raw = (HEAD + block("public.t", "a, b", rows) + END).encode()
    lines, made = Lines(io.BytesIO(raw), size), Sum()
    while line := lines.line():
        if line.startswith(b"COPY "):
            break
    while (batch := lines.ahead()) and b"\\.\n" not in batch:
        made.add(batch)
        lines.take(len(batch))
    made.add(batch[: batch.index(b"\\.\n")]) if batch.index(b"\\.\n") else None
    assert (made.count, made.hex()) == (300, plainly(rows))


@pytest.mark.parametrize("length", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000, 5 << 20])
def test_rows_longer_than_a_block_are_one_row(length):
    rows = ["1\ta", "2\t" + "b" * length, "3\tc"]
    found = told(HEAD + block("public.t", "a, b", rows) + END)
    one = found.parts[0].tables["public.t"]
    assert (one.count, one.hex(), one.size) == (3, plainly(rows), sum(map(len, rows)) + 3)
    assert found.complete
    assert found.cut == ""


def test_a_long_row_without_its_end_is_cut():
    assert told(HEAD + "COPY t (a) FROM stdin;\n" + "x" * (3 << 20)).cut == "t"


def test_order_does_not_matter_and_a_row_twice_is_not_a_row_once():
    def total(*rows):
        return told(block("t", "a", rows)).parts[0].tables["t"].hex()

    assert total("1", "2", "3") == total("3", "1", "2")
    assert total("1", "1") != total("1")
    assert total("1", "1") != total("2", "2")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("public.t", "public.t"),
        ('public."user"', "public.user"),
        ('"public"."t"', "public.t"),
        ('"A b"."c.d (x)"', '"A b"."c.d (x)"'),
        ('s."quote""d"', 's."quote""d"'),
        ('s."表"', 's."表"'),
        ('s."two\nlines"', 's."two\nlines"'),
    ],
)
def test_names_are_those_of_the_catalogue_however_they_are_quoted(written, name):
    found = told(HEAD + block(written, '"a,b", "c)d"', ["1\t2"]) + END)
    assert list(found.parts[0].tables) == [name]
    assert found.misfits == 0
    if "\n" not in name:
        schema, _, table = name.partition(".") if '"' not in name else (None, None, None)
        assert schema is None or sqlnames.named(schema, table) == name


def test_old_dumps_name_the_schema_once():
    text = HEAD + "SET search_path = oa, pg_catalog;\n\n" + block("t", "a", ["1"]) + END
    assert list(told(text).parts[0].tables) == ["oa.t"]


@pytest.mark.parametrize(("ours", "codec"), [("GBK", "gbk"), ("GB18030", "gb18030"), ("EUC_CN", "gb2312")])
def test_rows_in_another_encoding_have_the_sum_that_they_have_in_utf8(ours, codec):
    rows = ["1\t淮安市政务", "2\t漯河", "3\t"]
    text = HEAD.replace("UTF8", ours) + block("oa.t", "a, b", rows) + END
    part = told(text.encode(codec)).parts[0]
    assert part.tables["oa.t"].hex() == plainly(rows)
    assert part.transcoded


def test_rows_that_do_not_fit_their_encoding_are_said_to_be_so():
    text = HEAD.replace("UTF8", "GBK") + block("oa.t", "a, b", ["1\t?"]) + END
    assert not told(text.encode().replace(b"\t?", b"\t\xff")).parts[0].transcoded


@pytest.mark.parametrize(
    "body",
    [
        "CREATE FUNCTION f() RETURNS text AS $x$\nCOPY t (a) FROM stdin;\n$y$\n$x$ LANGUAGE sql;\n",
        "COMMENT ON TABLE t IS 'it''s\nCOPY t (a) FROM stdin;\n';\n",
        "COMMENT ON TABLE t IS E'a\\'\nCOPY t (a) FROM stdin;\n';\n",
        'COMMENT ON TABLE "a\nCOPY t (a) FROM stdin;\n" IS NULL;\n',
        "/* COPY\nCOPY t (a) FROM stdin;\n*/\n",
        "SELECT a$b$ FROM t -- $c$\n;\nSELECT '-- not a comment', '/* nor this';\n",
    ],
)
def test_what_only_looks_like_rows_is_not_taken_for_them(body):
    found = told(HEAD + body + block("real.t", "a", ["1"]) + END)
    assert list(found.parts[0].tables) == ["real.t"]
    assert found.complete
    assert found.cut == ""


def test_a_string_that_never_ends_is_a_cut():
    assert told(HEAD + "COMMENT ON TABLE t IS 'no end\n" + END).cut == "statement"


def test_rows_that_read_like_marks_are_rows():
    rows = ["-- PostgreSQL database dump complete\t1", "\\N\t2", "\\\\.\t3", "pg_dump: error: x\t4"]
    found = told(HEAD + block("t", "a, b", rows) + END)
    assert found.parts[0].tables["t"].count == 4
    assert (found.errors, found.headers, found.misfits) == (0, 0, 0)


def inserts(*statements):
    return HEAD + "".join(f"INSERT INTO public.t {one};\n" for one in statements) + END


LONG = "x" * (3 << 19)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("text", ["short", LONG, "two\nlines", f"{LONG}\n{LONG}"], ids=str.__len__)
def test_what_stands_behind_a_long_statement_is_read(text, ends):
    written = inserts(f"VALUES (1, '{text}')", "VALUES (2, 'y')", "VALUES (3, 'z')").replace("\n", ends)
    found = told(written)
    assert found.complete and not found.cut and not found.misfits
    part = found.parts[0]
    assert (part.inserts, part.odd, part.tables["public.t"].count) == (3, 0, 3)


@pytest.mark.parametrize("other", ["(b, a) VALUES (2, 'y')", "(a, c) VALUES (2, 'y')", "(a, b) VALUES (2)",
                                   "VALUES (2, 'y')", "(a, b) VALUES (2, 'y'), (3)"])  # fmt: skip
def test_a_statement_that_names_other_columns_than_the_first_is_damage(other):
    first = "(a, b) VALUES (1, 'x')"
    assert told(inserts(first, other)).misfits == 1
    assert told(inserts(first, first.replace("1", "2"))).misfits == 0


def test_a_dump_without_marks_of_ours_is_read_too():
    found = told(END.replace("PostgreSQL", "KingbaseES"))
    assert found.complete


def test_quotes_that_open_in_one_line_close_in_another():
    quotes = Quotes()
    for line, inside in (("SELECT 'a", True), ("b''c", True), ("d' || $t$x", True), ("$t$;", False)):
        quotes.feed(f"{line}\n".encode())
        assert quotes.inside is inside, line


def test_strong_sums_have_two_thousand_and_forty_eight_bits():
    made = told(block("t", "a", ["1", "2"]), how=STRONG).parts[0].tables["t"]
    assert len(made.hex()) == 512
    assert made.hex() != told(block("t", "a", ["1", "3"]), how=STRONG).parts[0].tables["t"].hex()
    long = told(block("t", "a", ["x" * (3 << 20)]), how=STRONG).parts[0].tables["t"]
    assert len(long.hex()) == 512


def test_rubbish_ends_in_facts_or_in_the_errors_that_are_documented(made15):
    whole = made15.path("custom").read_bytes()
    text = made15.path("plain").read_bytes()[:60_000]
    chance = random.Random(7)
    for _ in range(150):
        raw = bytearray(chance.choice((whole, text)))
        for _ in range(chance.randrange(1, 20)):
            raw[chance.randrange(min(len(raw), 40_000))] = chance.randrange(256)
        copytext.read(io.BytesIO(raw))
        try:
            source = io.BytesIO(raw)
            head = pgdump.header(source)
            list(pgdump.contents(source, head))
            pgdump.end_of_data(source, head)
        except pgdump.ArchiveError as problem:
            assert problem.reason in ("unknown_format", "truncated", "damaged", "too_new")  # noqa: PT017


@pytest.mark.parametrize("size", [1, 511, 513, 1 << 16])
def test_a_tar_is_watched_on_its_way(made15, size):
    whole = made15.path("tar").read_bytes()
    for cut in (0, 1, 600, len(whole) // 2):
        watched = WatchedTar(io.BytesIO(whole[: len(whole) - cut]))
        made = b"".join(iter(lambda w=watched: w.read(size), b"")) if size > 1 else watched.read()
        assert watched.cut == bool(cut)
        assert len(made) >= len(whole) - cut
    behind = WatchedTar(io.BytesIO(whole + b"x" * 700))
    behind.read()
    assert (behind.cut, behind.behind) == (False, 700)


def test_what_pg_dump_wrote_is_in_the_table_of_contents(made15, made18):
    for made, version in ((made15, (1, 14)), (made18, (1, 16))):
        with made.path("custom").open("rb") as file:
            head = pgdump.header(file)
            entries = list(pgdump.contents(file, head))
            assert pgdump.end_of_data(file, head) == made.path("custom").stat().st_size
        assert head.version[:2] == version
        assert head.database == "oa_db"
        assert head.tool.startswith(f"{made.major}.")
        names = {one.tag for one in entries if one.kind == "TABLE DATA"}
        assert {"document", "公文", 'quote"d (x)'} <= names


def test_memory_does_not_grow_with_the_rows():
    import tracemalloc

    rows = 40_000

    class Endless:
        def __init__(self):
            rows_of = [b"12345\tabcdef\n" * 2000] * (rows // 2000)
            self.pieces = iter([HEAD.encode() + b"COPY t (a, b) FROM stdin;\n", *rows_of])

        def read(self, size):
            return next(self.pieces, b"")

    tracemalloc.start()
    copytext.read(Endless())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_a_gzip_around_a_dump_says_nothing_about_it():
    assert told(gzip.compress(b"x")).complete is False
    assert SHA256.bits == 256
