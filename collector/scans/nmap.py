"""Reports of nmap: its XML. An open port is a finding for information; a script may find more."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from xml.etree.ElementTree import Element

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, Severity, short

_OUTPUT = re.compile(r"(?<=\s)-o[XNGSA]\s+\S+\s*")
_VULNERABLE = ("VULNERABLE", "LIKELY VULNERABLE", "VULNERABLE (Exploitable)")


def read(root: Element, _zone: tzinfo) -> Scan:
    """The scan in an nmaprun document."""
    hosts = [host for host in root.iterfind("host") if _attribute(host, "status", "state") == "up"]
    findings = tuple(one for host in hosts for one in _findings(host))
    finished = root.find("runstats/finished")
    whole = finished is not None and finished.get("exit", "success") == "success"
    return Scan(
        tool="nmap",
        version=short(root.get("version")),
        scope=_scope(root.get("args", "")),
        examined=tuple(_address(host) for host in hosts if _looked(host)),
        begun=times.epoch(root.get("start")),
        ended=None if finished is None else times.epoch(finished.get("time")),
        findings=findings,
        complete=whole,
        settings="; ".join(
            f"{one.get('type')} {one.get('protocol')} {one.get('numservices')}"
            for one in root.iterfind("scaninfo")
        ),
    )


def _scope(arguments: str) -> tuple[str, ...]:
    """The command without the names of its output files: those differ from day to day."""
    asked = short(_OUTPUT.sub("", arguments))
    return (asked,) if asked else ()


def _attribute(element: Element, path: str, name: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get(name, "")


def _looked(host: Element) -> bool:
    """Whether any port was tried: a host that only answered a ping was not examined."""
    return host.find("ports/port") is not None or host.find("ports/extraports") is not None


def _address(host: Element) -> str:
    found = {one.get("addrtype"): one.get("addr", "") for one in host.iterfind("address")}
    return short(found.get("ipv4") or found.get("ipv6") or next(iter(found.values()), ""))


def _findings(host: Element) -> Iterator[Finding]:
    address = _address(host)
    for port in host.iterfind("ports/port"):
        if _attribute(port, "state", "state") != "open":
            continue
        place = short(f"{port.get('portid')}/{port.get('protocol')}")
        service = _attribute(port, "service", "name")
        title = short(f"open port: {service}" if service else "open port")
        yield Finding("open-port", address, place, title, Severity.INFO)
        for script in port.iterfind("script"):
            yield from _script(script, address, place)
    for script in host.iterfind("hostscript/script"):
        yield from _script(script, address, "")


def _script(script: Element, address: str, place: str) -> Iterator[Finding]:
    """What the scripts `vulners` and those of nmap's vulns library found."""
    name = short(script.get("id"))
    for table in script.iter("table"):
        says = {one.get("key"): (one.text or "").strip() for one in table.iterfind("elem")}
        if says.get("cvss") and says.get("id"):
            grade = severity.cvss(says["cvss"])
            yield Finding(short(says["id"]), address, place, short(f"{name}: {says['id']}"), grade)
        elif says.get("state") in _VULNERABLE:
            identity = short(table.get("key")) or name
            # The library's risk factor is a word that not every script gives.
            yield Finding(
                identity,
                address,
                place,
                short(says.get("title", name)),
                severity.word(says.get("risk_factor")),
            )
