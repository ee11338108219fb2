"""Dumps of a real MariaDB made with the options that change how rows are written: the same rows are the same,
what is not is found, and what can't be compared is said to be so."""

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.fingerprints.mariadb import Server, between, take
from agent.sources.backup_tools import LocalTools
from checks.artefacts import fingerprint
from checks.artefacts.mysqldump import read_dump, writing

CHECK = "backup.mariadb"
# Every byte, each twice beside every other kind: quotes, backslashes, ends of lines, halves of characters.
BYTES = bytes(range(256)) + bytes(range(255, -1, -1)) + b"0xAB,(0xCD)'_binary '"


@pytest.fixture(scope="module")
def blobs(maria):
    """A database of bytes beside text that looks like them."""
    maria.sql(
        "CREATE DATABASE blobs; USE blobs;"
        "CREATE TABLE part (id int PRIMARY KEY, body blob, fixed binary(3), varied varbinary(600), b bit(9),"
        " g geometry, note varchar(99));"
        f"INSERT INTO part VALUES (1, 0x{BYTES.hex()}, 'a\\0', 0x{BYTES.hex()}, b'100000001', POINT(1, 2),"
        " '(0xAB,0xCD)'),"
        " (2, '', NULL, '', NULL, NULL, ',0xAB'), (3, NULL, '\\'\\\\\"', '甲', 0, NULL, NULL);"
        "CREATE TABLE plain (id int PRIMARY KEY, note varchar(99));"
        "INSERT INTO plain VALUES (1, ',0xAB'), (2, '_binary \\'x\\'');"
    )
    return maria


@pytest.fixture
def look(looker, tmp_path):
    """What is not good of a dump."""
    tmp_path.chmod(0o700)

    def one(path, **more):
        seen = looker(CHECK, path=path, zone_min=0).look(**more)
        return {name.rpartition(":")[2]: word for name, word in seen.bad().items()}

    return one


def noted(maria, to, *options, database="blobs"):
    """A fingerprint beside a dump, taken with options."""
    server = Server("root", socket=maria.server.socket, options=(*maria.server.options, *options))
    made = take(LocalTools(), server, database, lambda: 1_800_000_000_000)
    Path(f"{to}.fingerprint.json").write_bytes(fingerprint.dump(made))
    return made


@pytest.mark.parametrize("taken", [(), ("--hex-blob",)])
@pytest.mark.parametrize("made", [(), ("--hex-blob",), ("--hex-blob", "--skip-extended-insert"),
                                  ("--hex-blob", "--complete-insert")])  # fmt: skip
def test_bytes_as_digits_are_the_same_bytes(blobs, tmp_path, look, taken, made):
    path = blobs.dump(tmp_path / "blobs.sql", *made, database="blobs", noted=False)
    assert (b"FFFEFD" in path.read_bytes()) is ("--hex-blob" in made)
    noted(blobs, path, *taken)
    assert look(path) == {}


def test_a_changed_digit_is_found_and_a_lost_row(blobs, tmp_path, look):
    path = blobs.dump(tmp_path / "blobs.sql", "--hex-blob", database="blobs")
    raw = path.read_bytes()
    for old, new in ((b"FFFEFD", b"FFFEFC"), (b"0x000102", b"0x010102"), (b"',0xAB'", b"',0xAC'")):
        assert old in raw
        path.write_bytes(raw.replace(old, new, 1))
        assert look(path) == {"true": "crit rows_differ"}, old
    begin = raw.index(b"(2,''")
    path.write_bytes(raw[:begin] + raw[raw.index(b"\n", begin) + 1 :])
    assert look(path) == {"true": "crit rows_missing"}
    path.write_bytes(raw[: raw.index(b"FFFEFD") + 4])
    assert look(path)["well_formed"] == "crit truncated"


def test_a_fingerprint_of_digits_as_it_was_taken_before_still_holds(blobs, tmp_path, look):
    """Until now the sum was of what stands there; such files lie beside older dumps."""
    path = blobs.dump(tmp_path / "blobs.sql", "--hex-blob", database="blobs", noted=False)
    made = noted(blobs, path, "--hex-blob")
    with open(path, "rb") as stream:
        dump = read_dump(stream, database="blobs")
    old = {name: fingerprint.Counted(one.count, one.as_written().hex()) for name, one in dump.tables.items()}
    assert old["blobs.part"].sum != made.tables["blobs.part"].sum
    held = json.loads(fingerprint.dump(made))
    held |= {"tables": {name: {"count": one.count, "sum": one.sum, "how": "exact", "most": 0}
                        for name, one in old.items()}, "root": fingerprint.root(old, None)}  # fmt: skip
    Path(f"{path}.fingerprint.json").write_text(json.dumps(held))
    assert look(path) == {}


