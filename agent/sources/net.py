"""The network as seen from this host. Each kind of probe is loaded when it is first used."""

from agent.sources.net_connect import Clock, Failed, open_tcp
from checks.probes import Connection, DnsAnswer, DnsAsk, Echoes, HttpAnswer, HttpAsk, Net, TlsAsk, TlsHello
from checks.sources import ClockOffset


class _Network:
    def ping(self, host: str, *, count: int, gap_ms: int, timeout_ms: int) -> Echoes:
        from agent.sources import net_icmp

        return net_icmp.ping(host, count, gap_ms, timeout_ms)

    def tcp(self, host: str, port: int, *, timeout_ms: int) -> Connection:
        try:
            opened = open_tcp(host, port, Clock(timeout_ms))
        except Failed as failed:
            return Connection(failed.outcome, failed.address, None, None)
        opened.sock.close()
        return Connection("connected", opened.address, opened.resolve_us, opened.connect_us)

    def http(self, ask: HttpAsk) -> HttpAnswer:
        from agent.sources import net_http

        return net_http.ask(ask)

    def tls(self, ask: TlsAsk) -> TlsHello:
        from agent.sources import net_tls

        return net_tls.greet(ask)

    def dns(self, ask: DnsAsk) -> DnsAnswer:
        from agent.sources import net_dns

        return net_dns.ask(ask)

    def time_server(self, host: str, port: int, *, timeout_ms: int) -> ClockOffset:
        from agent.sources import host_clock

        name = f"[{host}]" if ":" in host else host
        return host_clock.clock_offset(f"{name}:{port}", timeout_ms)


def open_net() -> Net:
    """The network source of this host. It holds nothing open and may be shared between threads."""
    return _Network()
