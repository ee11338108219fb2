"""Every kind of bad bundle is refused with its code; good ones are verified; nothing ends in a traceback."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from parts import loaded

from checks.wire import entry as entries
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import strict_json
from checks.wire.entry import Entry
from checks.wire.header import Kind
from checks.wire.note import format_vkey
from checks.wire.numbers import EntryKind
from collector.evidence.periods import parse_period
from collector.evidence.policy import parse_policy
from collector.jobs import lifecycle
from collector.jobs.bundles import make_bundle
from collector.verify import batches, cli, details_zh, history, report, swift
from collector.verify.findings import CODES
from collector.verify.growth import Paper
from collector.verify.verify import Options, verify_bundle

HERE = Path(__file__).parent
ENGLISH = re.compile(r"[a-z]{2,} [a-z]+ [a-z]{2,}")
"""A sentence of the report that is not in Chinese; what a library says follows a colon."""
Change = Callable[[list[bytes]], list[bytes]]
Spoil = Callable[[Any], None]
Capture = pytest.CaptureFixture[str]
DAYS = {"first": "2026-11-16", "second": "2026-11-17T09:30/2026-11-17T10:30"}


defects = loaded("verify/defects.py")


class Kit:
    """Good bundles of the yard, and all keys to make bad ones."""

    def __init__(self, yard: Any, place: Path) -> None:
        self.yard, self.place = yard, place
        self.spoil, self.frames = loaded("verify/spoil.py"), frames
        self.log = yard.context.signer
        self.signers = {name: agent.signer for name, agent in yard.first.items()}
        self.policy_file = place / "policy"
        self.policy_file.write_text(f"log {format_vkey(yard.context.vkey)}\nquorum none\n")
        self.policy = parse_policy(self.policy_file.read_text())
        zone = ZoneInfo("Asia/Shanghai")
        for name, day in DAYS.items():
            made = make_bundle(yard.context, parse_period(day, zone, yard.hands.ms), place / f"{name}.zip")
            self.root = made.root
        self.good = place / "first.zip"

    def members(self) -> dict[str, bytes]:
        return self.spoil.read_members(self.good)

    def parts(self, name: str = "first") -> Any:
        return self.spoil.take_apart(self.place / f"{name}.zip")

    def verify(self, path: Path, **options: Any) -> tuple[int, Any]:
        """Exit code and verdict."""
        verdict = verify_bundle(path, self.policy, Options(**{"full": True, "processes": 1, **options}))
        report.as_text(verdict), report.as_html(verdict), json.dumps(report.as_json(verdict))
        return (0 if verdict.good else 1), verdict

    def agent_lies(self, out: Path, name: str, number: int, change: Change) -> Path:
        """A bundle in which an agent signed other lines, and the collector logged that."""
        parts = self.parts()
        parts.change_lines(parts.batches(name)[number], change, self.signers[name])
        parts.seal(self.log)
        return parts.write(out, self.log)

    def own_entry(self, kind: EntryKind, said: dict[str, Any], received: int) -> bytes:
        header = strict_json.dumps(said)
        return entries.encode(Entry(kind, received, header, entries.sign_statement(kind, header, self.log)))

    def reword(self, parts: Any, at: int, document: bytes, out: Path) -> Path:
        """Another document in its place, digest and entry made to fit."""
        from hashlib import sha256

        header = strict_json.loads(parts.parsed(at).header)
        header |= {"digest": sha256(document).hexdigest(), "bytes": len(document)}
        parts.bodies[at] = self.spoil.Document(document)
        parts.resign(at, strict_json.dumps(header), self.log)
        parts.seal(self.log)
        return parts.write(out, self.log)

    def forked(self, out: Path, spoil: Spoil | None = None, end: str = "release") -> Path:
        """A yard of its own in which a copied key wrote, and (`end`) what people did then.

        `spoil` changes the bundle in which they released the agent.
        """
        yard = loaded("verify/yard.py").Yard(out.parent / "forked")
        yard.open()
        yard.apply()
        agent = yard.enrol("web-01")
        yard.hour()
        self.fork(yard, agent)
        yard.hour()
        if spoil is not None or end == "release":
            lifecycle.release(yard.context, "web-01", reason="a clone was started", by="test")
        elif end:
            lifecycle.revoke(yard.context, "web-01", reason="a clone was started", by="test")
            yard.agents.clear()
        yard.hour()
        if end == "twice":
            self.fork(yard, agent)
            yard.hour()
        period = parse_period("2026-11-15", ZoneInfo("Asia/Shanghai"), yard.hands.ms)
        make_bundle(yard.context, period, out)
        yard.context.close()
        if spoil is not None:
            parts = self.spoil.take_apart(out)
            spoil(parts)
            parts.write(out, self.log)
        return out

    def fork(self, yard: Any, agent: Any) -> None:
        """A second writer with the agent's key is found."""
        prev, agent.prev = agent.prev, "ab" * 32
        assert (
            agent.send([], kind=Kind.LOSS, loss=loaded("verify/yard.py").Loss(1, 1, "copied")).accepted
            is None
        )
        agent.prev = prev