def test_what_mysql_writes_before_bytes_is_no_part_of_them():
    """As MySQL 8's mysqldump writes a column of bytes (manual, mysqldump); no MySQL was at hand."""
    textual = writing("").textual
    assert textual(b"(1,_binary 'a\\'b\\0',NULL)") == b"(1,'a\\'b\\0',NULL)"
    assert textual(b"(1,0x61276200,NULL)") == b"(1,'a\\'b\\0',NULL)"
    for kept in (b"('x',',0xAB')", b"('_binary ''x''')", b"('a\\'_binary ',0)", b"('(0xAB')"):
        assert textual(kept) == kept


@pytest.mark.parametrize(("words", "odd"), [
    (("--skip-quote-names",), "odd"), (("--compatible=ansi",), 'o"dd'), (("--compatible=ansi",), "o`dd"),
    ((), "o`dd"),
])  # fmt: skip
def test_names_in_other_quotes_or_none_are_the_same_names(maria, tmp_path, look, words, odd):
    name = odd.replace("`", "``")
    maria.sql("DROP DATABASE IF EXISTS quoted; CREATE DATABASE quoted; USE quoted;"
              "CREATE TABLE a (id int, k int); INSERT INTO a VALUES (1, 2);"
              f"CREATE TABLE `{name}` (id int); INSERT INTO `{name}` VALUES (3)")  # fmt: skip
    path = maria.dump(tmp_path / "quoted.sql", "--complete-insert", *words, database="quoted")
    assert look(path) == {}
    path.write_bytes(path.read_bytes().replace(b"(3)", b"(4)"))
    assert look(path) == {"true": "crit rows_differ"}


