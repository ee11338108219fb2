"""A syslog message: RFC 5424, RFC 3164, or what devices send instead; its severity and a line of its text."""

import re

MOST_BYTES = 8192
_PRIORITY = re.compile(rb"<(\d{1,3})>")
# After the priority: version, time, host, application, process, message id, structured data.
_NEW = re.compile(r"1 \S+ (\S+) (\S+) \S+ \S+ (?:-|(?:\[[^\]]*\])+) ?(.*)", re.DOTALL)
_OLD = re.compile(r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?(.*)", re.DOTALL)
NO_PRIORITY = "5"  # notice: RFC 3164 section 4.3.3


def parse(message: bytes) -> tuple[str, str]:
    """(severity `0` to `7`, text); ValueError where it is no message at all."""
    message = message[:MOST_BYTES].rstrip(b"\r\n\0 ")
    found = _PRIORITY.match(message)
    if found is None:
        # A relay would put its own priority before it; bytes that are no text are no message.
        if not message or b"\0" in message:
            raise ValueError("no message")
        return NO_PRIORITY, _text(message)
    priority = int(found[1])
    if priority > 191:
        raise ValueError("no such priority")
    text = _text(message[found.end() :])
    new = _NEW.fullmatch(text)
    body = new[3] if new else (_OLD.fullmatch(text) or [text, text])[1]
    return str(priority & 7), body.removeprefix("\ufeff")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def frames(held: bytes) -> tuple[list[bytes], bytes]:
    """Whole messages of a TCP stream (RFC 6587: counted, or a line each), and what is left.

    ValueError where a message is longer than anybody's.
    """
    found: list[bytes] = []
    while held:
        counted = re.match(rb"(\d{1,6}) ", held)
        if counted and not held.startswith(b"<"):
            size, begin = int(counted[1]), counted.end()
            if size > MOST_BYTES * 8:
                raise ValueError("a message too long")
            if len(held) < begin + size:
                break
            found.append(held[begin : begin + size])
            held = held[begin + size :]
            continue
        line, newline, rest = held.partition(b"\n")
        if not newline:
            break
        if line.strip():
            found.append(line)
        held = rest
    if len(held) > MOST_BYTES * 9:
        raise ValueError("a message without end")
    return found, held
