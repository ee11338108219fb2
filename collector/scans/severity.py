"""Words and numbers of severity, as tools and their translations write them."""

from collections.abc import Mapping
from fractions import Fraction

from collector.scans.model import Severity

S = Severity
_WORDS: Mapping[str, Severity] = {
    **dict.fromkeys(("critical", "urgent", "严重", "紧急", "超危", "致命"), S.CRITICAL),
    **dict.fromkeys(("high", "important", "severe", "高", "高危", "高风险"), S.HIGH),
    **dict.fromkeys(("medium", "moderate", "中", "中危", "中风险"), S.MEDIUM),
    **dict.fromkeys(("low", "minor", "低", "低危", "低风险"), S.LOW),
    **dict.fromkeys(
        ("info", "informational", "information", "none", "log", "negligible", "信息", "提示", "无"), S.INFO
    ),
}


def word(text: str | None) -> Severity:
    """A severity's word in any case; UNKNOWN for every other."""
    return _WORDS.get((text or "").strip().lower(), S.UNKNOWN)


def cvss(text: str | None) -> Severity:
    """A CVSS score by the bands of CVSS 3: 0, to 3.9, to 6.9, to 8.9, to 10; UNKNOWN for what is none."""
    try:
        score = Fraction((text or "").strip())
    except (ValueError, ZeroDivisionError):
        return S.UNKNOWN
    if not 0 <= score <= 10:
        return S.UNKNOWN
    bands = ((9, S.CRITICAL), (7, S.HIGH), (4, S.MEDIUM), (Fraction(1, 10), S.LOW))
    return next((severity for least, severity in bands if score >= least), S.INFO)


def level(text: str | None, levels: Mapping[str, Severity]) -> Severity:
    """A tool's own level."""
    return levels.get((text or "").strip(), S.UNKNOWN)