def test_rows_in_another_character_set_cannot_be_compared(maria, tmp_path, look):
    path = maria.dump(tmp_path / "shop.sql", "--default-character-set=gbk")
    assert b"SET NAMES gbk" in path.read_bytes()
    assert look(path) == {"true": "unknown unsupported"}
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"(1,'a'),\n", b"", 1))
    assert look(path)["true"] == "crit rows_missing"
    path.write_bytes(raw[: len(raw) // 2])
    assert look(path)["well_formed"] == "crit truncated"
    # Taken in the same one they are compared.
    path.write_bytes(raw)
    server = Server("root", socket=maria.server.socket, options=("--default-character-set=gbk",))
    made = take(LocalTools(), server, "shop", lambda: 1_800_000_000_000)
    assert made.encoding == "gbk"
    Path(f"{path}.fingerprint.json").write_bytes(fingerprint.dump(made))
    assert look(path) == {}
    path.write_bytes(raw.replace(b"(1,'a'),\n", b"(1,'A'),\n", 1))
    assert look(path) == {"true": "crit rows_differ"}


# Characters whose second byte is a backslash, a backtick or a brace, and what looks like half of one.
WIDE = {
    "gbk": "".join(one for one in map(chr, range(0x4E00, 0x9FA0)) if one.encode("gbk")[1] in b"\\`|}~")[:300],
    "big5": "功許蓋穀餐淚娉珮岤踊",
    "sjis": "表ソ十貼暴予能ｱｲｳ",
}


@pytest.mark.parametrize("charset", WIDE)
def test_a_backslash_that_is_half_a_character_ends_no_text(maria, tmp_path, look, charset):
    text, raw = WIDE[charset], BYTES.hex()
    maria.sql(
        "DROP DATABASE IF EXISTS wide; CREATE DATABASE wide; USE wide;"
        "CREATE TABLE t (id int, note varchar(400), body blob, more varchar(9));"
        f"INSERT INTO t VALUES (1, '{text}', 0x{raw}, '''),('), (2, '{text[:3]}', NULL, '\\\\'),"
        f" (3, 'x', 0x{raw[::-1]}81, ''), (4, '', 0x8127, '''')"
    )
    options = (f"--default-character-set={charset}",)
    path = tmp_path / "wide.sql"
    for words in ((), ("--hex-blob",), ("--skip-extended-insert",), ("--skip-extended-insert", "--hex-blob")):
        path.write_bytes(maria.run("mariadb-dump", "--single-transaction", *options, *words, "wide"))
        path.chmod(0o600)
        if not words:
            noted(maria, path, *options, database="wide")
        assert look(path) == {}, words
        # On one line, as servers before 10.11 and MySQL write them.
        made = path.read_bytes()
        path.write_bytes(made.replace(b" VALUES\n(", b" VALUES (").replace(b"),\n(", b"),("))
        assert look(path) == {}, words
        path.write_bytes(path.read_bytes().replace(b"(3,'x'", b"3,'x'", 1))
        assert look(path).get("well_formed") == "crit damaged", words


def test_xml_is_not_read_and_a_cut_one_is_cut(maria, tmp_path, look):
    path = tmp_path / "shop.xml"
    path.write_bytes(maria.run("mariadb-dump", "--single-transaction", "--xml", "shop"))
    path.chmod(0o600)
    told = {
        "fresh": "unknown not_recorded",
        "well_formed": "unknown unsupported",
        "true": "unknown unsupported",
    }
    assert look(path) == told
    os.truncate(path, path.stat().st_size // 2)
    assert look(path)["well_formed"] == "crit truncated"


@pytest.mark.parametrize("words", [("--all-databases",), ("--databases", "loose", "shop")])
def test_what_else_lies_in_a_dump_is_not_the_fingerprints(maria, tmp_path, look, words):
    path = tmp_path / "all.sql"
    given = ("--single-transaction", "--default-character-set=utf8mb4")
    path.write_bytes(maria.run("mariadb-dump", *given, *words))
    path.chmod(0o600)
    noted(maria, path, database="shop")
    # Nothing was recorded of the others, unless this database is all that is asked about.
    assert look(path, single_transaction=False) == {"true": "unknown not_recorded"}
    asked = {"database": "shop", "single_transaction": False}
    assert look(path, **asked) == {}
    raw = path.read_bytes()
    for old, new, word in ((b"(3,'b')", b"(3,'B')", "rows_differ"), (b"(1,'a'),\n", b"", "rows_missing")):
        path.write_bytes(raw.replace(old, new, 1))
        assert look(path, **asked) == {"true": f"crit {word}"}


def test_the_database_that_is_asked_about_is_found_behind_many_others(maria, tmp_path, look):
    names = [f"many{number:02}" for number in range(24)]
    for name in names:
        maria.sql(f"CREATE DATABASE {name}; CREATE TABLE {name}.t (a int); INSERT INTO {name}.t VALUES (1)")
    path = tmp_path / "many.sql"
    given = ("--single-transaction", "--default-character-set=utf8mb4", "--databases")
    path.write_bytes(maria.run("mariadb-dump", *given, *names))
    path.chmod(0o600)
    noted(maria, path, database=names[-1])
    assert look(path) == {"true": "unknown not_recorded"}
    assert look(path, database=names[-1]) == {}
    assert look(path, database="many99") == {"true": "crit wrong_source"}


def test_a_fingerprint_whose_tables_all_came_or_went_proves_nothing(maria, tmp_path, look):
    path = maria.dump(tmp_path / "shop.sql", noted=False)
    first, second = noted(maria, path, database="loose"), noted(maria, path, database="shop")
    Path(f"{path}.fingerprint.json").write_bytes(fingerprint.dump(between(first, second)))
    assert look(path)["true"] == "unknown not_recorded"


@pytest.fixture
def flat(maria):
    """A database that a directory of `--tab` can hold."""
    maria.sql(
        "DROP DATABASE IF EXISTS flat; CREATE DATABASE flat; USE flat;"
        "CREATE TABLE item (id int PRIMARY KEY, name varchar(40));"
        "INSERT INTO item SELECT seq, MD5(seq) FROM seq_1_to_400;"
        "CREATE TABLE `订单` (id int, body blob, f double, d decimal(20,6), g geometry, y year, note text);"
        f"INSERT INTO `订单` VALUES (1, 0x{BYTES.hex()}, 1/3, -0.5, POINT(1, 2), 2026,"
        " 'a\\tb\\nc\\\\\\r\\Z\\0d\\\\'),"
        f" (2, 0x{BYTES.hex()[::-1]}, NULL, 1e9, NULL, NULL, '\\\\N'), (3, '', -1e99, 0, NULL, 0, ',0xAB');"
        "CREATE TABLE made (a int, c int GENERATED ALWAYS AS (a * 2) STORED, e int AS (a + 1));"
        "INSERT INTO made (a) VALUES (1); CREATE TABLE nothing (a int);"
        "CREATE VIEW seen AS SELECT id FROM item"
    )
    return maria


@pytest.fixture
def tab(maria, tmp_path):
    """`tab(DATABASE, OPTION…)`: a directory that the server wrote, as `--tab` has it do."""
    made = []

    def dump(database, *words):
        place = maria.place / f"tab{len(made)}"
        place.mkdir()
        made.append(place)
        if os.geteuid() == 0:
            shutil.chown(place, (maria.place / "data").owner())
        maria.run("mariadb-dump", "--single-transaction", f"--tab={place}", *words, database)
        held = tmp_path / place.name
        subprocess.run(["cp", "-r", place, held], check=True)
        subprocess.run(["chmod", "-R", "go-rwx", held], check=True)
        return held

    yield dump
    for place in made:
        shutil.rmtree(place)


def test_a_directory_of_tab_has_the_rows_that_inserts_have(flat, tab, look):
    held = tab("flat", "--default-character-set=binary")
    assert look(held) == {"well_formed": "unknown no_end_mark", "true": "unknown no_fingerprint"}
    noted(flat, held, database="flat")
    assert look(held) == {}
    rows = held / "item.txt"
    rows.write_bytes(rows.read_bytes().replace(b"\n7\t", b"\n7000\t", 1))
    told = {"well_formed": "unknown no_end_mark", "true": "unknown unsupported"}
    assert look(held) == told, "of other character sets nothing is said"


def test_what_the_server_spoils_in_a_directory_of_tab_is_found(flat, maria, tab, look):
    # Asked for a character set it writes bytes as characters, and loses those that are none.
    held = tab("flat", "--default-character-set=utf8mb4")
    noted(flat, held, database="flat")
    assert look(held)["true"] == "crit rows_differ"
    # Bits it writes as they are, a tab or a newline among them.
    assert look(tab("shop", "--default-character-set=binary"))["well_formed"] == "crit damaged"


def test_what_is_wrong_in_a_directory_of_tab_is_found(flat, tab, look):
    flat.sql("USE flat; DROP TABLE `订单`; CREATE TABLE other (a int)")
    held = tab("flat")
    noted(flat, held, database="flat")
    assert look(held) == {}
    rows = held / "item.txt"
    whole = rows.read_bytes()
    rows.write_bytes(whole[: whole.index(b"\n", 900) + 1])
    assert look(held) == {"well_formed": "unknown no_end_mark", "true": "crit rows_missing"}
    rows.write_bytes(whole[:-3])
    assert look(held)["well_formed"] == "crit truncated"
    rows.write_bytes(whole.replace(b"\t", b"\t\t", 1))
    assert look(held)["well_formed"] == "crit damaged"
    rows.unlink()
    assert look(held)["present"] == "crit part_missing"
    rows.write_bytes(whole)
    text = (held / "item.sql").read_bytes()
    (held / "item.sql").write_bytes(text[: text.index(b"-- Dump completed")])
    assert look(held)["well_formed"] == "crit truncated"
    (held / "item.sql").unlink()
    assert look(held)["well_formed"] == "unknown unsupported", "rows without their definition"
    for one in held.glob("*.txt"):
        one.unlink()
    assert look(held)["well_formed"] == "unknown not_read", "files of any kind"


# As MySQL 8.0's mysqldump writes it by its manual (mysqldump, "GTID", "--hex-blob"); no MySQL was at hand.
MYSQL8 = """\
-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Server version	8.0.36

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@SESSION.SQL_LOG_BIN= 0;

--
-- GTID state at the beginning of the backup
--

SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5,
4E11FA47-71CA-11E1-9E33-C80AA9429562:1-7';

--
-- Table structure for table `part`
--

DROP TABLE IF EXISTS `part`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `part` (
  `id` int NOT NULL,
  `body` varbinary(20) DEFAULT NULL,
  `note` varchar(20) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;

LOCK TABLES `part` WRITE;
/*!40000 ALTER TABLE `part` DISABLE KEYS */;
INSERT INTO `part` VALUES (1,{one},'a,(0xAB)'),(2,{two},'_binary ''x'''),(3,NULL,NULL);
/*!40000 ALTER TABLE `part` ENABLE KEYS */;
UNLOCK TABLES;
SET @@SESSION.SQL_LOG_BIN = @MYSQLDUMP_TEMP_LOG_BIN;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-22  3:00:00
"""


def test_what_mysql_8_writes_is_read_to_its_end():
    quoted = MYSQL8.format(one=r"_binary 'A\'\0\"B'", two="_binary ''").encode()
    digits = MYSQL8.format(one="0x4127002242", two="''").encode()
    made = [read_dump(io.BytesIO(raw)) for raw in (quoted, digits)]
    for one in made:
        assert one.complete and not one.errors and not one.wrong and one.charset == "utf8mb4"
        assert (one.database, one.server, one.ended) == ("shop", "8.0.36", "2026-11-22 03:00:00")
    sums = {one.tables["shop.part"].hex() for one in made}
    assert len(sums) == 1 and [one.tables["shop.part"].count for one in made] == [3, 3]
    other = read_dump(io.BytesIO(digits.replace(b"0x41", b"0x42")))
    assert other.tables["shop.part"].hex() not in sums
    for at in (quoted.index(b"11E1-9E33"), quoted.index(b"(2,"), quoted.index(b"UNLOCK")):
        assert not read_dump(io.BytesIO(quoted[:at])).complete
