"""The verdict in words, as JSON and as one HTML page without any outside reference."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from time import monotonic
from typing import Any
from unicodedata import east_asian_width

from collector.verify import details_zh, words_zh
from collector.verify.advice import ADVICE
from collector.verify.findings import CODES, Findings
from collector.verify.judged import OTHER


@dataclass(slots=True)
class Verdict:
    """What was verified, how, and what came of it. `claims` are (name, verdict, detail)."""

    bundle: str
    log: str = ""
    period: str = ""
    range: tuple[int, int] = (0, 0)
    mode: str = "quick"
    backend: str = ""
    reader: str = ""
    seconds: str = ""
    memory: tuple[int, int] = (0, 0)  # bytes resident at most: the program, the largest of its workers
    findings: Findings = field(default_factory=Findings)
    claims: list[tuple[str, str, str]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=monotonic)

    def phase(self, name: str) -> None:
        """One more part of the work is done."""
        # What was rounded before may add up to more than it took: no part takes less than nothing.
        took = max(monotonic() - self.began - sum(self.phases.values()), 0.0)
        self.phases[name] = round(took, 2)

    @property
    def unchecked(self) -> list[str]:
        """Claims that another version of judging made, and that this one cannot check."""
        return [name for name, word, _ in self.claims if word == OTHER]

    @property
    def good(self) -> bool:
        """Nothing bad was found, and nothing had to be left to another program."""
        return not self.findings.problems and not self.unchecked

    @property
    def exit(self) -> int:
        """0: verified; 1: something is bad; 2: nothing is, but another program has to check a part of it."""
        return 1 if self.findings.problems else 2 if self.unchecked else 0


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Plain JSON of the verdict."""
    return {
        "verified": verdict.good,
        "unchecked": verdict.unchecked,
        "bundle": verdict.bundle,
        "log": verdict.log,
        "period": verdict.period,
        "from_size": verdict.range[0],
        "to_size": verdict.range[1],
        "mode": verdict.mode,
        "signatures_by": verdict.backend,
        "lines_read_by": verdict.reader,
        "seconds": verdict.seconds,
        "phases": verdict.phases,
        "memory": dict(zip(("program", "largest_worker"), verdict.memory, strict=True)),
        "checked": verdict.findings.counted,
        "problems": [asdict(problem) for problem in verdict.findings.problems],
        "notices": verdict.findings.notices,
        "claims": [{"claim": a, "verdict": b, "detail": c} for a, b, c in verdict.claims],
        "coverage": verdict.coverage,
    }


_MOST = 200  # lines of one kind that a person reads; --json has them all


def as_text(verdict: Verdict, lang: str = "en") -> str:
    """What a person reads in a terminal, in English or Chinese: nothing in a bundle can write over it."""
    head = words_zh.HEADINGS if lang == "zh" else _SAME
    own, worker = (f"{one / 1e6:.0f} MB" for one in verdict.memory)
    shown = {
        "bundle": verdict.bundle,
        "log": verdict.log,
        "period": verdict.period,
        "entries": f"{verdict.range[0]} {_TO[lang]} {verdict.range[1]}" if verdict.range[1] else "",
        "mode": _mode(verdict, lang),
        "time": _phases(verdict, lang),
        "memory": _MEMORY[lang].format(own, worker),
        "in short": summary(verdict, lang),
    }
    lines = [_aligned(head.get(key, key), 11) + value for key, value in shown.items() if value]
    counted = words_zh.COUNTED if lang == "zh" else _SAME
    if verdict.findings.counted:  # a file that is no bundle names no log, and nothing in it was checked
        lines += ["", head.get("checked", "checked")]
    lines += [f"  {n:>10}  {counted.get(what, what)}" for what, n in verdict.findings.counted.items()]
    if verdict.claims:
        words = words_zh.VERDICTS if lang == "zh" else _SAME
        lines += ["", head.get("claims", "claims")]
        told = details_zh.detail if lang == "zh" else str
        of = details_zh.name if lang == "zh" else str
        lines += [
            f"  {_aligned(words.get(b, b), 14)}{of(a)}   {told(c)}".rstrip() for a, b, c in verdict.claims
        ]
    if verdict.coverage:
        lines += ["", head.get("due and done", "due and done")]
        lines += [_coverage_line(row, lang) for row in verdict.coverage[:_MOST]]
    if verdict.findings.notices:
        said = details_zh.detail if lang == "zh" else str
        lines += [
            "",
            head.get("to know", "to know"),
            *(f"  - {said(one)}" for one in verdict.findings.notices),
        ]
    lines += [*_problems(verdict, lang), "", _last_word(verdict, lang)]
    return "\n".join(map(_shown, lines)) + "\n"


def _mode(verdict: Verdict, lang: str) -> str:
    if lang == "zh":
        mode = words_zh.MODES.get(verdict.mode, verdict.mode)
        return f"{mode}，签名由 {verdict.backend} 核验，结果行由 {verdict.reader} 读取，{verdict.seconds} 秒"
    by = f"signatures by {verdict.backend}, lines read by {verdict.reader}"
    return f"{verdict.mode}, {by}, {verdict.seconds} s"


def _phases(verdict: Verdict, lang: str) -> str:
    if lang == "zh":
        parts = (f"{words_zh.PHASES.get(name, name)} {took:.1f} 秒" for name, took in verdict.phases.items())
        return "，".join(parts)
    return ", ".join(f"{name} {took:.1f} s" for name, took in verdict.phases.items())


_SAME: Mapping[str, str] = {}
_TO = {"en": "to", "zh": "至"}
_MEMORY = {"en": "{} at most, its largest worker {}", "zh": "最多 {}，其最大的工作进程 {}"}


