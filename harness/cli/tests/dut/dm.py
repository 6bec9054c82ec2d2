"""Package#0, credentials and messages of OMA DM 1.2, for the two DUT programs beside this file.

Written from the specifications alone, so that it is a second opinion on them: it shares no line and no author's
assumption with the codecs of the harness. Only the standard library is used.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
import time
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from dataclasses import dataclass
from xml.sax.saxutils import escape

SYNCML = "SYNCML:SYNCML1.2"
METINF = "syncml:metinf"
MIME_XML = "application/vnd.syncml.dm+xml"
DEFAULT_NONCE = bytes(4)
NOTIFICATION_VERSION = 11  # DM 1.2 notifications say 1.1


def md5(octets):
    return hashlib.md5(octets, usedforsecurity=False).digest()


def b64(octets):
    return base64.b64encode(octets).decode("ascii")


def unb64(text):
    """The octets of base64 text, or None."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except ValueError:
        return None


def credential(name, secret, nonce):
    """The 16 octets of syncml:auth-md5 (DM Security 5.3)."""
    inner = b64(md5(f"{name}:{secret}".encode()))
    return md5(inner.encode() + b":" + nonce)


# --- Package#0 (DM Notification 6) ---


@dataclass
class Package0:
    """A notification; `session_id` is a number, `body` the vendor's octets."""

    server_id: bytes
    session_id: int
    ui_mode: int = 0
    initiator: int = 0
    body: bytes = b""
    version: int = NOTIFICATION_VERSION
    reserved: int = 0
    digest: bytes = b""

    def trigger(self):
        bits = self.version << 30 | self.ui_mode << 28 | self.initiator << 27 | self.reserved
        return (
            bits.to_bytes(5, "big")
            + self.session_id.to_bytes(2, "big")
            + bytes([len(self.server_id)])
            + self.server_id
            + self.body
        )

    def octets(self, secret, nonce):
        return notification_digest(self.server_id, secret, nonce, self.trigger()) + self.trigger()

    @classmethod
    def parse(cls, octets):
        """A notification from its octets.

        Raises ValueError, saying what is wrong with them.
        """
        if len(octets) < 24:
            raise ValueError(f"{len(octets)} octets are too few")
        bits = int.from_bytes(octets[16:21], "big")
        length = octets[23]
        if 24 + length > len(octets):
            raise ValueError(f"the length field says {length}, {len(octets) - 24} octets follow")
        return cls(
            server_id=octets[24 : 24 + length],
            session_id=int.from_bytes(octets[21:23], "big"),
            ui_mode=bits >> 28 & 3,
            initiator=bits >> 27 & 1,
            body=octets[24 + length :],
            version=bits >> 30,
            reserved=bits & (1 << 27) - 1,
            digest=octets[:16],
        )


def notification_digest(server_id, secret, nonce, trigger):
    name = b64(md5(server_id + b":" + secret.encode()))
    return md5(name.encode() + b":" + nonce + b":" + b64(md5(trigger)).encode())


# --- Messages ---


class BadMessage(Exception):
    """A message that is no DM message."""


def el(name, *content, ns=None):
    """An element as text; content is text of elements, already escaped."""
    inner = "".join(part for part in content if part)
    attribute = f' xmlns="{ns}"' if ns else ""
    return f"<{name}{attribute}>{inner}</{name}>" if inner else f"<{name}{attribute}/>"


def leaf(name, value, ns=None):
    return el(name, escape(str(value)), ns=ns)


def uri(name, value):
    return el(name, leaf("LocURI", value))


def meta(**fields):
    """Meta with its metinf elements, in the order they are given."""
    return el("Meta", *(leaf(name, value, METINF) for name, value in fields.items() if value is not None))


def md5_cred(name, secret, nonce):
    return el("Cred", meta(Format="b64", Type="syncml:auth-md5"), leaf("Data", b64(credential(name, secret, nonce))))


def md5_chal(nonce):
    return el("Chal", meta(Type="syncml:auth-md5", Format="b64", NextNonce=b64(nonce)))


def parse_message(octets):
    """SyncHdr and SyncBody of a message, namespaces checked and taken off.

    Raises BadMessage.
    """
    try:
        root = ET.fromstring(octets)
    except (ET.ParseError, LookupError, ValueError) as error:
        raise BadMessage(f"no XML: {error}") from error
    for element in root.iter():
        namespace, _, local = element.tag.rpartition("}")
        if local in ("SyncML", "SyncHdr", "SyncBody") and namespace.lstrip("{") not in ("", SYNCML):
            raise BadMessage(f"`{local}` in the namespace `{namespace.lstrip('{')}`")
        element.tag = local
    header, body = root.find("SyncHdr"), root.find("SyncBody")
    if root.tag != "SyncML" or header is None or body is None:
        raise BadMessage("no SyncML with SyncHdr and SyncBody")
    return header, body


def text(element, path, default=None):
    """The text at a path, white space at its ends taken off; the default if there is none."""
    found = element.find(path) if element is not None else None
    if found is None:
        return default
    return "".join(found.itertext()).strip()


def is_final(body):
    return body.find("Final") is not None


def check_cred(header, name, secret, nonce):
    """Whether the Cred of a header proves the name: True, False, or None without a Cred."""
    cred = header.find("Cred")
    if cred is None:
        return None
    if text(cred, "Meta/Type", "syncml:auth-basic") != "syncml:auth-md5":
        return False
    return unb64(text(cred, "Data")) == credential(name, secret, nonce)


def session_id_text(value):
    """As the notification's number appears in Package#1: upper-case hexadecimal, no leading zeros."""
    return f"{value:X}"


# --- State that outlives a process ---


def octets_of(hexadecimal):
    return bytes.fromhex(re.sub(r"\s", "", hexadecimal))


class Store:
    """A JSON file, written whole so that a killed process leaves the old or the new one."""

    def __init__(self, path):
        self.path = path
        self.values = {}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.values = json.load(file)

    def save(self):
        if not self.path:
            return
        os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
        draft = f"{self.path}.{os.getpid()}"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(self.values, file, indent=1)
        os.replace(draft, self.path)


@contextmanager
def exclusive(path, limit=30.0):
    """One process at a time per state file: two notifications at once are two sessions, one after the other.

    Gives a function that tells whether the state is still the one of the beginning. It is not after a reset: then a
    process that outlived its test must leave the state of the next one alone.
    """
    if not path:
        yield lambda: True
        return
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    until = time.monotonic() + limit
    while True:
        with open(f"{path}.lock", "w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise SystemExit("another session is still going on") from None
            else:
                if is_at(file, f"{path}.lock"):
                    yield lambda: is_at(file, f"{path}.lock")
                    return
        time.sleep(0.02)


def is_at(file, path):
    """Whether an open file is the one that a path names now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def remove_state(path):
    for name in (path, f"{path}.lock"):
        if path and os.path.exists(name):
            os.remove(name)
