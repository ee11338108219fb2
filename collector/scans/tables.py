"""Findings in a CSV: OpenVAS', Qualys' and any other tool's by a mapping of columns.

A mapping names, for each field, the column's heading. Headings of well-known tools and common Chinese ones
are found without it.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from collector.scans import qualys, severity, times
from collector.scans.model import Finding, Scan, ScanError, Severity, short

FIELDS = ("id", "host", "port", "protocol", "title", "severity", "cvss", "first_seen", "seen", "status")
_KNOWN: Mapping[str, Sequence[str]] = {
    "id": (
        "nvt oid",
        "qid",
        "plugin id",
        "id",
        "cve",
        "cve id",
        "漏洞编号",
        "漏洞id",
        "cve编号",
        "cve号",
        "cnvd编号",
        "cnnvd编号",
        "编号",
    ),
    "host": (
        "ip",
        "host",
        "ip address",
        "address",
        "主机",
        "主机ip",
        "主机地址",
        "ip地址",
        "资产ip",
        "目标",
        "目标ip",
        "受影响主机",
        "受影响ip",
        "资产地址",
    ),
    "port": ("port", "端口", "端口号", "服务端口"),
    "protocol": ("port protocol", "protocol", "协议", "传输协议"),
    "title": ("nvt name", "title", "name", "vulnerability", "漏洞名称", "漏洞标题", "漏洞", "名称"),
    "severity": (
        "severity",
        "risk",
        "level",
        "风险等级",
        "风险级别",
        "危险等级",
        "危险级别",
        "漏洞等级",
        "漏洞级别",
        "威胁等级",
        "威胁级别",
        "严重程度",
        "级别",
        "等级",
    ),
    "cvss": ("cvss", "cvss score", "cvss评分", "cvss分值", "cvss分数", "风险值"),
    "first_seen": (
        "first detected",
        "first seen",
        "首次发现",
        "首次发现时间",
        "首次发现日期",
        "发现时间",
        "发现日期",
    ),
    "seen": (
        "timestamp",
        "last detected",
        "scan date",
        "扫描时间",
        "扫描日期",
        "最近发现时间",
        "末次发现时间",
    ),
    "status": ("vuln status", "status", "状态", "修复状态", "漏洞状态"),
}
_MITIGATED = ("mitigated", "ignored", "accepted", "false positive", "已缓解", "已忽略", "误报", "风险接受")
_FIXED = ("fixed", "closed", "resolved", "已修复", "已整改", "已关闭")
_MOST_ROWS = 200_000


def decode(data: bytes) -> str:
    """Text in UTF-8, UTF-16 with a mark, or GB 18030 (GBK)."""
    codes = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for code in codes:
        try:
            return data.decode(code)
        except UnicodeDecodeError:
            continue
    raise ScanError("garbled", "no text in UTF-8, UTF-16 with a mark, or GB 18030")


def is_text(data: bytes) -> bool:
    """Whether bytes may be a text: GB 18030 alone would take nearly all that is none."""
    head = data[:4000]
    if head.startswith(b"%PDF"):
        return False
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or not any(byte < 9 for byte in head)


def rows_of(text: str) -> list[list[str]]:
    """The lines of a CSV with commas, semicolons or tabs; ScanError for what is none."""
    head = text.lstrip()[:4000].splitlines()[:1]
    counts = {mark: head[0].count(mark) for mark in ",;\t"} if head else {",": 0}
    mark = max(counts, key=lambda one: counts[one])
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            rows.append(row)
            if len(rows) > _MOST_ROWS:
                raise ScanError("too_large", f"more than {_MOST_ROWS} rows")
    except csv.Error as error:
        raise ScanError("garbled", f"no CSV: {error}") from None
    return rows


def columns(heading: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """Field -> number of its column; ScanError if a mapped column is not there."""
    names = [cell.strip().strip("\ufeff").lower() for cell in heading]
    found: dict[str, int] = {}
    for field in FIELDS:
        if field in mapping:
            if mapping[field].strip().lower() not in names:
                raise ScanError("no_column", f"no column {mapping[field]} (for {field})")
            found[field] = names.index(mapping[field].strip().lower())
            continue
        match = next((names.index(one) for one in _KNOWN[field] if one in names), None)
        if match is not None and match not in found.values():
            found[field] = match
    return found


def heading_row(rows: Sequence[Sequence[str]], mapping: Mapping[str, str]) -> int:
    """Which row holds the headings: the first with host, title or id, and severity."""
    for number, row in enumerate(rows[:30]):
        try:
            found = columns(row, mapping)
        except ScanError:
            continue
        if (
            {"host"} <= found.keys()
            and found.keys() & {"title", "id"}
            and found.keys() & {"severity", "cvss"}
        ):
            return number
    if mapping and rows:
        columns(rows[0], mapping)  # says which column is missing
    raise ScanError("no_column", "no row names the columns host, title and severity: give --map COLUMN=FIELD")


def read(text: str, zone: tzinfo, tool: str, mapping: Mapping[str, str]) -> Scan:
    """The findings of a CSV. It names only hosts with findings: no other is known as examined."""
    rows = rows_of(text)
    at = heading_row(rows, mapping)
    where = _without_row_numbers(columns(rows[at], mapping), rows[at + 1 :], mapping)
    unused = [cell.strip() for i, cell in enumerate(rows[at]) if cell.strip() and i not in where.values()]
    said = [
        (number, {field: row[i].strip() for field, i in where.items() if i < len(row)})
        for number, row in enumerate(rows[at + 1 :], at + 2)
        if any(row)
    ]
    cells = [one for _, one in said if one.get("host")]
    seen = [ms for one in cells if (ms := times.instant(one.get("seen"), zone)) is not None]
    hosts = sorted({short(one["host"]) for one in cells})
    return Scan(
        tool=tool,
        version="",
        scope=(),
        examined=tuple(hosts),
        begun=min(seen, default=None),
        ended=max(seen, default=None),
        findings=tuple(
            _finding(one, zone, tool) for one in cells if one.get("status", "").lower() not in _FIXED
        ),
        unused=tuple(short(one) for one in unused),
        doubts=tuple(f"row {number}: {why}" for number, one in said for why in _doubts(one, zone)),
    )


def _without_row_numbers(
    where: dict[str, int], rows: Sequence[Sequence[str]], mapping: Mapping[str, str]
) -> dict[str, int]:
    """Leave out an id that only counts the rows: it would be another one in the next report."""
    if "id" not in where or "id" in mapping or "title" not in where:
        return where
    ids = [row[where["id"]].strip() for row in rows if where["id"] < len(row)]
    counts = len(ids) > 1 and ids == [str(n) for n in range(1, len(ids) + 1)]
    return {field: i for field, i in where.items() if not (counts and field == "id")}


_NO_PORT = ("", "-", "--", "0", "n/a", "none", "general", "无")  # of the host itself
_PORT = re.compile(r"(\d{1,9})(?:/[a-z]+)?", re.ASCII)


def _doubts(cell: Mapping[str, str], zone: tzinfo) -> Iterator[str]:
    """What of a row cannot be taken as it is meant; the row is kept, but for one without a host."""
    if not cell.get("host"):
        yield "no host; not taken"
        return
    port = cell.get("port", "").lower()
    match = _PORT.fullmatch(port)
    if port.partition("/")[0] not in _NO_PORT and not (match and 1 <= int(match[1]) <= 65535):
        yield f"port {short(port)}: not within 1 to 65535; kept as it is written"
    score = cell.get("cvss", "")
    if score not in ("", "-", "--") and severity.cvss(score) is Severity.UNKNOWN:
        yield f"CVSS {short(score)}: not within 0 to 10; not taken"
    for field in ("first_seen", "seen"):
        text = cell.get(field, "")
        if text not in ("", "-", "--") and times.instant(text, zone) is None:
            yield f"{field} {short(text)}: no date that can be read; not taken"


def tool_of(heading: str) -> str:
    """Whose CSV it is by its headings; `csv` for any other."""
    low = heading.lower()
    if "nvt oid" in low:
        return "openvas"
    return "qualys" if "qid" in low and "vuln status" in low else "csv"


def _finding(cell: Mapping[str, str], zone: tzinfo, tool: str) -> Finding:
    port, protocol = cell.get("port", ""), cell.get("protocol", "")
    grade = severity.word(cell.get("severity"))
    if grade is Severity.UNKNOWN and tool == "qualys":
        grade = severity.level(cell.get("severity"), qualys.LEVELS)
    if grade is Severity.UNKNOWN and not cell.get("severity"):
        grade = severity.cvss(cell.get("cvss"))
    place = f"{port}/{protocol}" if port and protocol else port
    title = cell.get("title") or cell.get("id", "")
    return Finding(
        id=short(cell.get("id") or title),
        host=short(cell["host"]),
        place=short(place),
        title=short(title),
        severity=grade,
        first_seen=times.instant(cell.get("first_seen"), zone),
        mitigated=cell.get("status", "").lower() in _MITIGATED,
    )
