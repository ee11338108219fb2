"""What a terminal would show: bytes of commands and devices as text.

UTF-8 where it is, else GB 18030 (which holds GBK and GB 2312), else UTF-8 with marks for what is not.
Control sequences are carried out as far as they change a line (cursor left, erase, return, backspace:
that is how a pager wipes its prompt), everything else of them is dropped.
"""

import re

_CONTROL = re.compile(
    r"\x1b\[([0-9;?]*)([@-~])"  # CSI: parameters, final
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles
    r"|\x1b[()*+#][0-9A-Za-z]"  # character sets
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f]"
)
_WIDEST = 512  # as wide as the terminal that is asked for


def decode(data: bytes) -> str:
    """Text of an output."""
    for name in ("utf-8", "gb18030"):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def whole_lines(data: bytes) -> bytes:
    """Without a last line that was cut."""
    return data[: data.rfind(b"\n") + 1]


def clean(text: str) -> str:
    """Lines as a terminal would show them, without blanks at their ends."""
    return "\n".join(_line(one) for one in text.replace("\r\n", "\n").split("\n"))


def _line(line: str) -> str:
    if not _CONTROL.search(line):
        return line.rstrip()
    shown: list[str] = []
    at = done = 0
    for found in _CONTROL.finditer(line):
        at = _put(shown, at, line[done : found.start()])
        done = found.end()
        at = _control(shown, at, found)
    _put(shown, at, line[done:])
    return "".join(shown).rstrip()


def _put(shown: list[str], at: int, text: str) -> int:
    """Write over what stands there."""
    shown.extend(" " * (at - len(shown)))
    shown[at : at + len(text)] = text
    return at + len(text)


def _control(shown: list[str], at: int, found: re.Match[str]) -> int:
    """Carry it out; the column after it."""
    text, final = found[0], found[2]
    if text == "\r":
        return 0
    if text == "\b":
        return max(at - 1, 0)
    if final == "K":
        _erase(shown, at, found[1])
        return at
    amount = min(int(found[1] or 1), _WIDEST) if final and (found[1] or "1").isdigit() else 1
    moves = {"D": max(at - amount, 0), "C": min(at + amount, _WIDEST), "G": max(amount - 1, 0)}
    return moves.get(final or "", at)


def _erase(shown: list[str], at: int, mode: str) -> None:
    if mode in ("", "0"):
        del shown[at:]
    elif mode == "2":
        shown[:] = " " * len(shown)
    else:
        shown[: at + 1] = " " * min(at + 1, len(shown))
