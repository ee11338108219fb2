"""Peers that really speak: SMTP, IMAP, WebSocket, SMPP, Modbus, SIP, RTSP, ONVIF. Moods make them bad."""

import base64
import hashlib
import re
import socket
import struct
import threading

PLAIN = base64.b64encode(b"\0tester\0pa55-word").decode()


def smtp(mood="", secure=None):
    """A mail server; `secure` wraps the socket at STARTTLS."""

    def script(peer, _stop):
        peer.say("220-mail.example.org ESMTP" if mood != "busy" else "421 try later", "220 ready")
        while True:
            line = peer.line()
            word = line.split(" ")[0].upper()
            if word == "EHLO":
                offers = ["250-mail.example.org", "250-SMTPUTF8", "250-AUTH PLAIN LOGIN"]
                offers += ["250-STARTTLS"] if secure and not peer.held else []
                peer.say(*offers, "250 SIZE 1000")
            elif word == "STARTTLS":
                peer.say("220 go ahead")
                peer.sock = secure(peer.sock)
            elif word == "AUTH":
                peer.say("235 welcome" if line.split(" ")[2] == PLAIN else "535 no")
            elif word == "QUIT":
                peer.say("221 bye")
                return

    return script


def websocket(mood=""):
    """A WebSocket server that answers pings."""

    def script(peer, _stop):
        head = peer.line(b"\r\n\r\n")
        if mood == "page":
            peer.say("HTTP/1.1 200 OK", "Content-Length: 0", "")
            return
        key = re.search(r"Sec-WebSocket-Key: (\S+)", head)[1]
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        accept = base64.b64encode(digest).decode() if mood != "wrong_key" else "bm8="
        peer.say(
            "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", f"Sec-WebSocket-Accept: {accept}", ""
        )
        while True:
            first, size = peer.exactly(2)
            mask, body = peer.exactly(4), bytearray(peer.exactly(size & 0x7F))
            for i in range(len(body)):
                body[i] ^= mask[i % 4]
            if first & 0x0F == 8:
                return
            if mood == "closes":
                peer.sock.sendall(b"\x88\x00")
                return
            peer.sock.sendall(b"\x81\x05hello" + bytes([0x8A, len(body)]) + bytes(body))

    return script


def smpp(mood=""):
    """An SMPP gateway."""

    def script(peer, _stop):
        while True:
            size, command, _, number = struct.unpack(">IIII", peer.exactly(16))
            body = peer.exactly(size - 16)
            status, answer = 0, b""
            if command == 2:
                user, password = body.split(b"\0")[:2]
                status = 0 if (user, password) == (b"tester", b"pa55") else 0x0E
                status = 0x0D if mood == "full" else status
                answer = b"" if status else b"gateway\0"
                # A gateway may ask as well, before it answers.
                peer.sock.sendall(struct.pack(">IIII", 16, 0x15, 0, 99))
                struct.unpack(">IIII", peer.exactly(16))
            peer.sock.sendall(
                struct.pack(">IIII", 16 + len(answer), command | 0x80000000, status, number) + answer
            )

    return script


def modbus(values):
    """A Modbus device: (function, register) -> value; anything else is exception 2."""

    def script(peer, _stop):
        while True:
            number, _, _, unit, function, at, count = struct.unpack(">HHHBBHH", peer.exactly(12))
            words = [values.get((function, at + i)) for i in range(count)]
            if None in words:
                body = bytes([function | 0x80, 2])
            elif function < 3:
                body = bytes([function, 1, words[0]])
            else:
                body = bytes([function, 2 * count]) + b"".join(struct.pack(">H", w & 0xFFFF) for w in words)
            peer.sock.sendall(struct.pack(">HHHB", number, 0, len(body) + 1, unit) + body)

    return script


def _answer(head, status):
    kept = [line for line in head.split("\r\n")[1:] if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
    return "\r\n".join(
        [f"SIP/2.0 {status}", *kept, "User-Agent: conference unit", "Content-Length: 0", "", ""]
    )


def sip_tcp(status="200 OK"):
    """A SIP peer over TCP, with a provisional answer first."""

    def script(peer, _stop):
        head = peer.line(b"\r\n\r\n")
        peer.sock.sendall((_answer(head, "100 Trying") + _answer(head, status)).encode())

    return script


class SipUdp:
    """A SIP peer over UDP that loses the first request."""

    def __init__(self, status="200 OK"):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.05)
        self.port = self.sock.getsockname()[1]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(status,))

    def _run(self, status):
        lost = False
        while not self.stop.is_set():
            try:
                head, peer = self.sock.recvfrom(65536)
            except TimeoutError:
                continue
            if lost:
                self.sock.sendto(_answer(head.decode(), status).encode(), peer)
            lost = True

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)
        self.sock.close()


