"""Golden vectors: what the code makes, what the document quotes and what a second reader reads are one."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest
from backports import zstd
from cryptography.exceptions import InvalidSignature

from checks.wire import frame, header, numbers, tree
from checks.wire.errors import Code
from collector.evidence.answers import Status, http_code

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def golden(load: object) -> ModuleType:
    return load("golden_make")  # type: ignore[operator]


@pytest.fixture(scope="module")
def made(golden: ModuleType) -> dict[str, str]:
    return golden.make()


@pytest.fixture(scope="module")
def second(load: object) -> ModuleType:
    return load("second_reader")  # type: ignore[operator]


def test_the_code_still_makes_every_committed_vector(golden: ModuleType, made: dict[str, str]) -> None:
    committed = json.loads(golden.FILE.read_text())
    assert made.keys() == committed.keys()
    for name, value in committed.items():
        assert made[name] == value, name


def test_the_document_quotes_exactly_what_the_code_makes(golden: ModuleType, made: dict[str, str]) -> None:
    document = golden.DOCUMENT.read_text()
    assert golden.fill(document, made) == document


def test_the_document_leaves_no_vector_out(golden: ModuleType, made: dict[str, str]) -> None:
    document = golden.DOCUMENT.read_text()
    assert [name for name in made if f"\n{name} = " not in document] == []


def test_batches_packed_long_ago_still_open(samples: ModuleType) -> None:
    packed = json.loads((HERE / "golden/packed.json").read_text())
    for name, (n, data) in packed.items():
        found = frame.decode(b64decode(data))
        lines = frame.check(
            found, header.parse(found.header), samples.AGENT.public, lambda body, _: zstd.decompress(body)
        )
        assert lines == samples.batch_lines(n), name


def test_a_second_reader_refuses_a_changed_frame(second: ModuleType, made: dict[str, str]) -> None:
    data, public = bytearray.fromhex(made["frame.results"]), bytes.fromhex(made["key.agent.public"])
    data[-3] ^= 1
    with pytest.raises(AssertionError):
        second.read_frame(bytes(data), public)


@pytest.mark.parametrize("kind", ["results", "loss", "resume", "rotate"])
def test_a_second_reader_reads_every_kind_of_batch(
    second: ModuleType, made: dict[str, str], kind: str
) -> None:
    public = bytes.fromhex(made["key.agent.public"])
    fields, lines = second.read_frame(bytes.fromhex(made[f"frame.{kind}"]), public)
    assert fields["kind"] == kind
    assert [line.decode() for line in lines] == [made[f"lines.{i}"] for i in range(fields["n"])]
    header_bytes = made[f"header.{kind}"].encode()
    assert sha256(b"roundseal/chain/v1\n" + header_bytes).hexdigest() == made[f"chain.{kind}"]


def test_a_second_reader_reads_the_partial_body(second: ModuleType, made: dict[str, str]) -> None:
    root, lines = second.read_partial(bytes.fromhex(made["lines.partial.3"]))
    assert root.hex() == made["lines.root.3"]
    assert lines == [made["lines.0"].encode(), None, made["lines.2"].encode()]


def test_a_second_reader_reads_entries_and_their_leaves(second: ModuleType, made: dict[str, str]) -> None:
    data = bytes.fromhex(made["entry.results"])
    number, received, head = second.read_entry(data, "batch", bytes.fromhex(made["key.agent.public"]))
    assert (number, received, head.decode()) == (1, 1_800_000_010_123, made["header.results"])
    assert sha256(b"\x00" + data).hexdigest() == made["entry.results.leaf"]
    approve = bytes.fromhex(made["entry.approve"])
    assert second.read_entry(approve, "approve", bytes.fromhex(made["key.log.public"]))[0] == 3


def test_a_second_reader_finds_the_same_roots_and_checkpoint(
    second: ModuleType, made: dict[str, str]
) -> None:
    leaves = [sha256(b"\x00" + i.to_bytes(8, "big")).digest() for i in range(70_000)]
    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 70_000):
        assert second.mth(leaves[:size]).hex() == made[f"log.root.{size}"]
    found = second.read_checkpoint(
        made["note.checkpoint"],
        bytes.fromhex(made["key.log.public"]),
        bytes.fromhex(made["key.witness.public"]),
    )
    assert found == ("log.example/luohe", 70_000, bytes.fromhex(made["log.root.70000"]), 1_800_000_300)
    proof = [bytes.fromhex(one) for one in made["log.inclusion.69999.70000"].split()]
    assert tree.verify_inclusion(69_999, 70_000, leaves[-1], proof, found[2])


def test_the_document_names_every_number_word_and_limit(golden: ModuleType) -> None:
    document = golden.DOCUMENT.read_text()
    for kind in numbers.EntryKind:
        assert f"| {kind.name} | {kind.value} | `{kind.word}` |" in document, kind
    for limit in (
        numbers.MAX_HEADER,
        numbers.MAX_BODY,
        numbers.MAX_LINES,
        numbers.MAX_REQUEST,
        numbers.MAX_ENTRY,
    ):
        assert f"{limit:,}".replace(",", " ") in document, limit


def test_the_document_names_every_error_and_every_answer_with_its_http_code(golden: ModuleType) -> None:
    document = golden.DOCUMENT.read_text()
    assert [code for code in Code if f"`{code}`" not in document] == []
    answers = document.split("## Answers")[1].split("\n## ")[0]
    for status in Status:
        rows = [row for row in answers.splitlines() if f"`{status}`" in row]
        assert any(f"| {http_code(status)} |" in row for row in rows), status


def test_the_document_names_every_key_of_a_header(golden: ModuleType, made: dict[str, str]) -> None:
    section = golden.DOCUMENT.read_text().split("## Header")[1].split("\n## ")[0]
    for name in ("results", "loss", "resume", "rotate"):
        for key in json.loads(made[f"header.{name}"]):
            assert f"`{key}`" in section, key


def test_a_second_reader_reads_what_a_person_signed(
    made: dict[str, str], second: ModuleType, samples: ModuleType
) -> None:
    ids = {key.key_id.hex(): key.public for key in (samples.PERSON, samples.VOUCHER)}
    own = {samples.PERSON.key_id.hex(): samples.PERSON.public}
    asked = second.read_person(made["person.key.header"], "person_key", ids)
    assert (asked["account"], asked["public"]) == ("jia", samples.PERSON.public.hex())
    said = second.read_person(made["person.header"], "person", own)
    assert said["fields"]["points"] == "28.8" and json.dumps(said["by"]) == '"jia"'
    data = bytes.fromhex(made["entry.person"])
    _, _, header_bytes = second.read_entry(data, "statement", samples.LOG.public)
    assert header_bytes.decode() == made["person.header"]
    with pytest.raises(InvalidSignature):
        second.read_person(made["person.header"].replace("28.8", "30.0"), "person", own)
