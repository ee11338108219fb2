"""A system that is up again for too short a time to count as recovered: pages and documents say so."""

import re
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest
from parts import loaded

from collector.jobs import derive
from collector.reports.documents import draft
from collector.reports.material import Material
from collector.reports.material_found import found_in, span_of
from collector.web.app import create_app

judged_site = loaded("web/judged_site.py")
worksite = judged_site.worksite

SLOT = worksite.at("2026-11-21", "14:00")
GOOD = SLOT + int.from_bytes(sha256(f"web-01portal-db{SLOT}".encode()).digest()[:4], "big") % (
    15 * worksite.MINUTE
)  # the first look after the outage, as the worksite takes it
STEADY = re.compile("已恢复可用 1分 2[45]秒，满 2分 算恢复")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Its database was away for two hours, and answered again 85 seconds ago."""
    kept = worksite.NOW, worksite.OUTAGES
    worksite.NOW = GOOD + 84_000
    worksite.OUTAGES = {"portal-db": [(SLOT - 2 * worksite.HOUR, GOOD - 1, "timeout")]}
    try:
        with judged_site.site(tmp_path_factory.mktemp("again") / "collector", days=1) as made:
            made.hands.ms += 1000
            derive.catch_up(made.context)
            yield made
    finally:
        worksite.NOW, worksite.OUTAGES = kept


@pytest.fixture(scope="module")
def material(site) -> Material:
    span = span_of(site.context, "2026-11")
    return Material(site.context, span, found_in(site.context, span))


@pytest.fixture(scope="module")
def visit(site) -> Callable[[str], str]:
    client = create_app(site.context, site.publisher).test_client()
    token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "name": "admin", "password": worksite.PASSWORD}
    assert client.post("/login", data=form).status_code == 302
    return lambda path: str(client.get(path).text)


def test_pages_say_how_long_it_is_up_and_how_long_it_must_be(visit, material: Material) -> None:
    (fault,) = material.found.faults.faults
    assert fault.to_ms is None and fault.system == "portal"
    for path in ("/systems/portal", "/faults", f"/faults/{fault.id}"):
        said = re.findall("已恢复可用[^<]*", visit(path))
        assert len(said) == 1 and STEADY.fullmatch(said[0]), path


def test_a_system_that_is_down_or_was_never_down_is_not_up_again(visit) -> None:
    assert "已恢复可用" not in visit("/systems/mail") and visit("/systems/mail").count("<dt>观测次数") == 1


def test_documents_say_that_the_time_of_what_is_not_restored_is_provisional(material: Material) -> None:
    (fault,) = material.found.faults.faults
    mine = Material(material.context, material.span, material.found, fault.id)
    nine = {row[0]: row[1] for row in draft("fault", mine, "zh").tables[0].rows}
    assert nine["修复时间"] == "尚未恢复" and "历时为暂计" in nine["持续时间"]
    tables = {one.name: one for one in draft("self-assessment", material, "zh").tables}
    summed = dict(tables["doc-summary"].rows)["故障"]
    assert summed.startswith("本期发生 1 起，合计历时") and "尚未恢复 1 起 (历时为暂计" in summed
    assert "历时为暂计" in tables["doc-fault-sum"].title
