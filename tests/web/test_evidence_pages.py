"""The pages of the log: proofs are made and checked, damage is said, nothing is called verified untested."""

import zlib
from pathlib import Path

import pytest
import sqlalchemy

from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.jobs.checkpoints import Publisher
from collector.store import evidence
from collector.web import proof


@pytest.fixture
def entries(context: Context) -> Context:
    """Five entries; the last one behind the newest checkpoint."""
    for number in range(4):
        body = f"document {number}".encode()
        context.append_collector_entry(EntryKind.STATEMENT, {"kind": "approval", "n": number}, body)
    Publisher(context).publish()
    context.append_collector_entry(EntryKind.COLLECTOR, {"event": "login", "account": "root"})
    return context


def damage(context: Context, statement: str, *values: object) -> None:
    """What somebody with the database file can do."""
    with context.database.engine.connect() as conn:
        for trigger in ("entry_only_packing", "body_no_update"):
            conn.exec_driver_sql(f"DROP TRIGGER {trigger}")
        conn.exec_driver_sql(statement, values)
        conn.commit()


def test_an_entry_behind_the_newest_checkpoint_is_not_called_proven(entries, admin) -> None:
    text = admin.get("/evidence/4").text
    assert "尚无覆盖此条目的签名树头" in text and text.count("验证通过") == 1


def test_an_entry_is_shown_with_signature_content_and_inclusion(entries, admin) -> None:
    text = admin.get("/evidence/2").text
    assert text.count("验证通过") == 3 and "document 2" in text and "包含于 4 条的签名树头" in text
    with entries.read() as conn:
        shown = proof.show(conn, 2, entries.vkey)
    assert shown is not None and shown.inclusion is not None and len(shown.inclusion.path) == 2
    assert shown.leaf in text and shown.inclusion.root in text


def test_a_changed_body_fails_and_a_missing_one_is_called_pruned(entries, admin) -> None:
    damage(entries, "UPDATE body SET data = ? WHERE idx = 1", zlib.compress(b"forged", wbits=31))
    assert "验证失败" in admin.get("/evidence/1").text
    damage_more(entries)
    assert "已按保存期限清理" in admin.get("/evidence/2").text


def damage_more(context: Context) -> None:
    with context.database.engine.connect() as conn:
        conn.exec_driver_sql("DROP TRIGGER body_only_packing")
        conn.exec_driver_sql("DELETE FROM body WHERE idx = 2")
        conn.commit()


def test_a_changed_entry_breaks_signature_and_inclusion(entries, admin) -> None:
    with entries.read() as conn:
        data = bytes(evidence.of_kinds(conn, [EntryKind.STATEMENT])[0].data or b"")
    forged = data.replace(b'"n":0', b'"n":9')
    assert forged != data
    damage(entries, "UPDATE entry SET data = ? WHERE idx = 0", forged)
    text = admin.get("/evidence/0").text
    assert text.count("验证失败") >= 2


def test_raw_bytes_hash_to_the_leaf(entries, admin) -> None:
    from checks.wire.tree import leaf_hash

    raw = admin.get("/evidence/3/raw")
    assert raw.headers["Content-Type"] == "application/octet-stream"
    assert leaf_hash(raw.data).hex() in admin.get("/evidence/3").text


@pytest.mark.parametrize("path", ["/evidence/77", "/evidence/99999999", "/evidence/77/raw"])
def test_what_is_not_there_is_404(entries, admin, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_the_log_says_that_nobody_has_cosigned(entries, admin) -> None:
    text = admin.get("/evidence").text
    assert "未经见证" in text and str(entries.vkey) in text
    assert admin.get("/evidence/find?idx=%233").headers["Location"] == "/evidence/3"


def test_an_empty_log_and_no_estate_are_said_in_words(context, admin) -> None:
    assert "还没有签名树头" in admin.get("/evidence").text
    assert "尚未应用资产文件" in admin.get("/").text
    for path, words in (
        ("/systems", "配置中没有业务系统"),
        ("/assets", "配置中没有资产"),
        ("/rounds", "本月没有巡检"),
        ("/agents", "还没有批准任何代理"),
    ):
        assert words in admin.get(path).text, path
    assert admin.get("/systems/portal").status_code == 404
    assert admin.get("/assets/web-01").status_code == 404
    assert admin.get("/rounds/weekly/2026-11-23").status_code == 404
    assert admin.get("/records/pdf/weekly/2026-11-23").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/systems/portal?from=yesterday",
        "/systems/portal?from=2026-02-01&to=2026-01-01",
        "/systems/portal?from=1900-01-01",
        "/systems?to=9999-99-99",
    ],
)
def test_periods_that_cannot_be_are_refused(context, admin, path: str) -> None:
    assert admin.get(path).status_code == 400


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-02-30", "“自”日期 2026-02-30 无效"),
        ("to=tomorrow", "“至”日期 tomorrow 无效"),
        ("to=20260131", "“至”日期 20260131 无效"),
        ("to=9999-12-31", "“至”日期 9999-12-31 无效"),
        ("from=2026-02-01&to=2026-01-01", "“自” 2026-02-01 晚于“至” 2026-01-01"),
        ("from=2020-01-01&to=2026-01-01", "“自” 2020-01-01 太早"),
        ("from=%3Cb%3E", "&lt;b&gt; 无效"),
    ],
)
def test_it_is_said_which_date_is_wrong(context, admin, query: str, said: str) -> None:
    answer = admin.get(f"/systems/portal?{query}")
    assert answer.status_code == 400 and said in answer.text and "无法理解" not in answer.text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        *(
            (f"/rounds?month={one}", "month")
            for one in ("x", "2026-13", "0001-01", "1969-12", "1970-01", "9999-12", "9999-99")
        ),
        *((f"/evidence?before={one}", "before") for one in ("-1", "x")),
        ("/evidence/find?idx=x", "idx"),
    ],
)
def test_odd_arguments_are_refused_by_name(context, admin, path: str, field: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == 400 and field in answer.text


def test_a_month_far_away_is_an_empty_page(context, admin) -> None:
    assert admin.get("/rounds?month=9998-12").status_code == 200


def test_secrets_of_the_directory_are_on_no_page(context, admin, tmp_path: Path) -> None:
    secrets = [(context.directory / "keys" / name).read_text() for name in ("log.key", "token.key")]
    for path in ("/", "/evidence", "/agents", "/settings"):
        text = admin.get(path).text
        assert not [one for one in secrets if one in text]
    with context.read() as conn:
        hashes = conn.execute(sqlalchemy.text("SELECT hash FROM account")).scalars().all()
    assert not [one for one in hashes if one in admin.get("/settings").text]
