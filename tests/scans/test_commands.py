"""`scan import`, `list`, `show` on a real log, and the pages."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from collector.cli import main
from collector.context import open_context
from collector.jobs import derive
from collector.jobs.checkpoints import Publisher
from collector.store import accounts, statements
from collector.web.app import create_app

FILES = Path(__file__).parent / "files"
HEAD = "IP,Port,Title,Severity\n"


def run(*words: object, code: int = 0) -> Result:
    made = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert made.exit_code == code, made.output + made.stderr
    return made


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes, once."""
    made = tmp_path_factory.mktemp("begun") / "c"
    run("init", made, "--origin", "scan.example/log", "--listen", "127.0.0.1:0")
    return made


@pytest.fixture
def place(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "c"))


def test_a_report_is_logged_once_listed_and_shown(place: Path) -> None:
    said = json.loads(run("scan", "import", place, FILES / "nmap_script_vulners.xml", "--json").stdout)
    assert said["counts"] == {"critical": 0, "high": 0, "medium": 2, "low": 0, "info": 1, "unknown": 0}
    assert (
        "imported already" in run("scan", "import", place, FILES / "nmap_script_vulners.xml", code=2).stderr
    )
    (line,) = run("scan", "list", place, "--json").stdout.splitlines()
    listed = json.loads(line)
    assert listed["entry"] == said["entry"] and listed["verdict"] == "done" and listed["kind"] == "scan"
    shown = run("scan", "show", place, said["entry"]).stdout
    assert "open\tmedium\t192.168.0.1\t5022/tcp\tCVE-2018-15919" in shown


def test_a_scan_that_examined_nothing_says_so_everywhere(place: Path) -> None:
    assert "proves nothing" in run("scan", "import", place, FILES / "no_vuln.xml").stdout
    assert "proves_nothing" in run("scan", "list", place).stdout


def test_findings_of_successive_reports_are_fixed_and_reopened(place: Path, tmp_path: Path) -> None:
    rows = ["10.0.0.1,22,Weak cipher,high\n10.0.0.1,80,Old page,low\n", "10.0.0.1,80,Old page,low\n"]
    for n, text in enumerate([rows[0], rows[1], rows[0] + "\n"]):
        (tmp_path / f"{n}.csv").write_text(HEAD + text)
        entry = json.loads(
            run("scan", "import", place, tmp_path / f"{n}.csv", "--tool", "rsas", "--json").stdout
        )["entry"]
        states = {
            one["title"]: one["state"]
            for one in json.loads(run("scan", "show", place, entry, "--json").stdout)["findings"]
        }
        assert states == {"Weak cipher": ["open", "fixed", "reopened"][n], "Old page": "open"}


def test_a_dry_run_names_columns_and_rows_and_logs_nothing(place: Path, tmp_path: Path) -> None:
    (tmp_path / "内网-2026-11-20.csv").write_text("主机,端口,漏洞名称,等级,责任人\nh,70000,弱口令,高,甲\n")
    words = ("scan", "import", place, tmp_path / "内网-2026-11-20.csv")
    said = run(*words, "--dry-run").stdout
    assert "row 2: port 70000" in said and "not taken over: 责任人" in said and "nothing was logged" in said
    assert run("scan", "list", place).stdout == ""
    told = json.loads(run(*words, "--json").stdout)
    assert told["unused"] == ["责任人"] and len(told["doubts"]) == 1
    assert "\tcsv: 内网\t" in run("scan", "list", place).stdout


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("scan-2026-11.csv", "scan"),
        ("漏洞清单（2026年11月20日）.csv", "漏洞清单"),
        ("20261120_dmz.csv", "dmz"),
        ("2026-11-20.csv", "2026-11-20"),
        ("10.0.20.5.csv", "10.0.20.5"),
        ("plain", "plain"),
    ],
)
def test_a_csv_of_no_named_tool_is_compared_under_its_name_without_the_date(name: str, scope: str) -> None:
    from collector.jobs.scans import scope_of

    assert scope_of(name) == scope


