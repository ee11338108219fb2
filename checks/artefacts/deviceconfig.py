"""A network device's configuration as a kept text: whose it is, whether it is whole, what it says at heart.

Only digests leave this module: a configuration holds passwords and keys.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from checks.approved import mark
from checks.network import _configs

MOST = 32 << 20
# What a device or a terminal says instead of a configuration.
_ERRORS = re.compile(
    r"^\s*(?:%\s*(?:Invalid|Unknown|Ambiguous|Incomplete|Error|Authorization failed)|Error\s*:"
    r"|Unrecognized command|Command fail\b|.*--\s?\(?More\)?\s?--|.*<--- More --->|Permission denied)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Make:
    """How the texts of a family begin somewhere near their top, and end. `end` "" : no such word."""

    begin: re.Pattern[str]
    end: frozenset[str]


_HASHED = _Make(re.compile(r"^\s*(?:sysname \S|version \d|!Software Version)", re.M), frozenset({"return"}))
_INDENTED = _Make(
    re.compile(r"^(?:hostname \S|version \S|!?Current configuration)", re.M), frozenset({"end"})
)
MAKES: Mapping[str, _Make] = {
    "huawei_vrp": _HASHED,
    "hp_comware": _HASHED,
    "cisco_ios": _INDENTED,
    "ruijie_os": _INDENTED,
    "zte_zxros": _Make(
        re.compile(r"^(?:hostname \S|!<|version \S|sysname \S)", re.M), frozenset({"end", "!"})
    ),
    "fortinet": _Make(re.compile(r"^#config-version=", re.M), frozenset({"end"})),
    "juniper_junos": _Make(re.compile(r"^(?:## Last |version \S+;|system \{)", re.M), frozenset({"}"})),
}
# Lines that move while nobody changes anything, besides those that network.config leaves out.
_FLEETING = re.compile(
    r"^\s*(?:#(?:conf_file_ver|buildno|global_vdom|config-version)=|## Last (?:commit|changed)"
    r"|.{0,40}\buptime\b.*|clock (?:datetime|set)\b.*|\S+# ?show running-config.*|Last configuration.*)",
    re.IGNORECASE,
)
# Values that a device writes anew, salted, each time it is asked.
_SALTED = re.compile(
    r"\b((?:password\s+|secret\s+)?(?:irreversible-)?cipher|secret(?: \d)?|password(?: \d)?|ENC"
    r"|encrypted-password|hash)\s+(\S+)",
    re.IGNORECASE,
)
_BLOB = re.compile(r"^\s*(?:[0-9A-Fa-f]{8}\s+){2,}[0-9A-Fa-f]{1,8}\s*$|^\s*[A-Za-z0-9+/=]{60,}\s*$")


@dataclass(frozen=True, slots=True)
class Text:
    """What a text says. `platform`: whose it looks like ("" nobody's we know). `begins`, `ends`: with what
    such a text begins and ends. `errors`: lines that are a device's or a terminal's complaint. `mark`: of all
    configured lines, as network.config gives it for the running one (certificates by their number);
    `core`: without clocks, salts and certificates; `sections`: name -> mark of the same."""

    platform: str = ""
    begins: bool = False
    ends: bool = False
    lines: int = 0
    errors: int = 0
    mark: str = ""
    core: str = ""
    sections: Mapping[str, str] | None = None


def read(raw: bytes, platform: str) -> Text:
    """Look at a text; `platform` "" is found out."""
    text = _decoded(raw).replace("\r\n", "\n").replace("\r", "")
    family = platform or _whose(text)
    make = MAKES.get(family)
    if make is None:
        return Text(lines=len(text.splitlines()), errors=len(_ERRORS.findall(text)))
    hashed = make.end == frozenset({"return"})
    dialect = _configs.DIALECTS["huawei_vrp" if hashed else "cisco_ios"]
    core = "\n".join(_core(text))
    return Text(
        platform=family,
        begins=make.begin.search("\n".join(text.splitlines()[:40])) is not None,
        ends=_last(text) in make.end,
        lines=len(_configs.lines(text)),
        errors=len(_ERRORS.findall(text)),
        mark=mark(*_configs.settled(text)),
        core=sha256(core.encode("utf-8", "replace")).hexdigest(),
        sections=dict(sorted(_configs.marks(_configs.sections(core, dialect)).items())),
    )


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _whose(text: str) -> str:
    if text.lstrip().startswith("#config-version="):
        return "fortinet"
    if re.search(r"^\s*sysname \S", text, re.M):
        return "huawei_vrp"
    if re.search(r"^hostname \S", text, re.M) or text.startswith("Building configuration"):
        return "cisco_ios"
    return "juniper_junos" if re.search(r"^system \{", text, re.M) else ""


def _last(text: str) -> str:
    """The last line that is no comment, and no prompt behind it."""
    for line in reversed(text.split("\n")):
        word = line.strip()
        if word and not re.fullmatch(r"(?:<[^<>\s]{1,64}>|[^\s#>]{1,64}[#>])", word):
            return word
    return ""


def _core(text: str) -> list[str]:
    rows = (line for line in _configs.lines(text) if not _FLEETING.match(line) and not _BLOB.match(line))
    return [_SALTED.sub(r"\1 *", line) for line in rows]


def changes(now: Mapping[str, str], before: Mapping[str, str]) -> tuple[str, ...]:
    """Names of sections that are new, gone or different."""
    return tuple(sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name)))
