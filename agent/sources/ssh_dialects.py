"""How families of devices are spoken to at their prompt: paging off, a higher level, refusals.

Only commands that last as long as the session: nothing of the configuration is changed.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """`paging`: commands that switch it off for this session; `enable`: enters the higher level."""

    paging: tuple[str, ...] = ()
    enable: str = ""


_CISCO = Dialect(("terminal length 0", "terminal width 511"), "enable")
DIALECTS = {
    "huawei_vrp": Dialect(("screen-length 0 temporary",), "super"),
    "hp_comware": Dialect(("screen-length disable",), "super"),
    "ruijie_os": _CISCO,
    "zte_zxros": Dialect(("terminal length 0",), "enable"),
    "cisco_ios": _CISCO,
    "cisco_nxos": Dialect(("terminal length 0", "terminal width 511")),
    "cisco_asa": Dialect(("terminal pager 0",), "enable"),
    "arista_eos": _CISCO,
    "juniper_junos": Dialect(("set cli screen-length 0",)),
    "frr": Dialect(("terminal length 0", "no terminal paginate"), "enable"),
    # Its paging is part of the configuration: it is paged through.
    "fortinet": Dialect(),
}
_NONE = Dialect()

MORE = re.compile(
    r"(?:--\s*\(?more\b[^\n]{0,80}|<-{2,}\s*more\s*-{2,}>|press (?:any key|space)[^\n]{0,60}|"
    r"\bto continue[^\n]{0,40}\bquit\b[^\n]{0,20}|^:$|\(END\))\s*$",
    re.IGNORECASE,
)
_LAST_PAGE = "(END)"  # a pager that waits there (less, more) is left; a blank would turn no page
PASSWORD = re.compile(r"(?:password|passcode|口令|密码)[^\n]{0,30}[:：]\s*$", re.IGNORECASE)
USER = re.compile(r"(?:user ?name|login|用户名)\s*[:：]\s*$", re.IGNORECASE)
# Change the password now? Save? Never.
QUESTION = re.compile(r"(?:\[y/n\]|\(y/n\)|\[yes/no\]|\(yes/no\))[^\n]{0,12}$", re.IGNORECASE)
PROMPT = re.compile(r"^(?:<[^<>\s]{1,64}>|\[[^\[\]\n]{1,80}\]|[^\s<>#$%][^<>#$%\n]{0,80}[>#$%])\s*$")

_UNKNOWN = re.compile(
    r"^\s*(?:(?:error\s*:\s*)?%\s*(?:invalid|unknown|unrecognized|ambiguous|incomplete)|"
    r"(?:error|%\s*error)\s*:?\s*(?:unrecognized|wrong|too many|incomplete|ambiguous)|"
    r"%\s*(?:unrecognized|wrong|too many|incomplete|ambiguous)|"
    r"command fail\.|unknown action|command parse error|syntax error|unknown command)",
    re.IGNORECASE | re.MULTILINE,
)
_NO_RIGHT = re.compile(
    r"^\s*(?:%\s*)?(?:error\s*:\s*)?(?:[^\n]{0,40}(?:permission denied|authorization failed|not authorized|"
    r"(?:do|does) not have (?:the )?(?:permission|right)))",
    re.IGNORECASE | re.MULTILINE,
)
_MARK = 600  # a refusal is all that a device says


def of(platform: str) -> Dialect:
    """The dialect of a platform; one without any command where it is not known."""
    return DIALECTS.get(platform, _NONE)


def turned(last: str) -> str:
    """What to press at the foot of a page."""
    return "q" if last.endswith(_LAST_PAGE) else " "


def trouble(text: str) -> str:
    """`unknown_command`, `no_right`, or nothing."""
    if len(text) > _MARK:
        return ""
    if _NO_RIGHT.search(text):
        return "no_right"
    return "unknown_command" if _UNKNOWN.search(text) else ""
