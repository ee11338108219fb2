"""What scanners' reports say: recordings of real ones, and examples in the documented form of the others."""

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.scans import model
from collector.scans.model import Scan, ScanError, Severity
from collector.scans.reading import read

ZONE = ZoneInfo("Asia/Shanghai")
FILES = Path(__file__).parent / "files"
# Made by hand after the documented form where no real report was at hand.
EXAMPLES = Path(__file__).parent / "examples"


def of(data: bytes | str | Path, **options) -> Scan:
    if isinstance(data, Path):
        data = data.read_bytes()
    return read(data.encode() if isinstance(data, str) else data, ZONE, **options)


def some(scan: Scan) -> dict[str, int]:
    return {word: n for word, n in scan.counts().items() if n}


# What is in these files by another way of counting: by hand, once.
KNOWN = {
    "lynis_one_vuln.dat": ("lynis", 1, {"low": 1}),
    "lynis_many_vuln.dat": ("lynis", 1, {"medium": 1, "low": 37}),
    "nmap_0port.xml": ("nmap", 1, {}),
    "nmap_1port.xml": ("nmap", 1, {"info": 1}),
    "nmap_script_vulners.xml": ("nmap", 1, {"info": 1, "medium": 2}),
    "no_vuln.xml": ("openvas", 0, {}),
    "no_vuln.csv": ("openvas", 0, {}),
    "one_vuln.csv": ("openvas", 1, {"medium": 1}),
    "report_detail_v2.xml": ("openvas", 1, {"high": 1}),
    "scheme_2_no_vuln.json": ("trivy", 1, {}),
    "cvssv4_severity_source.json": ("trivy", 1, {"medium": 1, "low": 2}),
    "legacy_no_vuln.json": ("trivy", 0, {}),
}


def test_every_recording_is_known() -> None:
    assert {path.name for path in FILES.iterdir()} - {"LICENSE"} == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_a_recorded_report_says_what_it_said(name: str) -> None:
    tool, examined, counts = KNOWN[name]
    scan = of(FILES / name)
    assert (scan.tool, len(scan.examined), some(scan)) == (tool, examined, counts)
    assert scan.proves_nothing == (name in ("no_vuln.xml", "no_vuln.csv", "legacy_no_vuln.json"))
    assert model.from_body(model.body(scan)).counts() == scan.counts()
    assert model.body(model.from_body(model.body(scan))) == model.body(scan)


def test_counts_agree_with_those_in_every_public_report(shared: Path) -> None:
    files = sorted(path for path in (shared / "data/scans").rglob("*.*") if path.suffix != "")
    assert len(files) > 30
    for path in files:
        scan = of(path)
        assert some(scan) == dict(counted(path)), path.name


