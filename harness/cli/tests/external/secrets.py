#!/usr/bin/env python3
"""The secrets of a DUT file are nowhere to be found afterwards, wherever a DUT has put them and however it writes them.

usage: secrets.py OUT [ROUNDS]

Each round has secrets of its own, of random octets and length (DMSC_SEED), under every key that takes one. A DUT says all of
them, in every form, in one place: a command line, what a command prints, each part of an HTTP message, a DM message in either
encoding, octets that are no message at all; or each in a form that only a decoder undoes, or in parts. One stands inside another value, and
in the name of the DUT. The DUT is shaken, too, and its file given in the place of others. Whatever dmsc has printed or left behind is then searched for each of them.
With --show-secrets they have to be there, or the place would prove nothing.
"""

import base64
import gzip
import json
import os
import random
import shutil
import sys
import urllib.parse
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from common import ROOT, demand, dmsc

# What a secret may have in it: letters, and what means something to HTTP, JSON, XML, YAML, a shell or a path.
LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789" + "<>&\"'\\/%+=:;,.!?#$@*-_~^|(){}[] éß€"

# The DUT: it reads what to say from a file, so that only the place that is meant has it.
SAYER = r'''
import socket, sys
from pathlib import Path
place, said, host, port = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
lines = said.read_bytes().split(b"\n")
text = b" ".join(lines)
def request(head, body, kind=b"text/plain"):
    with socket.create_connection((host, int(port)), 10) as to:
        to.sendall(head + b"Content-Type: " + kind + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        to.settimeout(5)
        try:
            to.recv(65536)
        except OSError:
            pass
POST = b"POST /OMA/DM HTTP/1.1\r\nHost: x\r\n"
XML = b"application/vnd.syncml.dm+xml"
if place == "stderr":
    sys.stderr.buffer.write(text); sys.exit(3)
elif place in ("argv", "die"):
    sys.exit(3)
elif place == "path":
    request(b"POST /" + text.replace(b" ", b"%20") + b" HTTP/1.1\r\nHost: x\r\n", b"")
elif place == "header":
    request(POST + b"".join(b"X-%d: %s\r\n" % pair for pair in enumerate(lines)), b"")
elif place == "body":
    request(POST, text)
elif place == "chunks":
    with socket.create_connection((host, int(port)), 10) as to:
        to.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x;%s\r\n%s\r\n" % (len(line), b"x=y", line) for line in lines if line) + b"0\r\n\r\n")
        to.recv(65536)
elif place == "xml":
    request(POST, said.with_suffix(".xml").read_bytes(), XML)
elif place == "ill-formed":
    request(POST, b"<SyncML><SyncHdr>" + text, XML)
elif place == "wbxml":
    request(POST, b"\x02\xa4\x01\x6a\x00\x6d\x6c" + b"".join(b"\x71\x03" + line + b"\x00\x01" for line in lines), b"application/vnd.syncml.dm+wbxml")
elif place in ("coded", "coded-header", "split-chunks", "folded", "wbxml-split", "wbxml-entity", "names", "cut", "two"):
    plain = [line for line in said.with_suffix(".plain").read_bytes().split(b"\n") if line]
    half = lambda one: (one[: len(one) // 2], one[len(one) // 2 :])
    if place == "coded":
        request(POST, b"\r\n\r\n".join(said.with_suffix(".coded").read_bytes().split(b"\0" * 4)))
    elif place == "coded-header":
        request(POST + b"".join(b"X-A: " + one + b"\r\n" for one in said.with_suffix(".coded").read_bytes().split(b"\0" * 4) if b"\n" not in one), b"")
    elif place == "split-chunks":
        parts = [part for one in plain for part in half(one)]
        with socket.create_connection((host, int(port)), 10) as to:
            to.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n")
            to.settimeout(5)
            try:
                to.recv(65536)
            except OSError:
                pass
    elif place == "folded":
        request(POST + b"".join(b"X-A: %s\r\n %s\r\n" % half(one) for one in plain), b"")
    elif place == "wbxml-split":
        strings = b"".join(b"\x71\x03%s\x00\x03%s\x00\x01" % half(one) for one in plain)
        request(POST, b"\x02\xa4\x01\x6a\x00\x6d\x6c" + strings + b"\x01\x01", b"application/vnd.syncml.dm+wbxml")
    elif place == "wbxml-entity":
        number = lambda c: bytes([c]) if c < 128 else number(c >> 7)[:-1] + bytes([0x80 | number(c >> 7)[-1], c & 127])
        strings = b"".join(b"\x71" + b"".join(b"\x02" + number(ord(c)) for c in one.decode()) + b"\x01" for one in plain)
        request(POST, b"\x02\xa4\x01\x6a\x00\x6d\x6c" + strings + b"\x01\x01", b"application/vnd.syncml.dm+wbxml")
    elif place == "names":
        request(POST, said.with_suffix(".names").read_bytes(), XML)
    elif place == "two":
        for one in plain:
            for part in half(one):
                request(POST, part)
    else:
        one = max(plain, key=len)
        sys.stderr.buffer.write(b"x" * (600 - len(one) + 3) + one + b"y" * 5000)
        sys.exit(3)
elif place == "garbage":
    with socket.create_connection((host, int(port)), 10) as to:
        to.sendall(text + b"\r\n\r\n")
elif place == "server":
    with socket.create_server((host, int(port))) as listening:
        print("ready", flush=True)
        while True:
            one, _ = listening.accept()
            with one:
                one.settimeout(2)
                try:
                    one.recv(65536)
                except OSError:
                    pass
                one.sendall(b"HTTP/1.1 404 " + lines[0] + b"\r\nX-Said: " + text + b"\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
'''

