"""Both languages say everything, and nothing is said that nobody asks for."""

import ast
import re
import string
from pathlib import Path

import pytest

from collector.web.catalogue import TEXTS
from collector.web.charts import GROUPS
from collector.web.i18n import translate
from collector.web.pages import MENU
from collector.web.pages.base import ROUTES  # noqa: F401 - every page module is imported by its package
from collector.words import codes

WEB = Path(translate.__code__.co_filename).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
MODULES = sorted((WEB / "pages").glob("*.py"))
# Keys put together while running: "prefix." followed by one of these.
MADE = re.compile(r"""t\(\s*(?:f?["'])([a-z_.]+\.)(?:\{|["']\s*~)""")
WHOLE = re.compile(r"""\bt\(\s*["']([a-z0-9_.-]+)["']\s*[,)]""")
COLUMN = re.compile(r"""Column\(\s*f?"([a-z_.]+)""")


def sources() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (*TEMPLATES, *MODULES)]


def asked() -> set[str]:
    """Keys asked for as a whole."""
    found: set[str] = set()
    for text in sources():
        found |= set(WHOLE.findall(text))
        found |= {f"col.{key}" for key in COLUMN.findall(text) if not key.endswith(".")}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in TEXTS:
                found.add(node.value)
    found |= {
        text for source in sources() for text in re.findall(r"""["']([a-z]+\.[a-z0-9_.-]+)["']""", source)
    } & set(TEXTS)
    return found | {f"nav.{key}" for _, _, key in MENU} | {f"col.class.{group}" for group in GROUPS}


def prefixes() -> set[str]:
    return {prefix for text in sources() for prefix in MADE.findall(text)}


def test_every_key_that_a_page_asks_for_has_a_text() -> None:
    assert sorted(asked() - set(TEXTS)) == []


def test_no_text_is_idle() -> None:
    # Texts of records are asked for by the reports.
    made = prefixes() | {"error.", "account.", "col.", "record.", "backup.", "judging.", "doc."}
    known = asked()
    idle = [key for key in TEXTS if key not in known and not any(key.startswith(one) for one in made)]
    assert idle == []


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_have_the_text_with_the_same_fields(key: str) -> None:
    chinese, english = TEXTS[key]
    assert chinese.strip() and english.strip()
    fields = [
        sorted(name for _, name, _, _ in string.Formatter().parse(one) if name) for one in (chinese, english)
    ]
    assert fields[0] == fields[1]
    if key not in ("language.other",):
        assert not re.search(r"[\u4e00-\u9fff]", english), "Chinese in the English text"


@pytest.mark.parametrize("name", ["STATES", "CLASSES", "KINDS", "READINGS", "REASONS", "OTHER"])
def test_words_of_evidence_are_complete_in_both_languages(name: str) -> None:
    for code, (chinese, english) in getattr(codes, name).items():
        assert chinese.strip() and english.strip(), code
        assert not re.search(r"[\u4e00-\u9fff]", english), code


def test_templates_hold_no_text_of_their_own() -> None:
    for path in TEMPLATES:
        assert not re.search(r"[\u4e00-\u9fff]", path.read_text(encoding="utf-8")), path.name