def counted(path: Path) -> Counter[str]:
    """Counts by the plainest reading of each format."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".dat":
        words = {"warning": "medium", "suggestion": "low", "vulnerable_package": "high"}
        return Counter(
            words[one] for one in re.findall(r"^(warning|suggestion|vulnerable_package)\[\]=", text, re.M)
        )
    if path.suffix == ".csv":
        return Counter(one.lower() if one != "Log" else "info" for one in severities_of_csv(text))
    if path.suffix == ".json":
        return Counter(of_json(json.loads(text)))
    root = ET.fromstring(text)
    if root.tag == "nmaprun":
        found = Counter(info=len(root.findall(".//port/state[@state='open']")))
        for score in re.findall(r'<elem key="cvss">([\d.]+)</elem>', text):
            found[band(float(score))] += 1
        return +found
    return Counter(
        (one.findtext("threat") or band(float(one.findtext("severity")))).lower()
        for one in root.findall("report/results/result")
    )


def band(score: float) -> str:
    return next(
        word
        for least, word in ((9, "critical"), (7, "high"), (4, "medium"), (0.1, "low"), (0, "info"))
        if score >= least
    )


def severities_of_csv(text: str) -> list[str]:
    return re.findall(r",\d+\.\d,(High|Medium|Low|Log),", text)


def of_json(value: object) -> list[str]:
    """The severity of every object that is a finding, wherever it stands."""
    if isinstance(value, list):
        return [word for one in value for word in of_json(one)]
    if not isinstance(value, dict):
        return []
    if value.get("Status") == "PASS":
        return []
    if any(key in value for key in ("Severity", "VulnerabilityID", "PkgName")):
        return [str(value.get("Severity", "unknown")).lower()]
    return [word for key, one in value.items() if key != "Packages" for word in of_json(one)]


NESSUS = (EXAMPLES / "nessus.nessus").read_text()


def test_nessus_a_cut_off_host_makes_the_scan_incomplete_and_an_odd_level_could_not_be_told() -> None:
    scan = of(NESSUS)
    assert some(scan) == {"critical": 1, "info": 1, "unknown": 1}
    assert scan.version == "10.4.1" and scan.scope == ("room A", "10.1.0.0/24", "10.2.0.7")
    assert scan.examined == ("10.1.0.5",) and not scan.complete
    assert [one.place for one in scan.findings] == ["443/tcp", "", "22/tcp"]
    assert scan.time == 1_794_925_800_000


QUALYS = (EXAMPLES / "qualys_scan.xml").read_text()
ASSETS = (EXAMPLES / "qualys_assets.xml").read_text()


def test_qualys_scan_and_asset_report_count_alike() -> None:
    scan = of(QUALYS)
    assert some(scan) == {"critical": 1, "low": 1, "info": 1} and scan.complete
    report = of(ASSETS)
    assert some(report) == {"high": 1, "info": 1} and report.examined == ("10.1.0.5", "10.1.0.9")
    assert report.findings[0].first_seen == 1_790_812_800_000


def test_qualys_csv_begins_below_its_preamble() -> None:
    text = '"Vulnerability report","Buyer"\n\n"IP","QID","Title","Severity","Port","Protocol","Vuln Status"\n'
    text += '"10.1.0.5","86000","Overflow","5","80","tcp","Active"\n'
    scan = of(text)
    assert scan.tool == "qualys" and some(scan) == {"critical": 1} and scan.findings[0].place == "80/tcp"


NEXPOSE = (EXAMPLES / "nexpose.xml").read_text()


def test_nexpose_a_dead_node_was_not_examined() -> None:
    scan = of(NEXPOSE)
    assert some(scan) == {"critical": 1, "medium": 1, "unknown": 1} and scan.examined == ("10.1.0.5",)
    assert scan.complete and scan.time == 1_794_852_000_000


ZAP = (EXAMPLES / "zap.xml").read_text()
ZAP_JSON = {
    "@version": "2.15.0",
    "@generated": "Tue, 17 Nov 2026 10:00:00",
    "site": [
        {
            "@name": "https://portal.example.com",
            "@port": "443",
            "alerts": [
                {
                    "pluginid": "10038",
                    "alertRef": "10038-1",
                    "name": "CSP not set",
                    "riskcode": "2",
                    "confidence": "3",
                },
                {"pluginid": "40012", "alert": "XSS", "riskcode": "3", "confidence": "0"},
            ],
        }
    ],
}


def test_zap_xml_and_json_say_the_same() -> None:
    assert of(ZAP) == of(json.dumps(ZAP_JSON))
    scan = of(ZAP)
    assert some(scan) == {"medium": 1, "high": 1} and [one.mitigated for one in scan.findings] == [
        False,
        True,
    ]
    assert scan.time == 1_794_880_800_000


XCCDF = (EXAMPLES / "openscap.xml").read_text()


def test_a_real_evaluation_of_the_wrong_system_and_a_real_scan_of_closed_ports() -> None:
    # Recorded by us: OpenSCAP 1.3.7 with rules for another release (shortened), nmap 7.93 on loopback.
    scan = of(EXAMPLES / "openscap_debian12.xml")
    assert scan.proves_nothing and scan.complete and scan.version == "cpe:/a:redhat:openscap:1.3.7"
    ports = of(EXAMPLES / "nmap_793.xml")
    assert ports.examined == ("127.0.0.1",) and ports.findings == () and not ports.proves_nothing


def test_openscap_where_every_rule_does_not_apply_proves_nothing() -> None:
    assert of(XCCDF.format("notapplicable")).proves_nothing
    assert some(of(XCCDF.format("fail"))) == {"medium": 1}
    assert of(XCCDF.format("pass")).examined == ("web-01",)


RSAS = """序号,主机,端口,漏洞名称,风险等级,发现时间
1,10.1.0.5,22,弱口令,高危,2026-11-01 10:00:00
2,10.1.0.5,,补丁缺失,甲,
"""


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_csv_is_read_in_its_usual_encodings_and_an_odd_word_could_not_be_told(code: str) -> None:
    scan = of(RSAS.encode(code), tool="rsas")
    assert scan.tool == "rsas" and some(scan) == {"high": 1, "unknown": 1}
    assert scan.findings[0].title == "弱口令" and scan.findings[0].first_seen == 1_793_498_400_000


def test_a_csv_with_its_own_headings_is_read_by_a_mapping() -> None:
    text = "Machine;Issue;Grade\nweb-01;Weak cipher;low\n"
    with pytest.raises(ScanError) as error:
        of(text)
    assert error.value.code == "no_column"
    assert some(of(text, mapping={"host": "Machine", "title": "Issue", "severity": "grade"})) == {"low": 1}
    with pytest.raises(ScanError, match="no column Host"):
        of(text, mapping={"host": "Host", "title": "Issue", "severity": "Grade"})


NUMBERED = """主机,端口,漏洞名称,风险等级,CVSS,编号,首次发现,责任人
10.1.0.5,22,弱口令,高,9.8,V-1,2026-10-01,甲
10.1.0.6,99999,补丁缺失,,11,V-2,上周,乙
,80,旧页面,低,,V-3,2026/10/02,
"""


def test_usual_headings_are_taken_and_what_is_not_is_named() -> None:
    scan = of(NUMBERED)
    assert [(one.id, one.place, one.first_seen) for one in scan.findings] == [
        ("V-1", "22", 1_790_784_000_000),
        ("V-2", "99999", None),
    ]
    assert scan.unused == ("责任人",)
    assert [one.partition(";")[0] for one in scan.doubts] == [
        "row 3: port 99999: not within 1 to 65535",
        "row 3: CVSS 11: not within 0 to 10",
        "row 3: first_seen 上周: no date that can be read",
        "row 4: no host",
    ]
    assert some(scan) == {"high": 1, "unknown": 1}


def test_an_id_that_only_counts_the_rows_is_none() -> None:
    text = "编号,主机,漏洞名称,等级\n1,h,弱口令,高\n2,h,旧页面,低\n"
    assert [one.id for one in of(text).findings] == ["弱口令", "旧页面"] and of(text).unused == ("编号",)
    kept = of(text, mapping={"id": "编号"})
    assert [one.id for one in kept.findings] == ["1", "2"] and not kept.unused


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04\x14\x00", b"%PDF-1.7\n", b"a,b\n\xff\xff\xff\n", b"\x89PNG\r\n\x1a\n\0"]
)
def test_a_file_of_another_kind_is_told_which_are_wanted(data: bytes) -> None:
    with pytest.raises(ScanError, match=r"XML, JSON, Lynis' report\.dat or CSV is wanted"):
        of(data)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE nmaprun [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><nmaprun args="&b;"/>'
)
READS = '<!DOCTYPE nmaprun [<!ENTITY f SYSTEM "file:///etc/passwd">]><nmaprun>&f;</nmaprun>'
OUTSIDE = '<!DOCTYPE nmaprun [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><nmaprun/>'


@pytest.mark.parametrize(
    "text", [BOMB, READS, OUTSIDE, "<nmaprun>" + "<a>" * 100 + "</a>" * 100 + "</nmaprun>"]
)
def test_hostile_xml_is_refused(text: str) -> None:
    with pytest.raises(ScanError) as error:
        of(text)
    assert error.value.code == "hostile"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"<",
        b"<nmaprun>",
        b"<a/>",
        b"{",
        b"{}",
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"a,b\n1,2\n",
        b"\x00",
        b'{"a": NaN',
        b'"text"',
        b"a" * 200_000,
    ],
)
def test_what_is_no_report_ends_in_one_family_of_errors(data: bytes) -> None:
    with pytest.raises(ScanError):
        of(data)


def test_any_truncation_or_flipped_byte_is_a_scan_or_a_scan_error() -> None:
    for path in (*sorted(FILES.iterdir()), *sorted(EXAMPLES.iterdir())):
        data = path.read_bytes()[:20_000]
        for at in range(0, len(data), max(1, len(data) // 40)):
            for bad in (data[:at], data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]):
                try:
                    model.body(of(bad))
                except ScanError:
                    continue


def test_a_list_of_something_else_and_a_target_without_a_name_prove_nothing() -> None:
    with pytest.raises(ScanError, match="no report"):
        of('[{"a": 1}]')
    assert of('{"SchemaVersion": 2, "Results": [{"Class": "os-pkgs"}]}').proves_nothing
    assert of('{"@version": "2", "site": [{"alerts": []}]}').proves_nothing
    assert of(
        "<nmaprun><host><status state='up'/><ports><extraports/></ports></host></nmaprun>"
    ).proves_nothing


def variants(value: object) -> Iterator[object]:
    """The document with each of its parts in turn replaced by something of another kind."""
    yield from (None, 1, 1.5, "x", [], {}, [1], [[]], {"a": 1}, True)
    if isinstance(value, dict):
        for key, part in value.items():
            yield from ({**value, key: other} for other in variants(part))
    if isinstance(value, list) and value:
        yield from ([other] for other in variants(value[0]))


def test_json_of_any_other_shape_is_a_scan_or_a_scan_error() -> None:
    small = json.loads((FILES / "cvssv4_severity_source.json").read_text())
    cluster = {
        "ClusterName": "c",
        "Resources": [{"Kind": "k", "Results": [{"Target": "t", "Secrets": [{}]}]}],
    }
    for document in (small, ZAP_JSON, cluster, [small]):
        for other in variants(document):
            try:
                assert model.from_body(model.body(of(json.dumps(other))))
            except ScanError:
                continue


def test_another_tools_report_is_refused_under_a_given_name() -> None:
    with pytest.raises(ScanError, match="a report of nmap, not of nessus"):
        of(FILES / "nmap_1port.xml", tool="nessus")


def test_control_characters_and_surrogates_of_a_report_do_not_reach_the_log() -> None:
    scan = of(
        '{"SchemaVersion":2,"Results":[{"Target":"a\\ud800\\u0000","Vulnerabilities":[{"VulnerabilityID":"x\\u001b[31m"}]}]}'
    )
    assert scan.findings[0].id == "x�[31m" and scan.findings[0].severity is Severity.UNKNOWN
    assert model.from_body(model.body(scan)) == scan
