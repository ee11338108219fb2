"""From recorded bytes to the plain text of one output: decoding, escapes, paging, prompts."""

import re

from agent.parsing.errors import ParseError

MAX_BYTES = 8 << 20
# CSI and OSC sequences, and the two-byte ones.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[@-Z\\-_=>])")
# Each run of blanks or dashes is begun with once: a line of nothing else would hold up all
# looks at other machines for minutes.
_PAGER = re.compile(
    r"(?<![ \t])[ \t]*(?:(?<!-)-{2,}[ ]*[Mm]ore[ ]*(?:\([^)\n]{0,80}\))?[ ]*-{2,}|<-+[ ]*[Mm]ore[ ]*-+>"
    r"|(?<!-)-{2,}[ ]*\(?(?:More|MORE)[^\n-]{0,80}\)?-{2,}|(?<![-=])[-=]+ ?Press any key[^\n]*)[ ]*"
)
_MOST_PAGES = 100  # prompts on one line
# What follows a page break on the wire: the pager's text is rubbed out.
_RUBBED = re.compile(r"(?:\x08+[ ]*)+\x08*")
_BAD = re.compile("[\x00-\x06\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_REFUSED = re.compile(
    r"^\s*(?:%\s*(?:Invalid|Incomplete|Ambiguous|Unknown|Unrecognized|Authorization|Bad|Command)|"
    r"%.*(?:not authorized|permission)|"
    r"Error:\s*(?:Unrecognized|Incomplete|Wrong|Ambiguous|Too many|You do not have|The command)|"
    r"Error:\s*(?:No )?[Pp]ermission|Permission denied|Command fail\.|command parse error|Unknown action|"
    r"(?:[%^]\s*)?Unrecognized command|Line has invalid autocommand)",
    re.IGNORECASE,
)
# `<HUAWEI>`, `[~HUAWEI-diagnose]`, `Switch#`, `RP/0/RSP0/CPU0:router#`, `FGT (global) #`; then the echo.
_PROMPT = re.compile(
    r"^(?:<[^<>\s]{1,64}>|\[[~*]?[^\[\]\s]{1,64}\]"
    r"|[\w./:@-]{1,64}(?:\([\w. -]{1,40}\))?(?: \([\w.-]+\))? ?[#$>])[ ]?(.*)$"
)
_ECHO = re.compile(r"(?:di|dis|disp|displ|displa|display|sh|sho|show|get|diagnose|execute)\b", re.IGNORECASE)


def decode(raw: bytes) -> str:
    """UTF-8, else GB18030 (what Chinese consoles send); ParseError `garbled` where it is neither."""
    if len(raw) > MAX_BYTES:
        raise ParseError("too_big", f"more than {MAX_BYTES} bytes")
    for coding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise ParseError("garbled", "neither UTF-8 nor GB18030")


def plain(text: str) -> str:
    """The lines of one output without escapes, pager prompts, echo and device prompts; what is plain stays
    as it is.

    ParseError `cut` where the last line is a pager's prompt, `refused` where the device refused the
    command, `garbled` where control characters remain, `empty` where nothing does.
    """
    lines = _unpaged(_ANSI.sub("", text).replace("\r\n", "\n"))
    lines = _unprompted(lines)
    for number, line in enumerate(lines, 1):
        if _BAD.search(line):
            raise ParseError("garbled", "control characters", line=line, number=number)
        if _REFUSED.match(line):
            raise ParseError("refused", "the device refused the command", line=line, number=number)
    if not any(line.strip() for line in lines):
        raise ParseError("empty", "nothing in it")
    return "\n".join(lines) + "\n"


def _unpaged(text: str) -> list[str]:
    lines = []
    pieces = text.split("\n")
    last = max((at for at, piece in enumerate(pieces) if piece.strip()), default=0)
    for at, piece in enumerate(pieces):
        line, pager = _without_pager(piece)
        if pager and at == last and not line.strip():
            raise ParseError("cut", "ends at the pager's prompt", line=piece.strip("\r\b "), number=at + 1)
        if line.strip() or not pager:
            lines.append(line)
    return lines


def _without_pager(line: str) -> tuple[str, bool]:
    for pages in range(_MOST_PAGES):
        found = _PAGER.search(line)
        if found is None or (line[: found.start()].strip() and "\r" not in line and "\b" not in line):
            # A line that only talks of "--More--" is the device's own text.
            return _RUBBED.sub("", line).rstrip("\r").rpartition("\r")[2], pages > 0
        rest = _RUBBED.sub("", line[found.end() :]).strip("\r").rpartition("\r")[2]
        # What rubs the prompt out is blanks as wide as the prompt; a line's own indent stands after them.
        line = ("" if "\b" in line else line[: found.start()].rpartition("\r")[2]) + rest
    raise ParseError("garbled", f"more than {_MOST_PAGES} prompts of a pager on one line", line=line)


def _unprompted(lines: list[str]) -> list[str]:
    end = len(lines)
    # Behind an output there may be several prompts: somebody pressed Enter, or left a mode.
    while end and (not lines[end - 1].strip() or (end > 1 and _is_prompt(lines[end - 1]))):
        end -= 1
    return lines[_echo(lines, end) : end]


def _is_prompt(line: str) -> bool:
    found = _PROMPT.match(line.strip())
    return found is not None and not found[1]


def _echo(lines: list[str], end: int) -> int:
    """Where the output begins: behind the echo of its command. What is before belongs to another one."""
    begin = at = 0
    while at < min(begin + 5, end):
        found = _PROMPT.match(lines[at].strip())
        at += 1
        if found and _ECHO.match(found[1]):
            begin = at
    return begin
