"""One question to one name server: over UDP, and over TCP when the answer does not fit."""

import socket
from pathlib import Path
from time import perf_counter_ns

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename

from agent.sources.net_connect import Clock, Failed, addresses, no_route, open_tcp, outcome_of
from checks.api import ErrorKind, ObservationError
from checks.probes import DnsAnswer, DnsAsk

_MOST = 100  # records kept of one answer


def ask(wanted: DnsAsk) -> DnsAnswer:
    """Ask; a server this host is set up with must answer, or we could not look."""
    clock = Clock(wanted.timeout_ms)
    server = wanted.server or _own_server()
    question = _question(wanted)
    start = perf_counter_ns()
    transport = "udp"
    try:
        family, address = addresses(server, wanted.port, clock)[0]
        server = str(address[0])
        answer = _over_udp(question, family, address, clock)
        if answer.rcode() == dns.rcode.FORMERR:
            # Some old servers do not know EDNS and say so.
            question.use_edns(False)
            answer = _over_udp(question, family, address, clock)
        if answer.flags & dns.flags.TC:
            transport = "tcp"
            answer = _over_tcp(question, server, wanted.port, clock)
    except Failed as failed:
        if not wanted.server:
            raise _own_trouble(failed.outcome) from None
        return DnsAnswer(failed.outcome, server, wanted.port, transport, "", (), (), None, False, None)
    took = (perf_counter_ns() - start) // 1000
    if not wanted.server and answer.rcode() in (dns.rcode.SERVFAIL, dns.rcode.REFUSED):
        # Our own resolver can't tell whose trouble it is; an authoritative server could be asked instead.
        raise ObservationError(ErrorKind.UNREACHABLE, f"resolver {server} cannot resolve now")
    return _read(answer, wanted, server, transport, took)


def _own_trouble(outcome: str) -> ObservationError:
    kind = ErrorKind.TIMEOUT if outcome == "timeout" else ErrorKind.UNREACHABLE
    return ObservationError(kind, f"the resolver of this host: {outcome}")


def _own_server() -> str:
    try:
        text = Path("/etc/resolv.conf").read_text("utf-8", "replace")
    except OSError as error:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"no name server is set up: {error}") from error
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            return words[1]
    raise ObservationError(ErrorKind.UNSUPPORTED, "no name server is set up")


def _question(wanted: DnsAsk) -> dns.message.QueryMessage:
    try:
        name = dns.name.from_text(wanted.name)
        if wanted.kind == "PTR" and not wanted.name.rstrip(".").endswith(".arpa"):
            name = dns.reversename.from_address(wanted.name)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{wanted.name!r} is no name: {error}") from error
    return dns.message.make_query(name, wanted.kind, use_edns=0, payload=1232)


def _over_udp(
    question: dns.message.QueryMessage, family: int, address: tuple[object, ...], clock: Clock
) -> dns.message.Message:
    where = str(address[0])
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            # Connected, so that the kernel tells us when the server's port is closed.
            try:
                sock.connect(address)
            except OSError as error:
                no_route(error, where)
                raise
            return dns.query.udp(question, where, clock.left(), int(str(address[1])), sock=sock)
    except dns.exception.DNSException as error:
        raise _failed(error) from error
    except OSError as error:
        raise Failed(outcome_of(error), where) from error


def _over_tcp(
    question: dns.message.QueryMessage, server: str, port: int, clock: Clock
) -> dns.message.Message:
    try:
        with open_tcp(server, port, clock).sock as sock:
            return dns.query.tcp(question, server, clock.left(), port, sock=sock)
    except dns.exception.DNSException as error:
        raise _failed(error) from error
    except EOFError as error:
        raise Failed("closed") from error
    except OSError as error:
        raise Failed(outcome_of(error)) from error


def _failed(error: dns.exception.DNSException) -> Failed:
    return Failed("timeout" if isinstance(error, dns.exception.Timeout) else "garbled")


def _read(answer: dns.message.Message, wanted: DnsAsk, server: str, transport: str, took: int) -> DnsAnswer:
    kind = dns.rdatatype.from_text(wanted.kind)
    records: set[str] = set()
    aliases: list[str] = []
    ttls = []
    for rows in answer.answer:
        texts = [_plain(row.to_text(), wanted.kind) for row in rows]
        if rows.rdtype == kind:
            records.update(texts)
            ttls.append(rows.ttl)
        elif rows.rdtype == dns.rdatatype.CNAME:
            aliases += texts
            ttls.append(rows.ttl)
    return DnsAnswer(
        outcome="answered",
        server=server,
        port=wanted.port,
        transport=transport,
        rcode=dns.rcode.to_text(answer.rcode()),
        records=tuple(sorted(records)[:_MOST]),
        aliases=tuple(aliases[:_MOST]),
        ttl=min(ttls, default=None),
        authoritative=bool(answer.flags & dns.flags.AA),
        answer_us=took,
    )


def _plain(text: str, kind: str) -> str:
    return text[:1000] if kind in ("TXT", "CAA") else text.lower().rstrip(".")[:1000]
