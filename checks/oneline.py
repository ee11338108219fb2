"""A reason in one line, whatever a file's name or a foreign text in it holds."""

import re

# Controls of C0 and C1, and Unicode's separators of lines and paragraphs: a terminal obeys them.
OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    r"""The text with each control character written as Python writes it: \n, \t, \x1b."""
    return OBEYED.sub(lambda found: repr(found[0])[1:-1], text)