DM = (
    '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>A5</SessionID>'
    "<MsgID>1</MsgID><Target><LocURI>http://127.0.0.1/OMA/DM</LocURI></Target><Source><LocURI>{uri}</LocURI></Source>"
    '<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta>'
    "<Data>{data}</Data></Cred></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1200</Data></Alert><Final/></SyncBody></SyncML>"
)


def forms(secret):
    """How a secret may be written."""
    octets = secret if isinstance(secret, bytes) else secret.encode()
    yield octets.hex()
    yield octets.hex().upper()
    for name in (b"", b"u:", b"user:"):
        yield base64.b64encode(name + octets).decode()
    if isinstance(secret, str):
        yield secret
        yield escape(secret)
        yield quoteattr(secret)[1:-1]
        yield urllib.parse.quote(secret, safe="")


def sought(secret):
    """The octets that tell of a secret: a form of it, or the part of one that rests on it alone."""
    octets = secret if isinstance(secret, bytes) else secret.encode()
    found = {octets.hex().encode(), octets.hex().upper().encode()}
    for before in range(3):
        text = base64.b64encode(bytes(before) + octets).decode()
        found.add(text[[0, 2, 3][before] : (before + len(octets)) // 3 * 4].encode())
    if isinstance(secret, str):
        plain = {secret, escape(secret), quoteattr(secret)[1:-1], urllib.parse.quote(secret, safe="")}
        plain |= {json.dumps(text, ensure_ascii=False)[1:-1] for text in plain}
        found |= {text.encode() for text in plain}
    found |= squeezed_forms(secret)
    # A part from which the rest is soon guessed.
    halves = [octets[: len(octets) // 2], octets[len(octets) // 2 :]]
    found |= {half for half in halves if len(half) >= 6}
    # As octets are shown in a field or a dump, in pairs or not.
    found |= {one.hex().encode().upper() for one in list(found)}
    return {one for one in found if len(one) >= 4}


def coded(secret):
    """Ways to write a secret that only a decoder undoes."""
    octets = secret if isinstance(secret, bytes) else secret.encode()
    upper, middle = octets.hex().upper(), len(octets)
    yield "".join(f"%{octet:02X}" for octet in octets).encode()
    yield "".join(f"&#{octet};" for octet in octets if octet < 128).encode() if octets.isascii() else upper.encode()
    yield "".join(f"&#x{ord(c):X};" for c in secret).encode() if isinstance(secret, str) else upper.encode()
    yield from (octets.hex(between).encode() for between in ":- ")
    yield (octets.hex()[:middle] + upper[middle:]).encode()
    yield base64.urlsafe_b64encode(octets)
    yield base64.urlsafe_b64encode(b"?>" + octets).rstrip(b"=")
    yield "".join(f"\\x{octet:02x}" for octet in octets).encode()
    yield octets[:5] + b"\r\n " + octets[5:]
    yield "".join(f"\\{octet:03o}" for octet in octets).encode()
    yield "".join(f"={octet:02X}" for octet in octets).encode()
    yield ", ".join(str(octet) for octet in octets).encode()
    yield ", ".join(f"(byte)0x{octet:02x}" for octet in octets).encode()
    yield octets.hex("|").encode()
    yield " ".join(f"{octet:02X}h" for octet in octets).encode()
    yield base64.b32encode(octets)
    yield base64.b64encode(base64.b64encode(base64.b64encode(octets)))
    yield "".join(f"%2525{octet:02X}" for octet in octets).encode()
    yield str(int.from_bytes(octets, "big")).encode()
    if isinstance(secret, str):
        yield "".join(f"%u{ord(c):04X}" for c in secret).encode()
        yield "".join(f"\\u{{{ord(c):x}}}" for c in secret).encode()
        yield base64.b64encode(secret.encode("utf-16-le"))
        yield "\u00ad".join(secret).encode()
        yield "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in secret).encode()
        yield secret.encode("utf-16-be")
        yield secret.encode("utf-16-le")
        yield ("<![CDATA[" + secret[:5] + "]]><![CDATA[" + secret[5:] + "]]>").encode()


def multi_byte(number):
    """A number as WBXML writes it (5.1)."""
    octets = [number & 127]
    while number := number >> 7:
        octets.insert(0, 0x80 | number & 127)
    return bytes(octets)


def squeezed_forms(secret):
    """What those ways come to in what is searched, beside the forms that are always sought."""
    found = {one for one in coded(secret) if len(one) >= 8}
    if isinstance(secret, str):
        found.add(b"".join(b"\x02" + multi_byte(ord(c)) for c in secret))
    return found | {one.hex().upper().encode() for one in found}


def secrets_of(randomly):
    text = lambda: "".join(randomly.choice(LETTERS) for _ in range(randomly.randint(6, 30))).strip(" ") + "q7"  # noqa: E731
    key = lambda: randomly.randbytes(randomly.randint(16, 32))  # noqa: E731
    return {
        name: make()
        for account in ("", "other_account.")
        for name, make in ((f"{account}server_secret", text), (f"{account}client_secret", text), (f"{account}psk", key))
    }


def ixit(secrets):
    value = lambda secret: json.dumps(secret.hex() if isinstance(secret, bytes) else secret)  # noqa: E731
    # One stands inside another value, too.
    inside = json.dumps(f"dmsc.{secrets['client_secret']}.example.com", ensure_ascii=False)
    lines = ["ixit:", f"  server_id: {inside}", "  address: http://127.0.0.1:3516/OMA/DM", "  window: 1 s"]
    for name, secret in secrets.items():
        if "." not in name:
            lines.append(f"  {name}: {value(secret)}")
    lines += ["  other_account:", "    server_id: other.example.com"]
    for name, secret in secrets.items():
        if "." in name:
            lines.append(f"    {name.split('.')[1]}: {value(secret)}")
    return "\n".join(lines)


def dut_file(out, place, secrets, said):
    """A DUT file, and the case that is run."""
    sayer = [sys.executable, str(out / "sayer.py"), place, str(said), "{host}", "{port}"]
    words = " ".join(form for secret in secrets.values() for form in forms(secret))
    quoted = lambda command: json.dumps(command, ensure_ascii=False)  # noqa: E731
    if place in ("server", "die"):
        # Without a way to wake it, it is asked over HTTP alone.
        kind, statement, case = "card", "python-server", "DM_SC-S-002-M/client-initiated"
        server = [*sayer[:2], "die" if place == "die" else "server", *sayer[3:]]
        start = [*server, words] if place == "die" else server
        link = f"connect: 127.0.0.1:24617, start: {quoted(start)}, ready: ready"
    else:
        kind, statement, case = "terminal", "python-client", "DM_SC-C-001-M/session-id[session=A5]"
        command = [*sayer, words] if place == "argv" else sayer
        link = f"listen: '127.0.0.1:0', notify: {quoted(command)}"
    name = quoted(f"{place} of {secrets['client_secret']}")
    text = f"dut: 1\nname: {name}\nkind: {kind}\nlink: {{ tcp: {{ {link} }} }}\n{ixit(secrets)}\n"
    text += f"ics: {ROOT}/fixtures/duts/{statement}.ics.yaml\n"
    if place == "reset":
        command = [*sayer[:2], "stderr", *sayer[3:]]
        text += f"reset: {quoted(command)}\n"
    path = out / f"{place}.yaml"
    path.write_text(text)
    return path, case


PLACES = [
    "argv", "stderr", "path", "header", "body", "chunks", "xml", "ill-formed", "wbxml", "garbage", "reset",
    "server", "die", "coded", "coded-header",
]

# Where each secret is said in one form alone: the texts, or as many of them as there is room for.
PARTED = ["split-chunks", "folded", "wbxml-split", "wbxml-entity", "names", "two", "cut"]


def left_behind(folder):
    """What a run has left behind, by file; of a page or a table the text, as a reader sees it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            octets = path.read_bytes()
            yield path, gzip.decompress(octets) if path.suffix == ".gz" else octets


def hunt(secrets, places):
    """Where secrets stand: name, form and place of each."""
    for name, octets in places:
        # A dump has its octets in pairs, a page its characters escaped.
        squeezed = octets.replace(b" ", b"")
        for key, secret in secrets.items():
            for one in sought(secret):
                if one in octets or one.replace(b" ", b"") in squeezed:
                    yield f"{key} as {one.decode(errors='replace')} in {name}"


def run(out, place, secrets, said, number, *more):
    dut, case = dut_file(out, place, secrets, said)
    folder = out / f"{place}-{number}{'-shown' if more else ''}"
    shutil.rmtree(folder, ignore_errors=True)
    done = dmsc("run", "-v", "--explain", "--unattended", "--all", "--logs", "all", "--out", folder, "--dut", dut, "--case", case, *more)
    demand(folder.is_dir(), f"{place}: no run:\n{done.stdout}{done.stderr}")
    logs = dmsc("report", "log", folder, case)
    audit = dmsc("ics", "audit", folder)
    printed = [("what it printed", done.stdout + done.stderr), ("report log", logs.stdout + logs.stderr)]
    printed.append(("ics audit", audit.stdout + audit.stderr))
    return [*((name, text.encode()) for name, text in printed), *left_behind(folder)]


def shake(out, place, secrets, said):
    """What shaking prints, and the cases it keeps."""
    dut, case = dut_file(out, place, secrets, said)
    folder = out / f"kept-{place}"
    shutil.rmtree(folder, ignore_errors=True)
    printed = []
    for more in ([], ["--json"]):
        done = dmsc("shake", "-v", "--dut", dut, "--case", case, "--rounds", "1", "--keep", folder, *more)
        printed.append((f"what shaking printed{' as JSON' if more else ''}", (done.stdout + done.stderr).encode()))
    demand(all(b"(secret)" in text for _, text in printed), f"{place}: shaking tells of nothing: {printed}")
    return [*printed, *left_behind(folder)]


def misplaced(out, place, secrets, said):
    """What is printed of a DUT file that is given in the place of another, whole and with a mistake in it."""
    dut, _ = dut_file(out, place, secrets, said)
    broken = out / "broken.yaml"
    broken.write_text(dut.read_text().replace("server_secret: ", "server_secret: !", 1))
    for path in (dut, broken):
        for command in (["ics", "check"], ["cases", "check"], ["cases", "check", "--json"], ["run", "--no-report", "--refs"]):
            done = dmsc(*command, path)
            demand(done.returncode == 3, f"{command} takes a DUT file: {done.stdout}")
            yield " ".join(command), (done.stdout + done.stderr).encode()


def main():
    out, rounds = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 2
    out.mkdir(parents=True, exist_ok=True)
    (out / "sayer.py").write_text(SAYER)
    seed = int(os.environ.get("DMSC_SEED", "1"))
    looked = 0
    for number in range(rounds):
        secrets = secrets_of(random.Random(f"{seed} {number}"))
        written = [form for secret in secrets.values() for form in forms(secret)]
        said = out / "said.bin"
        said.write_bytes("\n".join(written).encode())
        uri, data = (escape(" ".join(written)), escape(base64.b64encode(("u:" + written[5]).encode()).decode()))
        said.with_suffix(".xml").write_text(DM.format(uri=uri, data=data))
        texts = [secret for secret in secrets.values() if isinstance(secret, str)]
        said.with_suffix(".plain").write_bytes("\n".join(texts).encode())
        said.with_suffix(".coded").write_bytes((b"\0" * 4).join(one for secret in secrets.values() for one in coded(secret)))
        names = "".join(
            f"<Replace><CmdID>{at + 2}</CmdID><Item><Source><LocURI>./DevInfo/{escape(text)}</LocURI></Source><Data>x</Data></Item></Replace>"
            for at, text in enumerate(texts)
        )
        said.with_suffix(".names").write_text(DM.format(uri="x", data="x").replace("<Final/>", names + "<Final/>"))
        for place in PARTED:
            found = sorted(set(hunt(secrets, run(out, place, secrets, said, number))))
            demand(not found, f"round {number}, {place}: secrets are left:\n  " + "\n  ".join(found[:12]))
            shown = set(hunt(secrets, run(out, place, secrets, said, number, "--show-secrets")))
            demand(shown, f"round {number}, {place}: not said there, so nothing is shown")
            looked += 1
        for place in PLACES:
            found = sorted(set(hunt(secrets, run(out, place, secrets, said, number))))
            demand(not found, f"round {number}, {place}: secrets are left:\n  " + "\n  ".join(found[:12]))
            shown = set(hunt(secrets, run(out, place, secrets, said, number, "--show-secrets")))
            keys = {key for key in secrets if any(one.startswith(f"{key} as ") for one in shown)}
            demand(keys == set(secrets), f"round {number}, {place}: not said there, so nothing is shown: {set(secrets) - keys}")
            looked += 1
        for more in (shake(out, "reset", secrets, said), misplaced(out, "argv", secrets, said)):
            found = sorted(set(hunt(secrets, more)))
            demand(not found, f"round {number}: secrets are left:\n  " + "\n  ".join(found[:12]))
    print(f"{len(secrets_of(random.Random(0)))} keys in {len(PLACES) + len(PARTED)} places, {rounds} rounds ({looked} runs): no secret is left, in no form")


if __name__ == "__main__":
    main()
