"""Which tool made a file, and what it says: bytes in, a scan out, or a ScanError."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Any
from xml.etree.ElementTree import Element

from collector.scans import lynis, nessus, nexpose, nmap, openvas, qualys, safe_xml, tables, trivy, xccdf, zap
from collector.scans.model import MOST_BYTES, MOST_FINDINGS, Scan, ScanError

TOOLS = ("openvas", "nessus", "nmap", "trivy", "qualys", "nexpose", "lynis", "zap", "openscap", "csv")
_WANTED = "XML, JSON, Lynis' report.dat or CSV is wanted (an xlsx: save it as CSV)"
_XML: Mapping[str, tuple[str, Callable[[Element, tzinfo], Scan]]] = {
    "report": ("openvas", openvas.read),
    "get_reports_response": ("openvas", openvas.read),
    "NessusClientData_v2": ("nessus", nessus.read),
    "nmaprun": ("nmap", nmap.read),
    "SCAN": ("qualys", qualys.read_scan),
    "ASSET_DATA_REPORT": ("qualys", qualys.read_assets),
    "NexposeReport": ("nexpose", nexpose.read),
    "OWASPZAPReport": ("zap", zap.read_xml),
    "Benchmark": ("openscap", xccdf.read),
    "TestResult": ("openscap", xccdf.read),
    "asset-report-collection": ("openscap", xccdf.read),
}


def read(
    data: bytes, zone: tzinfo, *, tool: str | None = None, mapping: Mapping[str, str] | None = None
) -> Scan:
    """The scan in a report's bytes. `tool`: which it must be (another one's report is refused); a word
    outside TOOLS names the maker of a CSV. `mapping`: field -> heading, for a CSV."""
    if len(data) > MOST_BYTES:
        raise ScanError("too_large", f"more than {MOST_BYTES} bytes")
    if not data.strip():
        raise ScanError("garbled", "the file is empty")
    scan = _read(data, zone, tool, mapping or {})
    if tool is not None and tool != scan.tool:
        raise ScanError("other_tool", f"this is a report of {scan.tool}, not of {tool}")
    if len(scan.findings) > MOST_FINDINGS:
        raise ScanError("too_large", f"more than {MOST_FINDINGS} findings")
    # A target without a name is none that anybody could be shown to have looked at.
    return replace(scan, examined=tuple(dict.fromkeys(one for one in scan.examined if one)))


def _read(data: bytes, zone: tzinfo, tool: str | None, mapping: Mapping[str, str]) -> Scan:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<" or data[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<"):
        return _xml(safe_xml.read(data), zone)
    if start in (b"{", b"[") or data.strip() == b"null":
        return _json(data, zone)
    if not tables.is_text(data):
        raise ScanError("unknown_report", f"a binary file: {_WANTED}")
    try:
        text = tables.decode(data)
    except ScanError as error:
        raise ScanError(error.code, f"{error}: {_WANTED}") from None
    if text.startswith("# Lynis Report") or "\nlynis_version=" in text:
        return lynis.read(text, zone)
    return tables.read(text, zone, _table_tool(text, tool), mapping)


def _table_tool(text: str, tool: str | None) -> str:
    if tool is not None and tool not in TOOLS:
        return tool
    return tables.tool_of(text[:4000])


def _xml(root: Element, zone: tzinfo) -> Scan:
    if root.tag not in _XML:
        raise ScanError("unknown_report", f"<{root.tag[:60]}> is no report that is known here")
    return _XML[root.tag][1](root, zone)


def _json(data: bytes, zone: tzinfo) -> Scan:
    try:
        whole: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ScanError("garbled", f"no JSON: {str(error)[:200]}") from None
    if isinstance(whole, dict) and "site" in whole and "@version" in whole:
        return zap.read_json(whole, zone)
    marks = ("SchemaVersion", "ClusterName", "Results")
    if whole is None or isinstance(whole, list) or any(mark in whole for mark in marks):
        return trivy.read(whole, zone)
    raise ScanError("unknown_report", "no report that is known here")
