"""Whom an nginx passes requests on to, from its whole configuration as `nginx -T` prints it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_TOKEN = re.compile(
    r"\s+|\#[^\n]*|([;{}])"
    r'|"((?:[^"\\]|\\.)*)"'
    r"|'((?:[^'\\]|\\.)*)'"
    # A quote begins a word or is a part of it.
    r"""|((?:\$\{\w+\}|[^\s;{}"'\\]|\\.)(?:\$\{\w+\}|[^\s;{}\\]|\\.)*)""",
    re.DOTALL,
)
_PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
_PORTS = {"http": 80, "https": 443, "grpc": 80, "grpcs": 443}
_MOST_DEEP = 32


@dataclass(frozen=True, slots=True)
class Server:
    """`name`: as the configuration writes it. `state`: disabled (`down`), unchecked (a local socket), or
    empty: to be tried at `host`, `port`."""

    pool: str
    name: str
    host: str
    port: int
    state: str


def servers(text: str) -> tuple[Server, ...]:
    """Servers of all upstreams, then those passed to by address; ValueError where it is no configuration."""
    pools: dict[str, list[Server]] = {}
    direct: dict[str, Server] = {}
    for within, words in _directives(_words(text)):
        if words[0] == "upstream" and len(words) == 2:
            pools.setdefault(words[1], [])
        elif words[0] == "server" and len(words) > 1 and within[:1] == ("upstream",):
            pools.setdefault(within[1], []).append(_server(within[1], words[1], words[2:]))
        elif words[0] in _PASSES and len(words) == 2:
            one = _target(words[0], words[1])
            if one is not None:
                direct.setdefault(one.pool, one)
    named = [one for pool in pools.values() for one in pool]
    return (*named, *(one for name, one in direct.items() if name not in pools and one.host not in pools))


def _words(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"no configuration from its byte {at} on")
        at = found.end()
        word = next((one for one in found.groups() if one is not None), None)
        if word is not None:
            yield word


def _directives(words: Iterator[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """(the block it stands in as words, the directive as words); a block's own head comes before it."""
    blocks: list[tuple[str, ...]] = []
    held: list[str] = []
    for word in words:
        if word in (";", "{") and held:
            yield (blocks[-1] if blocks else ()), held
        if word == "{":
            blocks.append(tuple(held))
            if len(blocks) > _MOST_DEEP:
                raise ValueError("blocks within blocks without end")
        if word == "}":
            if not blocks or held:
                raise ValueError("a block ends that did not begin")
            blocks.pop()
        held = [*held, word] if word not in (";", "{", "}") else []
    if blocks or held:
        raise ValueError("it breaks off")


def _server(pool: str, written: str, options: Sequence[str]) -> Server:
    if written.startswith("unix:"):
        return Server(pool, written, "", 0, "disabled" if "down" in options else "unchecked")
    host, port = _place(written, 80)
    return Server(pool, written, host, port, "disabled" if "down" in options else "")


def _target(directive: str, written: str) -> Server | None:
    """Whom a directive passes to by address; None: a variable, or an upstream's name."""
    scheme, found, rest = written.partition("://")
    if "$" in written or written.startswith("unix:") or rest.startswith("unix:"):
        return None
    if directive in ("proxy_pass", "grpc_pass") and found:
        netloc = urlsplit(f"//{rest}").netloc
        host, port = _place(netloc, _PORTS.get(scheme, 80))
        return Server(netloc, netloc, host, port, "")
    if ":" not in written:
        return None
    host, port = _place(written, 80)
    return Server(written, written, host, port, "")


def _place(written: str, usual: int) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:/\s]+)(?::(\d{1,5}))?", written)
    if found is None or int(found[2] or usual) > 65535:
        raise ValueError(f"{written[:80]!r} is no server")
    return found[1].strip("[]"), int(found[2] or usual)