SDP = "v=0\r\ns=-\r\nm=audio 0 RTP/AVP 0\r\na=control:track2\r\nm=video 0 RTP/AVP 96\r\na=control:track1\r\n"


def rtsp(mood=""):
    """A camera: digest login, one video track interleaved; `still` sends nothing, `lossy` skips packets."""

    def script(peer, stop):
        played = False
        while not played:
            head = peer.line(b"\r\n\r\n")
            method, url = head.split(" ")[:2]
            number = re.search(r"CSeq: (\d+)", head)[1]
            extra, body, status = [], "", "200 OK"
            if method == "DESCRIBE" and mood != "open" and not _proven(head, method, url):
                status = "401 Unauthorized"
                extra = [
                    'WWW-Authenticate: Basic realm="cam"',
                    'WWW-Authenticate: Digest realm="cam", nonce="n0", qop="auth"',
                ]
            elif method == "DESCRIBE":
                body = SDP if mood != "no_track" else "v=0\r\n"
                status = "404 Not Found" if mood == "gone" else status
                extra = [f"Content-Base: {url}/", f"Content-Length: {len(body)}"]
            elif method == "SETUP":
                assert url.endswith("/track1")
                extra = ["Session: 4711;timeout=60"]
            played = method == "PLAY"
            peer.say(f"RTSP/1.0 {status}", f"CSeq: {number}", *extra, "")
            peer.sock.sendall(body.encode())
        for frame in range(0 if mood == "still" else 10_000):
            if stop.wait(0.01):
                return
            number = frame * 2 if mood == "lossy" else frame
            stamp = 0 if mood == "frozen" else frame * 3600
            packet = struct.pack(">BBHII", 0x80, 96, (65530 + number) & 0xFFFF, stamp, 1) + b"picture"
            peer.sock.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
        stop.wait(10)

    return script


def _proven(head, method, url):
    found = dict(re.findall(r'(\w+)="?([^",\r]+)"?', head.partition("Authorization: Digest ")[2]))
    hashed = lambda *words: hashlib.md5(":".join(words).encode()).hexdigest()  # noqa: E731
    first, second = hashed("tester", "cam", "pa55-word"), hashed(method, url)
    wanted = hashed(first, "n0", found.get("nc", ""), found.get("cnonce", ""), "auth", second)
    return found.get("response") == wanted


NAMES = 'xmlns:t="http://www.onvif.org/ver10/device/wsdl" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'


def onvif(now, mood=""):
    """A camera's device service; `now`: its clock (UTC)."""

    def script(peer, _stop):
        head = peer.line(b"\r\n\r\n")
        body = peer.exactly(int(re.search(r"Content-Length: (\d+)", head)[1])).decode()
        status, inner = "200 OK", ""
        if "GetSystemDateAndTime" in body:
            inner = (
                f"<t:UTCDateTime><t:Time><t:Hour>{now.hour}</t:Hour><t:Minute>{now.minute}</t:Minute>"
                f"<t:Second>{now.second}</t:Second></t:Time><t:Date><t:Year>{now.year}</t:Year>"
                f"<t:Month>{now.month}</t:Month><t:Day>{now.day}</t:Day></t:Date></t:UTCDateTime>"
            )
            inner = "" if mood == "no_clock" else inner
        elif not _token(body):
            status = "400 Bad Request"
            inner = "<s:Fault><s:Code><s:Subcode>ter:NotAuthorized</s:Subcode></s:Code></s:Fault>"
        else:
            inner = (
                "<t:Manufacturer>Example &amp; Söhne</t:Manufacturer><t:Model>IPC-1</t:Model>"
                "<t:FirmwareVersion>1.0</t:FirmwareVersion><t:SerialNumber>SN0001</t:SerialNumber>"
            )
        text = f"<s:Envelope {NAMES}><s:Body>{inner}</s:Body></s:Envelope>".encode()
        peer.say(
            f"HTTP/1.1 {status}",
            "Content-Type: application/soap+xml; charset=utf-8",
            f"Content-Length: {len(text)}",
            "",
        )
        peer.sock.sendall(text)

    return script


def _token(body):
    part = lambda name: re.search(rf"<{name}[^>]*>([^<]*)<", body)  # noqa: E731
    if part("Nonce") is None:
        return False
    words = base64.b64decode(part("Nonce")[1]) + part("Created")[1].encode() + b"pa55-word"
    return base64.b64encode(hashlib.sha1(words).digest()).decode() == part("Password")[1]