@pytest.fixture(scope="module")
def kit(yard: Any, tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return Kit(yard, tmp_path_factory.mktemp("bundles"))


@pytest.mark.parametrize("name", defects.MAKERS)
def test_a_bad_bundle_is_refused_with_its_code(kit: Kit, name: str, tmp_path: Path):
    code, maker = defects.MAKERS[name]
    done, verdict = kit.verify(maker(kit, tmp_path / f"{name}.zip"))
    found = {problem.code for problem in verdict.findings.problems}
    assert done == 1
    assert code in found, verdict.findings.problems
    assert "internal" not in found
    told = {details_zh.detail(problem.detail) for problem in verdict.findings.problems}
    assert [one for one in told if ENGLISH.search(one.partition(": ")[0])] == []


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The standard library reads lines and headers, as where msgspec is not installed."""
    monkeypatch.setattr(swift, "LIBRARY", "")
    for module in (batches, history):
        monkeypatch.setattr(module, "read_header", headers.parse)
    swift.tails_of.cache_clear()
    yield
    swift.tails_of.cache_clear()


LINES = [name for name in defects.MAKERS if name.endswith("_by_agent")]


@pytest.mark.parametrize("name", ["", *LINES])
def test_without_any_library_every_line_is_judged_alike(
    kit: Kit, name: str, tmp_path: Path, request: pytest.FixtureRequest
):
    path = defects.MAKERS[name][1](kit, tmp_path / "bad.zip") if name else kit.good
    _, quick = kit.verify(path)
    request.getfixturevalue("no_library")
    _, plain = kit.verify(path)
    assert plain.findings == quick.findings
    assert (plain.claims, plain.coverage) == (quick.claims, quick.coverage)


def test_codes_of_the_corpus_cover_every_code():
    elsewhere = {"internal", "bad_paper", "bad_quorum"} | {"bad_statement", "bad_photo"}  # tests/human
    elsewhere |= {"bad_person"}  # tests/statements
    assert not set(CODES) - {code for code, _ in defects.MAKERS.values()} - elsewhere


def test_two_days_with_all_that_happens_are_verified(kit: Kit):
    for name, begins in (("first", 0), ("second", None)):
        done, verdict = kit.verify(kit.place / f"{name}.zip")
        assert done == 0, verdict.findings.problems
        assert verdict.range[0] == begins or verdict.range[0] > 0
        counted = verdict.findings.counted
        assert counted["lines re-judged"] + counted[defects_failed()] == counted["result lines"]
        approved = {"human"} if name == "first" else set()  # through a session, before the second day
        assert {word for _, word, _ in verdict.claims} == {"proven if"} | approved
        assert all(row["done"] >= row["due"] - 2 for row in verdict.coverage)


def defects_failed() -> str:
    return "looks that failed (signed as errors)"


@pytest.mark.parametrize(("end", "word"), [("release", "released at"), ("revoke", "its key revoked at")])
def test_a_fork_that_people_decided_on_is_told_and_no_problem(kit: Kit, tmp_path: Path, end: str, word: str):
    done, verdict = kit.verify(kit.forked(tmp_path / "decided.zip", end=end))
    assert done == 0, verdict.findings.problems
    (told,) = (text for text in verdict.findings.notices if "two writers" in text)
    assert word in told and "'test': 'a clone was started'" in told
    assert verdict.findings.counted["forks that people decided on"] == 1


def test_a_fork_after_the_release_is_a_problem_again(kit: Kit, tmp_path: Path):
    done, verdict = kit.verify(kit.forked(tmp_path / "again.zip", lambda parts: None, end="twice"))
    assert done == 1
    assert [problem.code for problem in verdict.findings.problems] == ["fork"]


def test_quick_and_full_mode_on_one_and_two_processors_agree(kit: Kit):
    said = []
    for options in ({}, {"full": False}, {"processes": 2}):
        done, verdict = kit.verify(kit.good, **options)
        assert done == 0
        counted = dict(verdict.findings.counted)
        said.append((counted.pop("batch signatures") > 0, counted, verdict.claims, verdict.coverage))
    assert said[0] == said[1] == said[2]


def test_grades_say_who_looked_from_where(kit: Kit):
    _, verdict = kit.verify(kit.good)
    details = {name: detail for name, _, detail in verdict.claims}
    # portal-db is seen from one machine only, and its plan does not say on which asset it is.
    assert "grade C" in details["availability of portal"]
    assert "disagreed" in details["availability of portal"]


def test_the_paper_must_be_a_prefix_of_the_log(kit: Kit):
    size = kit.parts().manifest.to_size
    assert kit.verify(kit.good, paper=Paper(size, kit.root[:20]))[0] == 0
    for paper in (Paper(size, "00" * 10), Paper(size + 1, kit.root[:20]), Paper(0, kit.root)):
        done, verdict = kit.verify(kit.good, paper=paper)
        assert done == 1
        assert {p.code for p in verdict.findings.problems} == {"bad_paper"}


def test_the_paper_may_be_older_than_the_end(kit: Kit):
    size, text = kit.parts().notes[4]
    from base64 import b64decode

    root = b64decode(text.split("\n")[2]).hex()
    assert kit.verify(kit.good, paper=Paper(size, root[:24]))[0] == 0
    assert kit.verify(kit.good, paper=Paper(size - 1, root[:24]))[0] == 1


def test_a_history_rewritten_as_a_whole_is_found_only_with_the_paper(kit: Kit, tmp_path: Path):
    parts = kit.parts()
    old = parts.manifest.to_size
    parts.replace_entry(0, received_ms=parts.parsed(0).received_ms - 1)
    parts.notes = []
    parts.seal(kit.log)
    path = parts.write(tmp_path / "rewritten.zip", kit.log)
    _, verdict = kit.verify(path, paper=Paper(old, kit.root[:20]))
    assert "bad_paper" in {p.code for p in verdict.findings.problems}


def test_a_policy_that_asks_for_a_witness_is_not_satisfied_without_one(kit: Kit):
    text = kit.policy_file.read_text().replace("quorum none", "")
    policy = parse_policy(text + f"witness w {format_vkey(kit.yard.context.vkey)}\nquorum w\n")
    verdict = verify_bundle(kit.good, policy, Options(processes=1))
    assert {p.code for p in verdict.findings.problems} == {"bad_quorum"}


def test_without_paper_or_witness_the_report_says_what_that_means(kit: Kit):
    _, verdict = kit.verify(kit.good)
    assert any("rewritten" in text for text in verdict.findings.notices)
    _, verdict = kit.verify(kit.place / "second.zip")
    assert any("are not here" in text for text in verdict.findings.notices) == (verdict.range[0] > 0)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        cli.main(words)
    return int(str(exit_.value.code))


def test_the_program_exits_2_where_it_cannot_be_done(kit: Kit, tmp_path: Path, capsys: Capture):
    good, policy = str(kit.good), str(kit.policy_file)
    bad = tmp_path / "bad"
    bad.write_text("quorum none\n")
    noise = tmp_path / "noise"
    noise.write_bytes(b"\xff\xfe\x00")
    for words in (
        (str(tmp_path / "absent.zip"), "--policy", policy),
        (good, "--policy", str(tmp_path / "absent")),
        (good, "--policy", str(bad)),
        (good, "--policy", str(noise)),
        (good, "--policy", policy, "--paper", "12"),
        (good, "--policy", policy, "--html", str(tmp_path / "no" / "where.html")),
        (str(tmp_path), "--policy", policy),
        (good,),
        (),
    ):
        assert run(*words) == 2, words
        assert "Traceback" not in capsys.readouterr().err


def test_the_program_prints_text_json_and_one_page(kit: Kit, tmp_path: Path, capsys: Capture):
    page = tmp_path / "out.html"
    assert run(str(kit.good), "--policy", str(kit.policy_file), "--full", "--html", str(page)) == 0
    assert capsys.readouterr().out.endswith("VERIFIED\n")
    assert "验证通过" in page.read_text(encoding="utf-8") and "http" not in page.read_text(encoding="utf-8")
    assert run(str(kit.good), "--policy", str(kit.policy_file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["verified"] is True
