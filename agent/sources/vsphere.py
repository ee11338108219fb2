"""A vCenter's or ESXi's inventory over its web service (SOAP), with calls that only read.

Login, a view of the inventory, properties of what it holds (in pages), logout. The view belongs to our
session and ends with it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from agent.sources import steps_http
from agent.sources.net_connect import Clock, Failed
from agent.sources.net_tls import Untrusted
from agent.sources.steps_extract import clean
from checks.api import ErrorKind, ObservationError
from checks.protocols import Script, Step
from checks.vsphere import Datastore, Hypervisor, Machine, Vcenter

_MOST_BYTES = 32 << 20
_PAGE = 500
_MOST_PAGES = 40
_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
_NAME = re.compile(r"\{[^}]*\}")
_HOST = (
    "name",
    "overallStatus",
    "runtime.connectionState",
    "runtime.powerState",
    "runtime.inMaintenanceMode",
    "summary.hardware.cpuMhz",
    "summary.hardware.numCpuCores",
    "summary.hardware.memorySize",
    "summary.quickStats.overallCpuUsage",
    "summary.quickStats.overallMemoryUsage",
)
_VM = (
    "name",
    "overallStatus",
    "runtime.connectionState",
    "runtime.powerState",
    "guest.toolsRunningStatus",
    "snapshot",
    "summary.config.template",
)
_STORE = (
    "summary.name",
    "summary.accessible",
    "summary.capacity",
    "summary.freeSpace",
    "summary.uncommitted",
    "summary.maintenanceMode",
)
_KINDS = {
    "refused": ErrorKind.REFUSED,
    "reset": ErrorKind.REFUSED,
    "timeout": ErrorKind.TIMEOUT,
    "garbled": ErrorKind.GARBLED,
    "too_long": ErrorKind.GARBLED,
}
_Found = Mapping[str, ElementTree.Element]


def hypervisors(at: Vcenter, secret: Mapping[str, str]) -> Sequence[Hypervisor]:
    """All hosts, by name."""
    found = _asked(at, secret, "HostSystem", _HOST)
    return sorted(map(_hypervisor, found), key=lambda one: one.name)


def machines(at: Vcenter, secret: Mapping[str, str]) -> Sequence[Machine]:
    """All virtual machines but templates, by name."""
    found = _asked(at, secret, "VirtualMachine", _VM)
    kept = (one for one in found if _word(one, "summary.config.template") != "true")
    return sorted(map(_machine, kept), key=lambda one: one.name)


def datastores(at: Vcenter, secret: Mapping[str, str]) -> Sequence[Datastore]:
    """All datastores, by name."""
    found = _asked(at, secret, "Datastore", _STORE)
    return sorted(map(_datastore, found), key=lambda one: one.name)


class _Session:
    """One login."""

    def __init__(self, at: Vcenter) -> None:
        self._at = at
        self._script = Script(
            (Step(at.url),),
            verify=at.verify,
            ca=at.ca,
            max_redirects=0,
            max_bytes=_MOST_BYTES,
            timeout_ms=at.timeout_ms,
        )
        self._clock = Clock(at.timeout_ms)
        self._jar = steps_http.Jar()

    def call(self, name: str, this: tuple[str, str], body: str = "") -> ElementTree.Element:
        """The answer to one method of a managed object (type, id)."""
        kind, key = this
        text = (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
            f' xmlns:xsi="{_SCHEMA}"><e:Body><{name} xmlns="urn:vim25">'
            f'<_this type="{escape(kind)}">{escape(key)}</_this>{body}</{name}></e:Body></e:Envelope>'
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "urn:vim25/6.0"}
        request = steps_http.Request("POST", self._at.url, headers, text.encode())
        hop = steps_http.Hop()
        try:
            answer = steps_http.ask(request, self._script, self._jar, self._clock, hop)
        except Untrusted as failed:
            raise ObservationError(ErrorKind.DENIED, f"{self._at.url}: {failed.outcome}") from None
        except Failed as failed:
            kind_of = _KINDS.get(failed.outcome, ErrorKind.UNREACHABLE)
            raise ObservationError(kind_of, f"{self._at.url}: {failed.outcome}") from None
        return self._read(answer.text, hop.status)

    def _read(self, text: str, status: int | None) -> ElementTree.Element:
        place = self._at.url
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ObservationError(ErrorKind.GARBLED, f"{place}: declares entities")
        try:
            body = ElementTree.fromstring(text)  # noqa: S314 - bounded, and without entities of its own
        except ElementTree.ParseError:
            kind = ErrorKind.DENIED if status in (401, 403) else ErrorKind.GARBLED
            raise ObservationError(kind, f"{place}: answers {status}, no web service") from None
        fault = next((one for one in body.iter() if _local(one) == "Fault"), None)
        if fault is None:
            return body
        named = {_local(one) for one in fault.iter()}
        denied = named & {"InvalidLoginFault", "NoPermissionFault", "NotAuthenticatedFault"}
        said = clean(next((one.text or "" for one in fault.iter() if _local(one) == "faultstring"), ""))
        raise ObservationError(ErrorKind.DENIED if denied else ErrorKind.UNSUPPORTED, f"{place}: {said}")


def _asked(
    at: Vcenter, secret: Mapping[str, str], kind: str, properties: Sequence[str]
) -> list[dict[str, ElementTree.Element]]:
    session = _Session(at)
    content = session.call("RetrieveServiceContent", ("ServiceInstance", "ServiceInstance"))
    manager, view_manager, collector, root = (
        _reference(content, name)
        for name in ("sessionManager", "viewManager", "propertyCollector", "rootFolder")
    )
    login = f"<userName>{escape(secret['user'])}</userName><password>{escape(secret['password'])}</password>"
    session.call("Login", manager, login)
    try:
        made = session.call(
            "CreateContainerView",
            view_manager,
            f'<container type="{escape(root[0])}">{escape(root[1])}</container>'
            f"<type>{kind}</type><recursive>true</recursive>",
        )
        return list(_objects(session, collector, _reference(made, "returnval"), kind, properties))
    finally:
        _logged_out(session, manager)


def _logged_out(session: _Session, manager: tuple[str, str]) -> None:
    try:
        session.call("Logout", manager)
    except ObservationError:
        return  # the look has its own error, and the session ends by itself


def _objects(
    session: _Session, collector: tuple[str, str], view: tuple[str, str], kind: str, properties: Sequence[str]
) -> Iterator[dict[str, ElementTree.Element]]:
    paths = "".join(f"<pathSet>{one}</pathSet>" for one in properties)
    body = (
        f"<specSet><propSet><type>{kind}</type><all>false</all>{paths}</propSet>"
        f'<objectSet><obj type="{escape(view[0])}">{escape(view[1])}</obj><skip>true</skip>'
        '<selectSet xsi:type="TraversalSpec"><name>view</name><type>ContainerView</type><path>view</path>'
        f"<skip>false</skip></selectSet></objectSet></specSet><options><maxObjects>{_PAGE}</maxObjects></options>"
    )
    answer = session.call("RetrievePropertiesEx", collector, body)
    for _ in range(_MOST_PAGES):
        for one in answer.iter():
            if _local(one) == "objects":
                yield _properties(one)
        token = next((one.text for one in answer.iter() if _local(one) == "token" and one.text), "")
        if not token:
            return
        answer = session.call("ContinueRetrievePropertiesEx", collector, f"<token>{escape(token)}</token>")
    raise ObservationError(ErrorKind.UNSUPPORTED, f"more than {_PAGE * _MOST_PAGES} objects")


def _properties(found: ElementTree.Element) -> dict[str, ElementTree.Element]:
    made = {}
    for one in found:
        if _local(one) == "propSet":
            parts = {_local(part): part for part in one}
            if "name" in parts and "val" in parts:
                made[parts["name"].text or ""] = parts["val"]
    return made


def _local(one: ElementTree.Element) -> str:
    return _NAME.sub("", one.tag) if isinstance(one.tag, str) else ""


def _reference(answer: ElementTree.Element, name: str) -> tuple[str, str]:
    for one in answer.iter():
        if _local(one) == name and one.text and "type" in one.attrib:
            return one.attrib["type"], one.text
    raise ObservationError(ErrorKind.GARBLED, f"no {name} in the answer")


def _word(found: _Found, name: str) -> str:
    one = found.get(name)
    return clean(one.text or "") if one is not None else ""


def _whole(found: _Found, name: str) -> int | None:
    said = _word(found, name)
    return int(said) if re.fullmatch(r"-?\d{1,18}", said) else None


def _yes(found: _Found, name: str) -> bool | None:
    return {"true": True, "false": False}.get(_word(found, name))


def _hypervisor(found: _Found) -> Hypervisor:
    each, cores = _whole(found, "summary.hardware.cpuMhz"), _whole(found, "summary.hardware.numCpuCores")
    used = _whole(found, "summary.quickStats.overallMemoryUsage")
    return Hypervisor(
        name=_word(found, "name"),
        health=_word(found, "overallStatus"),
        connection=_word(found, "runtime.connectionState"),
        power=_word(found, "runtime.powerState"),
        maintenance=_yes(found, "runtime.inMaintenanceMode"),
        cpu_mhz=None if each is None or cores is None else each * cores,
        cpu_mhz_used=_whole(found, "summary.quickStats.overallCpuUsage"),
        memory=_whole(found, "summary.hardware.memorySize"),
        memory_used=None if used is None else used << 20,
    )


def _machine(found: _Found) -> Machine:
    snapshots = _snapshots(found.get("snapshot"))
    return Machine(
        name=_word(found, "name"),
        health=_word(found, "overallStatus"),
        connection=_word(found, "runtime.connectionState"),
        power=_word(found, "runtime.powerState"),
        tools=_word(found, "guest.toolsRunningStatus"),
        snapshots=len(snapshots),
        oldest_snapshot=min((one for one in snapshots if one is not None), default=None),
    )


def _snapshots(tree: ElementTree.Element | None) -> list[int | None]:
    """When each snapshot of the tree was made (UTC ms)."""
    if tree is None:
        return []
    return [_moment(one.text or "") for one in tree.iter() if _local(one) == "createTime"]


def _moment(said: str) -> int | None:
    try:
        found = datetime.fromisoformat(said.strip())
    except ValueError:
        return None
    return int(found.timestamp() * 1000) if found.tzinfo is not None else None


def _datastore(found: _Found) -> Datastore:
    return Datastore(
        name=_word(found, "summary.name"),
        accessible=_yes(found, "summary.accessible"),
        maintenance=_word(found, "summary.maintenanceMode"),
        capacity=_whole(found, "summary.capacity"),
        free=_whole(found, "summary.freeSpace"),
        uncommitted=_whole(found, "summary.uncommitted"),
    )
