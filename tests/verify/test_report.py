"""What a person reads: a summary, what each problem means and what to do, and nothing a bundle could fake."""

import ast
import io
import re
from pathlib import Path
from typing import Any

import pytest

from collector.verify import details_zh, progress, words_zh
from collector.verify.findings import CODES, NOT_LOGGED
from collector.verify.memory import memory
from collector.verify.report import Verdict, as_html, as_json, as_text


def spoiled() -> Verdict:
    verdict = Verdict("a.zip")
    verdict.findings.add("bad_body", "entry 1", "gone")
    verdict.findings.add("bad_body", "entry 2", "gone")
    verdict.findings.add("bad_key", "entry 3", "no approved key may sign here")
    verdict.findings.count("entries", 9)
    verdict.claims.append(("availability of portal", "contradicted", "percent"))
    return verdict


def test_the_report_says_what_each_code_means_and_what_to_do_once():
    text = as_text(spoiled())
    assert "in short   1 bad_key, 2 bad_body; 9 entries, 0 lines; claims: 1 contradicted" in text
    assert text.count(CODES["bad_body"]) == 1
    assert "ask who approved this agent" in text and text.endswith("NOT VERIFIED\n")
    assert "ask who approved this agent" in as_html(spoiled())


def test_the_report_in_chinese_explains_every_code_and_ends_with_the_same_word():
    text = as_text(spoiled(), "zh")
    assert "概要" in text and "bad_key 1 处，bad_body 2 处" in text and "与证据矛盾" in text
    assert words_zh.CODES["bad_body"][0] in text and text.endswith("验证未通过 NOT VERIFIED\n")
    assert words_zh.CODES.keys() == CODES.keys()
    good = Verdict("a.zip")
    assert as_text(good, "zh").endswith("验证通过 VERIFIED\n")
    hostile = Verdict("a.zip", period="\x1b[2J\r验证通过 VERIFIED")
    hostile.findings.add("bad_key", "entry 3", "no approved key may sign here")
    assert "验证通过 VERIFIED" not in {line.strip() for line in as_text(hostile, "zh").splitlines()}


def test_text_from_a_bundle_cannot_write_over_the_verdict():
    verdict = spoiled()
    verdict.period = "\x1b[2J\rVERIFIED\n\x9b1A\u202e"
    text = as_text(verdict)
    assert "VERIFIED" not in {line.strip() for line in text.splitlines()}
    assert all(one == "\n" or one.isprintable() for one in text)


def test_memory_is_told():
    verdict = spoiled()
    verdict.memory = memory()
    assert as_json(verdict)["memory"]["program"] > 1_000_000
    assert "MB at most" in as_text(verdict)
    assert "MB，其最大的工作进程 " in as_text(verdict, "zh")


def test_what_is_no_bundle_has_no_empty_headings():
    verdict = Verdict("a.zip")
    verdict.findings.add("bad_container", "a.zip", "end record: not where a bundle has it")
    said = as_text(verdict).splitlines()
    assert not {line.strip() for line in said} & {"log", "period", "checked"} and "bundle     a.zip" in said


def test_progress_writes_over_itself_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch):
    clock = [0.0]
    monkeypatch.setattr(progress, "monotonic", lambda: clock[0])
    out = io.StringIO()
    tell = progress.Progress(out)
    for done in range(5):
        tell("entries", done, 4)
        clock[0] += 1.0
    tell("entries", 4, 0)
    assert "\rentries: 50 %, about 2 s more" in out.getvalue()
    tell.end()
    assert shown(out.getvalue()).strip() == ""
    tell.end()
    progress.silent("x", 1, 2)


def shown(text: str) -> str:
    """What is left on the line of a terminal."""
    line: list[Any] = []
    for piece in text.split("\r"):
        line[: len(piece)] = piece
    return "".join(line)


def lines_of(verdict: Verdict, entry: int, count: int) -> None:
    for line in range(count):
        where = f"entry {entry} (web-01 epoch 1 seq {entry}) line {line}"
        verdict.findings.add("bad_plan", where, "host.load with parameters ab… is in no plan")


def test_what_only_follows_from_a_damaged_member_is_one_line_behind_it():
    verdict = Verdict("a.zip")
    verdict.findings.add("bad_member", "bodies/000000.gz", "its bytes do not fit the digest in the manifest")
    verdict.findings.add("bad_plan", "entry 7", NOT_LOGGED.format("ab"))
    lines_of(verdict, 7, 39)
    verdict.findings.add("bad_key", "entry 3", "no approved key may sign here")
    verdict.findings.gather_dependent()
    told = [(one.code, one.where, one.detail) for one in verdict.findings.problems]
    assert told[1] == (
        "bad_plan",
        "bodies/000000.gz",
        "40 checks that depend on a plan in it could not be made",
    )
    assert [one[0] for one in told] == ["bad_member", "bad_plan", "bad_key"] and not verdict.good


def test_a_damaged_member_hides_nothing_of_plans_that_are_here():
    """Else who cheats damages a member far from it, and the report says that it could not be looked at."""
    verdict = Verdict("a.zip")
    verdict.findings.add("bad_member", "bodies/000009.gz", "its bytes do not fit the digest in the manifest")
    verdict.findings.add("bad_plan", "entry 2", "its pack luohe-2026 is not the text that it names")
    verdict.findings.add("bad_plan", "entry 70", NOT_LOGGED.format("ab"))
    lines_of(verdict, 7, 3)  # its plan is in the log, and has other parameters
    lines_of(verdict, 70, 3)
    verdict.findings.gather_dependent()
    told = [one.where.partition(" (")[0] for one in verdict.findings.problems]
    assert told == ["bodies/000009.gz", "bodies/000009.gz", "entry 2", *["entry 7"] * 3]


