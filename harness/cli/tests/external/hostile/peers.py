"""What the hostile peers share: how they get at octets, and how each is found by its name."""

import re
import socket
import time

LINE = b"\r\n"


class Gone(Exception):
    """The harness has closed the connection."""


class Connection:
    """A connection to the harness."""

    def __init__(self, stream):
        self.stream, self.buffer = stream, b""
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, octets):
        try:
            self.stream.sendall(octets)
        except OSError as error:
            raise Gone from error

    def for_ever(self, unit, pause=0.0):
        """Sends until the harness has enough; small units go out many at a time, unless there are pauses."""
        piece = unit if pause or len(unit) > 65536 else unit * max(1, 65536 // len(unit))
        while True:
            self.send(piece)
            if pause:
                time.sleep(pause)

    def more(self):
        try:
            piece = self.stream.recv(65536)
        except OSError as error:
            raise Gone from error
        if not piece:
            raise Gone
        self.buffer += piece

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        octets, self.buffer = self.buffer[:count], self.buffer[count:]
        return octets

    def message(self):
        """Head and body of the next HTTP message with a Content-Length, or with none and without a body."""
        while LINE + LINE not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(LINE + LINE)
        length = re.search(rb"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
        return head, self.take(int(length[1]) if length else 0)

    def silence(self):
        """Says nothing more, until the harness hangs up."""
        while True:
            self.buffer = b""
            self.more()


def response(kind, body, status="200 OK", more=b""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + more + LINE + body


def request(kind, body):
    head = f"POST /OMA/DM HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {kind}\r\nContent-Type: {kind}\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n".encode() + LINE + body


def record(kind, octets, version=b"\x03\x03"):
    """A record of TLS."""
    return bytes([kind]) + version + len(octets).to_bytes(2, "big") + octets


def handshake(kind, octets, length=None):
    """A handshake message of TLS, which may say another length than it has."""
    return bytes([kind]) + (len(octets) if length is None else length).to_bytes(3, "big") + octets


def registry():
    """A table of peers, and the decorator that enters them by their name."""
    known = {}

    def enter(made):
        known[made.__name__.removesuffix("_").replace("_", "-")] = made
        return made

    return known, enter
