"""Docs that are made from the code are current; what the documents name is there."""

import re
from pathlib import Path

from parts import loaded

from checks import registry

ROOT = Path(__file__).resolve().parents[2]


def maker():
    return loaded("../deploy/docs/check_pages.py")


def test_the_reference_of_the_checks_is_what_the_checks_declare():
    assert (ROOT / "docs/checks.md").read_text(encoding="utf-8") == maker().text()


def test_every_check_has_a_page():
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    assert [check_id for check_id in registry.ids() if f"## {check_id}:" not in page] == []


def test_everything_the_documents_link_to_is_there():
    gone = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            if not (document.parent / target).exists():
                gone.append(f"{document.relative_to(ROOT)}: {target}")
    assert gone == []


def test_both_readmes_show_the_same_commands():
    code = [
        re.findall(
            r"^\s*((?:make|\.venv/bin)[^#\n]*?)\s*(?:#.*)?$", (ROOT / name).read_text(encoding="utf-8"), re.M
        )
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert code[0] == code[1]
    assert code[0]