def test_a_mapping_is_remembered_for_its_tool(place: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("机器,问题,程度\nweb-01,弱口令,高\n")
    (tmp_path / "b.csv").write_text("机器,问题,程度\nweb-01,弱口令,中\n")
    words = ("--map", "机器=host", "--map", "问题=title", "--map", "程度=severity")
    assert "--map" in run("scan", "import", place, tmp_path / "a.csv", "--tool", "venus", code=2).stderr
    run("scan", "import", place, tmp_path / "a.csv", "--tool", "venus", *words)
    assert "1 medium" in run("scan", "import", place, tmp_path / "b.csv", "--tool", "venus").stdout


def test_unknown_accounts_assets_and_entries_are_refused(place: Path) -> None:
    report = FILES / "nmap_1port.xml"
    assert "no such account" in run("scan", "import", place, report, "--by", "nobody", code=2).stderr
    assert "no such asset" in run("scan", "import", place, report, "--asset", "web-9", code=2).stderr
    assert "no scan" in run("scan", "show", place, 99, code=2).stderr
    assert run("scan", "list", place).stdout == ""


def test_scans_survive_a_rebuild(place: Path) -> None:
    run("scan", "import", place, FILES / "nmap_1port.xml")
    with open_context(place) as context:
        with context.read() as conn:
            before = statements.of_kind(conn, "scan")
        derive.rebuild(context)
        with context.read() as conn:
            assert statements.of_kind(conn, "scan") == before != []


def test_the_log_with_scans_is_sound_and_its_bundle_is_verified(place: Path) -> None:
    run("scan", "import", place, FILES / "nmap_1port.xml")
    with open_context(place) as context:
        Publisher(context).publish()
    assert "1 bodies checked, 0 problems" in run("fsck", place, "--bodies").stdout
    run("bundle", "make", place, "--period", "today", "--out", place / "b.zip")
    words = [sys.executable, "-m", "collector.verify.cli", place / "b.zip", "--policy", place / "policy"]
    assert "VERIFIED" in subprocess.run(words, capture_output=True, text=True, check=True).stdout


def logged_in(place: Path, context) -> FlaskClient:
    with context.write() as conn:
        accounts.create(conn, "viewer", "Right-horse-7", "viewer", must_change=False)
    client = create_app(context).test_client()
    token = client.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    client.post("/login", data={"csrf_token": token, "name": "viewer", "password": "Right-horse-7"})
    return client


def test_the_pages_show_imports_findings_and_sheets_in_both_languages(place: Path) -> None:
    found = run("scan", "import", place, FILES / "report_detail_v2.xml", "--json").stdout
    run("scan", "import", place, FILES / "no_vuln.xml")
    with open_context(place) as context:
        client = logged_in(place, context)
        page = client.get("/scans").text
        assert "未检查任何对象" in page and "openvas: Report; Test" in page
        one = client.get(f"/scans/{json.loads(found)['entry']}").text
        assert "KB5062557" in one and "未修复" in one and "10.99.99.99" in one
        empty = client.get(f"/scans/{json.loads(found)['entry'] + 1}").text
        assert "这次扫描没有检查任何对象，不能证明任何情况。" in empty
        client.get("/language?to=en&next=/scans")
        assert "Proves nothing" in client.get("/scans").text
        for name in ("scans", f"findings?idx={json.loads(found)['entry']}"):
            sheet = client.get(f"/tables/{name.replace('?', '.xlsx?') if '?' in name else name + '.xlsx'}")
            assert sheet.status_code == 200 and sheet.data[:2] == b"PK"
        assert client.get("/scans/0").status_code == 404
        wrong = client.get("/tables/findings.xlsx?idx=x")
        assert wrong.status_code == 400 and "idx" in wrong.text