def _aligned(text: str, width: int) -> str:
    """Filled up with spaces; a Chinese character takes two places."""
    taken = sum(2 if east_asian_width(one) in "WF" else 1 for one in text)
    return text + " " * max(width - taken, 1)


def _last_word(verdict: Verdict, lang: str) -> str:
    zh = lang == "zh"
    if verdict.good:
        return words_zh.GOOD if zh else "VERIFIED"
    if verdict.exit == 1:
        return words_zh.BAD if zh else "NOT VERIFIED"
    lead = words_zh.OTHER if zh else "NOT VERIFIED: another version of judging made "
    return lead + ", ".join(verdict.unchecked)


def _problems(verdict: Verdict, lang: str) -> list[str]:
    """Each problem, then by code what it means and what to do."""
    problems = verdict.findings.problems
    if not problems:
        return []
    head = words_zh.HEADINGS if lang == "zh" else _SAME
    lines = ["", f"{head.get('problems', 'problems')} ({len(problems)})"]
    told = details_zh.detail if lang == "zh" else str
    lines += [f"  {p.code:<20}{p.where}: {told(p.detail)}" for p in problems[:_MOST]]
    more = len(problems) - _MOST
    rest = f"另有 {more} 处(--json 全部列出)" if lang == "zh" else f"and {more} more (--json lists all)"
    lines += [f"  … {rest}"] if more > 0 else []
    meaning = "what they mean, and what to do"
    lines += ["", head.get(meaning, meaning)]
    for code, count in _by_code(verdict).items():
        means, advice = words_zh.CODES[code] if lang == "zh" else (CODES[code], ADVICE[code])
        lines += [f"  {code} ({count}): {means}", f"      {advice}"]
    return lines


def _by_code(verdict: Verdict) -> dict[str, int]:
    counts = Counter(problem.code for problem in verdict.findings.problems)
    return {code: counts[code] for code in CODES if code in counts}


def summary(verdict: Verdict, lang: str = "en") -> str:
    """The whole in one line."""
    if lang == "zh":
        return _summary_zh(verdict)
    counted = verdict.findings.counted
    claims = Counter(word for _, word, _ in verdict.claims)
    problems = ", ".join(f"{count} {code}" for code, count in _by_code(verdict).items()) or "no problem"
    said = ", ".join(f"{count} {word}" for word, count in claims.items()) or "none"
    entries, lines = counted.get("entries", 0), counted.get("result lines", 0)
    return f"{problems}; {entries} entries, {lines} lines; claims: {said}"


def _summary_zh(verdict: Verdict) -> str:
    counted = verdict.findings.counted
    claims = Counter(word for _, word, _ in verdict.claims)
    problems = "，".join(f"{code} {count} 处" for code, count in _by_code(verdict).items()) or "没有问题"
    said = "，".join(f"{words_zh.VERDICTS.get(word, word)} {n}" for word, n in claims.items()) or "无"
    entries, lines = counted.get("entries", 0), counted.get("result lines", 0)
    return f"{problems}；{entries} 个条目，{lines} 行结果；声明: {said}"


def _shown(text: str) -> str:
    """Text from a bundle must not move the cursor or colour anything."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _coverage_line(row: dict[str, Any], lang: str) -> str:
    of = "/" if lang == "zh" else "of"
    what = details_zh.looks(row["what"]) if lang == "zh" else row["what"]
    return f"  {row['done']:>8} {of} {row['due']:<8} {what}"


_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem;color:#1d273b}table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "td,th{border:1px solid #c8ced6;padding:.3rem .6rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}th{background:#f0f2f5}.good{color:#1b6e2b}.bad{color:#b3261e}"
    "h1{font-size:1.6rem}h2{font-size:1.15rem}"
)


def as_html(verdict: Verdict) -> str:
    """One page, to be kept or printed beside the bundle."""
    word, css = ("验证通过 VERIFIED", "good") if verdict.good else ("验证未通过 NOT VERIFIED", "bad")
    about = [
        ("存证包 bundle", verdict.bundle),
        ("存证日志 log", verdict.log),
        ("周期 period", verdict.period),
        ("条目 entries", f"{verdict.range[0]} – {verdict.range[1]}"),
        ("方式 mode", f"{verdict.mode}, {verdict.backend}, {verdict.reader}, {verdict.seconds} s"),
    ]
    parts = [
        f"<!doctype html><html lang=zh-CN><meta charset=utf-8><title>{escape(verdict.bundle)}</title>",
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>",
        f"<h1 class={css}>{word}</h1>",
        f"<p>{escape(summary(verdict))}</p>",
        _table(("", ""), about),
        "<h2>核对内容 checked</h2>",
        _table(("项目 what", "数量 count"), list(verdict.findings.counted.items())),
        "<h2>结论 claims</h2>",
        _table(("声明 claim", "结论 verdict", "说明 detail"), verdict.claims),
        "<h2>应做与已做 due and done</h2>",
        _table(
            ("", "已做 done", "应做 due"),
            [(r["what"], str(r["done"]), str(r["due"])) for r in verdict.coverage],
        ),
        "<h2>须知 to know</h2>",
        _table(("",), [(text,) for text in verdict.findings.notices]),
        f"<h2>问题 problems ({len(verdict.findings.problems)})</h2>",
        _table(
            ("代码 code", "位置 where", "说明 detail", "含义 meaning", "处理 what to do"),
            [(p.code, p.where, p.detail, CODES[p.code], ADVICE[p.code]) for p in verdict.findings.problems],
        ),
        "</html>\n",
    ]
    return "".join(parts)


def _table(heads: tuple[str, ...], rows: list[Any]) -> str:
    if not rows:
        return "<p>—</p>"
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
