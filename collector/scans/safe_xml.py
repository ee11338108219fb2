"""XML of strangers: no entities, no external documents, bounded size, depth and width."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import (
    Element,
    TreeBuilder,
)
from xml.parsers import expat

from collector.scans.model import MOST_BYTES, ScanError

_DEEPEST = 64
_MOST_ELEMENTS = 1_000_000


class _Refused(Exception):
    """Raised inside the parser."""


class _Guard:
    """Passes elements to the tree, and ends the reading at the first that no report has."""

    def __init__(self) -> None:
        self.tree = TreeBuilder()
        self.depth = self.elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > _DEEPEST or self.elements > _MOST_ELEMENTS:
            raise _Refused("nested too deep" if self.depth > _DEEPEST else "too many elements")
        self.tree.start(_bare(name), attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(_bare(name))


def _bare(name: str) -> str:
    return name.rpartition("}")[2]


def _refuse(what: str) -> Callable[..., Any]:
    def refuse(*_given: object) -> None:
        raise _Refused(what)

    return refuse


def read(data: bytes) -> Element:
    """The document's root, names without namespaces; ScanError for what is not well-formed or hostile."""
    if len(data) > MOST_BYTES:
        raise ScanError("too_large", f"more than {MOST_BYTES} bytes")
    parser = expat.ParserCreate(namespace_separator="}")
    guard = _Guard()
    parser.buffer_text = True
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = guard.tree.data
    # A declared entity is the beginning of every bomb and of every file that is read in secret.
    parser.EntityDeclHandler = _refuse("it declares an entity")
    parser.UnparsedEntityDeclHandler = _refuse("it declares an entity")
    parser.ExternalEntityRefHandler = _refuse("it asks for another document")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
        return guard.tree.close()
    except _Refused as error:
        raise ScanError("hostile", f"refused: {error}") from None
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise ScanError("garbled", f"no XML: {error}") from None


def text(element: Element | None, path: str, default: str = "") -> str:
    """Text at `path` below `element`, trimmed."""
    found = None if element is None else element.find(path)
    return default if found is None or found.text is None else found.text.strip()
