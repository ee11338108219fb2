"""Scripted HTTP and small clients of other protocols; each is loaded when it is first asked for."""

from collections.abc import Mapping, Sequence

from agent.sources.means import Means
from checks import protocols as p
from checks import vsphere as v


class _Protocols:
    def __init__(self, means: Means) -> None:
        self._means = means

    def run(self, script: p.Script) -> tuple[p.StepSeen, ...]:
        from agent.sources import steps

        return steps.run(script, self._parts(script.secret))

    def smtp(self, end: p.Endpoint) -> p.MailSeen:
        from agent.sources import protocols_mail

        return protocols_mail.smtp(end, self._parts(end.secret))

    def imap(self, end: p.Endpoint) -> p.MailSeen:
        from agent.sources import protocols_mail

        return protocols_mail.imap(end, self._parts(end.secret))

    def ldap(self, end: p.Endpoint, base: str) -> p.DirectorySeen:
        from agent.sources import protocols_ldap

        return protocols_ldap.search(end, base, self._parts(end.secret))

    def websocket(self, url: str, *, verify: bool, ca: str, timeout_ms: int) -> p.SocketSeen:
        from agent.sources import protocols_websocket

        return protocols_websocket.greet(url, verify, ca, timeout_ms)

    def smpp(self, end: p.Endpoint) -> p.GatewaySeen:
        from agent.sources import protocols_smpp

        return protocols_smpp.bind(end, self._parts(end.secret))

    def sip(self, end: p.Endpoint, *, udp: bool) -> p.SipSeen:
        from agent.sources import protocols_sip

        return protocols_sip.options(end, udp)

    def modbus(self, end: p.Endpoint, unit: int, registers: Mapping[str, p.Register]) -> p.RegistersSeen:
        from agent.sources import protocols_modbus

        return protocols_modbus.read(end, unit, registers)

    def nut(self, end: p.Endpoint, ups: str) -> p.UpsSeen:
        from agent.sources import protocols_nut

        return protocols_nut.variables(end, ups)

    def rtsp(self, url: str, *, secret: str, seconds: int, timeout_ms: int) -> p.StreamSeen:
        from agent.sources import protocols_rtsp

        return protocols_rtsp.play(url, self._parts(secret), seconds, timeout_ms)

    def onvif(self, url: str, *, secret: str, verify: bool, ca: str, timeout_ms: int) -> p.DeviceSeen:
        from agent.sources import protocols_onvif

        script = p.Script((p.Step(url),), verify=verify, ca=ca, timeout_ms=timeout_ms)
        return protocols_onvif.device(url, self._parts(secret), script)

    def hypervisors(self, at: v.Vcenter) -> Sequence[v.Hypervisor]:
        from agent.sources import vsphere

        return vsphere.hypervisors(at, self._means.secret(at.secret))

    def machines(self, at: v.Vcenter) -> Sequence[v.Machine]:
        from agent.sources import vsphere

        return vsphere.machines(at, self._means.secret(at.secret))

    def datastores(self, at: v.Vcenter) -> Sequence[v.Datastore]:
        from agent.sources import vsphere

        return vsphere.datastores(at, self._means.secret(at.secret))

    def _parts(self, name: str) -> Mapping[str, str]:
        return dict(self._means.secret(name)) if name else {}


def open_protocols(means: Means) -> _Protocols:
    """The protocols that this agent speaks. Nothing is held open; may be shared between threads."""
    return _Protocols(means)
