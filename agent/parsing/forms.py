"""Which forms of output are known: platforms, commands, and the template files of each."""

from functools import cache
from pathlib import Path

from agent.parsing.errors import ParseError

ROOT = Path(__file__).parent / "templates"

# Names people and estates use for what the template folders call otherwise.
_PLATFORMS = {
    "huawei": "huawei_vrp",
    "vrp": "huawei_vrp",
    "huawei_vrpv8": "huawei_vrp",
    "h3c": "hp_comware",
    "h3c_comware": "hp_comware",
    "comware": "hp_comware",
    "ruijie": "ruijie_os",
    "zte": "zte_zxros",
    "cisco": "cisco_ios",
    "ios": "cisco_ios",
    "cisco_xe": "cisco_ios",
    "nxos": "cisco_nxos",
    "xr": "cisco_xr",
    "fortigate": "fortinet",
    "fortios": "fortinet",
}

# Outputs that several templates read together, row by row, aligned by their Key values.
TOGETHER = {
    ("cisco_ios", "show module"): (
        "show_module",
        "show_module_status",
        "show_module_submodule",
        "show_module_online_diag",
    ),
    ("cisco_ios", "show switch detail"): ("show_switch_detail", "show_switch_detail_stack_ports"),
    ("huawei_vrp", "display vlan"): ("display_vlan", "display_vlan_brief"),
}

# The same output under another command line.
_SAME = {
    ("cisco_ios", "show switch"): "show switch detail",
    ("cisco_ios", "show interface"): "show interfaces",
    ("cisco_ios", "show logs"): "show logging",
    ("cisco_ios", "show power"): "show power available",
    ("huawei_vrp", "display cpu"): "display cpu-usage",
    ("huawei_vrp", "display memory"): "display memory-usage",
    ("huawei_vrp", "display temperature all"): "display temperature",
    ("huawei_vrp", "display vrrp verbose"): "display vrrp",
    ("huawei_vrp", "display snmp-agent community write"): "display snmp-agent community read",
    ("huawei_vrp", "display bgp peer verbose"): "display bgp peer",
    ("huawei_vrp", "display ntp-service status"): "display ntp status",
    ("hp_comware", "display ntp status"): "display ntp-service status",
    ("ruijie_os", "show cpu-usage"): "show cpu",
    ("ruijie_os", "show interface status"): "show interfaces status",
    ("zte_zxros", "show temperature"): "show card-temperature",
}


def platform(name: str) -> str:
    """The folder name of a platform; ParseError `unknown_platform`."""
    found = _PLATFORMS.get(name.strip().lower().replace("-", "_").replace(" ", "_"), name.strip().lower())
    if found not in platforms():
        raise ParseError("unknown_platform", f"{name!r} is none of {', '.join(platforms())}")
    return found


@cache
def platforms() -> tuple[str, ...]:
    """Folder names of all platforms, sorted."""
    return tuple(sorted({path.name for path in ROOT.glob("*/*") if path.is_dir() and path.name[0] != "_"}))


@cache
def commands(name: str) -> tuple[str, ...]:
    """Commands of a platform whose output can be read, sorted."""
    files = {path.stem.partition("+")[0] for path in ROOT.glob(f"*/{name}/*.textfsm")}
    joined = {one for (of, _), all_of in TOGETHER.items() if of == name for one in all_of[1:]}
    return tuple(sorted(one.replace("_", " ") for one in files - joined))


def command(name: str, typed: str) -> str:
    """The command meant by what was typed, abbreviated or not; ParseError `unknown_command`."""
    words = typed.lower().split()
    plainly = _SAME.get((name, " ".join(words)), " ".join(words))
    known = {one.lower(): one for one in commands(name)}
    if plainly in known:
        return known[plainly]
    meant = [
        one
        for low, one in known.items()
        if len(parts := low.split()) == len(words)
        and all(part.startswith(word) for part, word in zip(parts, words, strict=True))
    ]
    if words and len(meant) == 1:
        return meant[0]
    from difflib import get_close_matches

    near = meant or get_close_matches(plainly, list(known), 3, 0.5)
    more = f"; it may be one of: {', '.join(near)}" if near else ""
    raise ParseError("unknown_command", f"{typed!r} of {name} has no known form{more}")


@cache
def variants(name: str, meant: str) -> tuple[tuple[Path, ...], ...]:
    """The forms this output comes in; several files of one form are read together.

    `own/P/C.textfsm`, `own/P/C+x.textfsm` (further layouts) and `ntc/P/C.textfsm`.
    """
    stem = meant.replace(" ", "_")
    together = TOGETHER.get((name, meant))
    if together is not None:
        found = [tuple(ROOT / "ntc" / name / f"{one}.textfsm" for one in together)]
    else:
        found = [(path,) for path in ROOT.glob(f"ntc/{name}/{stem}.textfsm")]
    own = sorted(path for path in ROOT.glob(f"own/{name}/*.textfsm") if path.stem.partition("+")[0] == stem)
    return tuple([*found, *((path,) for path in own)])