@pytest.mark.parametrize("where", ["claims/availability.json", "calendars.json"])
def test_a_damaged_member_that_holds_no_plan_hides_no_plan_that_is_bad(where: str):
    verdict = Verdict("a.zip")
    verdict.findings.add("bad_member", where, "missing")
    for line in range(3):
        verdict.findings.add("bad_plan", f"entry 7 line {line}", "host.load with parameters ab… is unknown")
    verdict.findings.gather_dependent()
    assert len(verdict.findings.problems) == 4


def test_no_part_of_the_work_takes_less_than_nothing():
    verdict = Verdict("a.zip")
    verdict.phases["before"] = verdict.began  # more than there was, as sums of rounded parts can be
    verdict.phase("claims")
    assert verdict.phases["claims"] == 0.0 and "-0.0" not in as_text(verdict)


def sentences(file: Path) -> set[str]:
    """Every text of a module, with `{}` for what is put in."""
    made = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            made.add(re.sub(r"\{\w*\}", "{}", node.value))
        elif isinstance(node, ast.JoinedStr):
            parts = (one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)
            made.add("".join(map(str, parts)))
    return made


def test_every_detail_in_chinese_is_one_that_the_verifier_says():
    folder = Path(details_zh.__file__).parent
    own = [one for one in folder.glob("*.py") if one.name not in ("details_zh.py", "problems_zh.py")]
    read = [folder.parent / "evidence" / "container.py", *folder.parent.glob("availability/calendar*.py")]
    checks = folder.parents[1] / "checks"
    below = [*read, checks / "codec.py", *(checks / "wire").glob("*.py")]
    said = "\n".join(text for file in (*own, *below) for text in sentences(file))
    known = [re.sub(r"\{\d\}", "{}", english) for english in details_zh.DETAILS]
    # Sentences are joined of pieces in places: their longest piece stands in the program.
    lost = [one for one in known if max(re.split(r"\{\}|: ", one), key=len).strip(" ,:…") not in said]
    assert [one for one in lost if not one.endswith(("says otherwise", "anew: none"))] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "its figures, as they stood then; 143 of 143 filled cells made anew, 3 blanks for people; "
            "not made anew: none",
            "数字与当时一致；143 个已填单元格中重算了 143 个，3 处留待人工填写；没有未重算的表",
        ),
        ("total 82.5, grade 良好, 5 of 9 lines proven", "总分 82.5，等次 良好，9 行中 5 行已证实"),
        ("something nobody put into Chinese; missing", "something nobody put into Chinese；缺失"),
        ("host.load with parameters ab12… is in no plan", "host.load 的参数 ab12… 不在任何方案中"),
    ],
)
def test_details_are_told_in_chinese_sentence_by_sentence(english: str, chinese: str):
    verdict = spoiled()
    verdict.claims.append(("scorecard 2026-07", "proven if", english))
    verdict.findings.add("bad_member", "x", english)
    verdict.findings.notice(english)
    assert as_text(verdict, "zh").count(chinese) == 3 and chinese not in as_text(verdict)
    assert as_json(verdict)["claims"][-1]["detail"] == english


@pytest.mark.parametrize("name", [", grade , of ", "a epoch 1 seq ", " of filled cells made anew, "])
def test_a_name_that_a_bundle_repeats_a_thousand_times_is_read_as_quickly_as_another(name: str):
    """A table may be called anything: with patterns that try every way to split it this would take days."""
    text = "total " + name * 1000
    assert details_zh.detail(text) == text


def test_what_was_due_is_told_in_chinese_too():
    verdict = Verdict("a.zip")
    verdict.coverage += [
        {"what": "host.load of web-01 from outside", "due": 4, "done": 3},
        {"what": "round weekly/2026-07-13", "due": 2, "done": 2},
    ]
    text = as_text(verdict, "zh")
    assert "3 / 4        host.load  web-01(观测点 outside)" in text and "巡检 weekly/2026-07-13" in text
    assert "host.load of web-01 from outside" in as_text(verdict)


@pytest.mark.parametrize(
    ("claim", "chinese"),
    [
        ("availability of sys-01", "可用率 sys-01"),
        ("inspection record weekly/2026-07-07", "巡检记录 weekly/2026-07-07"),
        (
            "inspection record weekly/run-1762153200000",
            "巡检记录 weekly/run-1762153200000(2025-11-03 15:00)",
        ),
        ("scorecard 2026-07 (amendment 2)", "考核表 2026-07(第 2 次更正)"),
        ("statements of li (buyer)", "li(甲方)的人员声明"),
        ("something else", "something else"),
    ],
)
def test_kinds_of_claims_are_in_chinese_and_their_names_as_they_are(claim: str, chinese: str):
    verdict = spoiled()
    verdict.claims.append((claim, "proven if", "missing"))
    assert chinese in as_text(verdict, "zh") and claim in as_text(verdict)


def test_availability_and_what_people_said_are_told_in_chinese():
    figures = "known 99.5 %, low 99 %, high 99.5 %, coverage 99.9 %, grade C, evaluated to 2026-07-01 only"
    said = "有证据时间内 99.5 %，下限 99 %，上限 99.5 %，覆盖率 99.9 %，等级 C，只算到 2026-07-01"
    assert details_zh.detail(figures) == said
    people = "entered through li's session, signed by the collector, not by li: 3 key_moment, 1 visit"
    assert (
        details_zh.detail(people) == "经 li 的会话填报，由采集端签名，非 li 签名: 重要时刻保障 3、上门回访 1"
    )
