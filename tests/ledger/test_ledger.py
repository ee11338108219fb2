"""The owner's ledger: every row is taken or named with its reason; nothing of his is edited."""

import io
import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from openpyxl import Workbook, load_workbook

from checks.wire import entry, strict_json
from collector.cli import main
from collector.context import open_context
from collector.ledger import difference, files
from collector.ledger.model import LedgerError, Row
from collector.store import packs, statements
from collector.store.content import content

CHINESE = """江城市资产台账,,,,
资产编号,设备名称,设备类型,序列号,管理IP
web-01,门户一号机,服务器,SN001,10.1.0.5
sw-1,核心交换机,交换机,SN002,10.1.0.1
"""
ESTATE = """estate: room
timezone: Asia/Shanghai
units: [{id: centre, name: 交易中心}]
systems: [{id: portal, name: 门户网站}]
assets: [{id: old-1, kind: server, system: portal, name: 旧机, snmp: {address: 10.1.0.77}}]
"""


def run(*words: object, code: int = 0) -> Result:
    made = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert made.exit_code == code, made.output + made.stderr
    return made


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes, once."""
    made = tmp_path_factory.mktemp("begun") / "c"
    run("init", made, "--origin", "ledger.example/log", "--listen", "127.0.0.1:0")
    return made


@pytest.fixture
def place(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "c"))


def book(*rows: list[object]) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def put(place: Path, data: str | bytes, name: str = "ledger.csv") -> Path:
    path = place.parent / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def assets(place: Path) -> list[dict[str, object]]:
    return yaml.safe_load((place / "ledger" / "assets.yaml").read_text())["assets"]


def test_every_rejected_row_is_named_with_its_number_and_reason(place: Path) -> None:
    text = "id,kind,system,serial,remark\n,server,,,\nweb 1,server,,,\nweb-1,,,,\nweb-2,server,,S1,\n"
    text += "web-2,server,,,\nweb-3,server,,s1,\nweb-4,甲,,,\nweb-5,server,门户,,\n,,,,\nweb-6,server,,,x\n"
    said = json.loads(run("ledger", "import", place, put(place, text), "--json", code=1).stdout)
    reasons = {(one["number"], one["name"]): one["reason"] for one in said["rejected"]}
    assert reasons == {
        (2, ""): "no id",
        (3, "web 1"): "id web 1: Latin letters, digits, dot, dash and underscore are wanted, at most 63",
        (4, "web-1"): "no kind",
        (6, "web-2"): "id web-2 stands in row 5 already",
        (7, "web-3"): "serial s1 stands in row 5 already",
        (8, "web-4"): "kind 甲: not known; give --kind 甲=WORD",
        (9, "web-5"): "system 门户: the estate has none of this name or id",
    }
    assert [one["id"] for one in assets(place)] == ["web-2", "web-6"] and said["unused"] == ["remark"]


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_chinese_ledger_below_a_title_is_read_in_its_usual_encodings(place: Path, code: str) -> None:
    out = run("ledger", "import", place, put(place, CHINESE.encode(code))).stdout
    assert "2 assets" in out
    assert assets(place)[1] == {"id": "sw-1", "kind": "switch", "name": "核心交换机", "serial": "SN002"}


def test_an_xlsx_is_read_with_its_numbers_and_days_as_they_look(place: Path) -> None:
    data = book(["编号", "类型", "序列号", "SNMP地址"], ["ups-1", "UPS", 12345.0, "10.1.0.9"])
    run("ledger", "import", place, put(place, data, "台账.xlsx"))
    assert assets(place) == [
        {"id": "ups-1", "kind": "ups", "serial": "12345", "snmp": {"address": "10.1.0.9"}}
    ]


def test_columns_and_kinds_are_remembered_and_a_missing_one_is_named(place: Path) -> None:
    text = "牌号,甲类,备注\nweb-1,云桌面,x\n"
    assert "--map" in run("ledger", "import", place, put(place, text), code=2).stderr
    assert "no column 乙" in run("ledger", "import", place, put(place, text), "--map", "乙=id", code=2).stderr
    assert (
        "no such field" in run("ledger", "import", place, put(place, text), "--map", "牌号=x", code=2).stderr
    )
    words = ("--map", "牌号=id", "--map", "甲类=kind", "--kind", "云桌面=terminal")
    run("ledger", "import", place, put(place, text), *words)
    run("ledger", "import", place, put(place, text))
    assert assets(place) == [{"id": "web-1", "kind": "terminal"}]
    run("ledger", "import", place, put(place, CHINESE))  # another ledger has none of those columns
    assert len(assets(place)) == 2


def test_the_piece_can_be_included_and_names_of_the_estate_become_ids(place: Path) -> None:
    estate = put(place, ESTATE, "estate.yaml")
    run("estate", "apply", place, estate)
    before = estate.read_bytes()
    rows = "id,kind,业务系统,单位,name\nweb-1,server,门户网站,交易中心,on\nweb-2,server,portal,,'0123\n"
    piece = place.parent / "assets.yaml"
    run("ledger", "import", place, put(place, rows), "--out", piece)
    assert estate.read_bytes() == before, "the owner's file is his"
    estate.write_text(ESTATE + "include: assets.yaml\n")
    said = json.loads(run("estate", "check", estate, "--json").stdout)
    assert said["problems"] == []
    assert yaml.safe_load(piece.read_text())["assets"][0] == {
        "id": "web-1",
        "kind": "server",
        "name": "on",
        "system": "portal",
        "unit": "centre",
    }


def test_an_export_is_what_its_name_says_and_no_formula(place: Path) -> None:
    rows = "id,kind,name,serial,型号\nweb-1,server,=1+1,-,-5V\nweb-2,server,'0123,S2,\n"
    run("ledger", "import", place, put(place, rows))
    before = assets(place)
    out = place.parent / "out.csv"
    run("ledger", "export", place, "--to", out)
    text = out.read_text("utf-8-sig")
    assert text.startswith("资产编号,名称,") and ",'=1+1," in text and ",'-5V," in text and ",-," in text
    run("ledger", "import", place, out)
    assert assets(place) == before
    assert ".xlsx or .csv" in run("ledger", "export", place, "--to", place / "out.ods", code=2).stderr


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"%PDF-1.7\n", b"id,kind\n\xff\xff\xff\n"])
def test_a_file_of_another_kind_is_told_which_are_wanted(place: Path, data: bytes) -> None:
    said = run("ledger", "import", place, put(place, data), code=2).stderr
    assert "neither an xlsx nor a csv" in said


def test_what_is_exported_is_imported_again_as_it_was(place: Path) -> None:
    run("estate", "apply", place, put(place, ESTATE, "estate.yaml"))
    run("ledger", "import", place, put(place, CHINESE + "=1+1,,,,\n"), code=1)
    before = assets(place)
    target = place.parent / "out.xlsx"
    run("ledger", "export", place, "--to", target)
    sheets = load_workbook(target)
    assert sheets["未导入的行"]["B2"].value == "=1+1" and sheets["未导入的行"]["B2"].data_type == "s"
    run("ledger", "import", place, target)
    old = {
        "id": "old-1",
        "kind": "server",
        "name": "旧机",
        "system": "portal",
        "snmp": {"address": "10.1.0.77"},
    }
    assert assets(place) == [*before, old]


FOUND = [
    {"address": "10.1.0.5", "serial": "SN001", "version": "9.1"},
    {"id": "sw-1", "address": "10.1.0.1", "serial_number": "OTHER"},
    {"address": "10.1.0.99", "hostname": "stranger"},
]


def test_the_ledger_against_what_was_discovered_is_a_signed_list(place: Path) -> None:
    text = "id,kind,序列号,版本,ip\nweb-01,server,sn001,9.0,10.1.0.5\n"
    text += "sw-1,switch,SN002,,10.1.0.1\nups-1,ups,,,\n"
    run("ledger", "import", place, put(place, text))
    found = put(place, json.dumps({"devices": FOUND}), "found.json")
    said = json.loads(run("ledger", "diff", place, found, "--log", "--json", code=1).stdout)
    assert said["only_ledger"] == ["ups-1"] and said["only_found"] == ["stranger"] and said["equal"] == 0
    assert [(one["asset"], one["field"], one["ledger"], one["found"]) for one in said["different"]] == [
        ("web-01", "version", "9.0", "9.1"),
        ("sw-1", "serial", "SN002", "OTHER"),
    ]
    with open_context(place) as context, context.read() as conn:
        (one,) = statements.of_kind(conn, "ledger_diff")
        header = strict_json.loads(entry.parse(packs.entry(conn, one.idx).data).header)
        body = strict_json.loads(content(packs.body(conn, one.idx)))
    assert (
        header["counts"]["only_found"] == 1 and body["only_ledger"] == ["ups-1"] and said["entry"] == one.idx
    )


def test_a_device_that_tells_no_serial_is_not_called_equal_in_it() -> None:
    rows = (Row(2, {"id": "a", "kind": "server", "serial": "S", "address": "10.0.0.1"}),)
    found = difference.compare(rows, difference.discovered([{"ip": "10.0.0.1"}]))
    assert found.silent == ("a",) and found.empty and found.equal == 1


def test_what_discover_printed_is_compared_and_a_device_that_failed_is_unseen_not_absent(place: Path) -> None:
    text = "id,kind,serial,version,snmp,ip\nsw-1,switch,S1,8.1,10.1.0.1,\nsw-2,switch,S2,,10.1.0.2,\n"
    run("ledger", "import", place, put(place, text + "sw-3,switch,,,,10.1.0.3\n"))
    lines = [
        {"target": "snmp://10.1.0.1:1161?version=2", "identity": {"serial": "", "version": "8.2"}},
        {"target": "snmp://10.1.0.2", "error": "timeout", "detail": ""},
        {"target": "snmp://[::1", "error": "timeout"},
    ]
    found = put(place, "\n".join(json.dumps(one) for one in lines), "found.jsonl")
    said = json.loads(run("ledger", "diff", place, found, "--json", code=1).stdout)
    assert (said["unseen"], said["only_ledger"], said["only_found"]) == (["sw-2"], ["sw-3"], [])
    assert said["silent"] == ["sw-1"] and said["different"][0]["found"] == "8.2"


def test_a_device_is_one_asset_at_most() -> None:
    rows = (Row(2, {"id": "a", "serial": "S"}), Row(3, {"id": "b", "address": "10.0.0.1"}))
    found = difference.compare(rows, difference.discovered([{"ip": "10.0.0.1", "serial": "s"}]))
    assert found.only_ledger == ("b",) and found.only_found == ()


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04junk", b"\xd0\xcf\x11\xe0old", b"\x00\xff", b"a\n\n\n", b'"']
)
def test_what_is_no_ledger_is_refused_in_one_family_of_errors(place: Path, data: bytes) -> None:
    assert (
        "roundseal-collector: ledger.csv" in run("ledger", "import", place, put(place, data), code=2).stderr
    )
    assert "no ledger" in run("ledger", "export", place, "--to", place / "x.xlsx", code=2).stderr


def test_a_text_called_xlsx_and_a_file_that_is_not_there_are_told_as_that(place: Path) -> None:
    (place.parent / "text.xlsx").write_text("编号,类型\na,server\n", encoding="utf-8")
    assert (
        "no xlsx, whatever its name"
        in run("ledger", "import", place, place.parent / "text.xlsx", code=2).stderr
    )
    gone = place.parent / "gone.csv"
    assert (
        run("ledger", "import", place, gone, code=2).stderr
        == f"roundseal-collector: {gone}: no such file or directory\n"
    )


def test_a_damaged_xlsx_is_refused_whatever_it_holds() -> None:
    good = book(["编号", "类型"], ["a", "server"])
    for at in range(0, len(good), 97):
        for bad in (good[:at], good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]):
            try:
                files.rows_of(bad)
            except LedgerError:
                continue


@pytest.mark.parametrize("text", ["{", "3", '["a"]', "[" * 100_000])
def test_discovered_things_that_are_none_are_refused(place: Path, text: str) -> None:
    run("ledger", "import", place, put(place, CHINESE))
    run("ledger", "diff", place, put(place, text, "found.json"), code=2)
