#!/usr/bin/python3
"""Cards that are no use, in the virtual reader of vsmartcard: what a run against each comes to, how long it takes, and
how much memory. Shares no code with the harness. host_awkward.sh starts the pcscd that it needs.

    awkward_cards.py DMSC FOLDER [NAME...]

DMSC is the program, FOLDER takes run folders; NAMEs choose cards. Each card is used as a run goes, with the look before
the cases, and one that this keeps the cases from also with --all, which begins them all the same. Of none may a case pass; none may fail for what was
never asked of the card; each run ends within its time and within 64 MiB.
"""

import json
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PORTS = {35963: "Virtual PCD 00 00", 35964: "Virtual PCD 00 01"}
CASES = ["DM_SC-S-001-M/version", "DM_SC-S-001-M/server-id"]
MEMORY = 64 * 1024
# Where the cards are listed, among all hostile inputs.
LIST = ROOT / "harness/cli/tests/external/hostile/inputs.toml"
# How long a reader has to be empty for pcscd to see it.
EMPTY = 1.2

ATR = bytes.fromhex("3B9F96801F878031E073FE211B57444D53432D303195")


def with_tck(text):
    octets = bytes.fromhex(text)
    tck = 0
    for octet in octets[1:]:
        tck ^= octet
    return octets + bytes([tck])


def tlv(tag, value):
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes([tag]) + length + value


class Pull(Exception):
    """The card leaves the reader, after these octets of a message."""


class Card:
    """A UICC without an applet: what a terminal reads at its start is there, and nothing follows."""

    atr = ATR
    ust = bytearray(17)
    ust[9] = 0x10  # service 77

    # What runs come to: words that the output has, and how long each may take, in seconds.
    says = ""
    limit = 20
    window = "1 s"
    # Whether the look before the cases sees that none can be begun, and whether the card is used again with --all. pcscd
    # does not let go of one that has not answered, and some take their time.
    walled = True
    again = True

    def __init__(self):
        self.envelopes = 0
        self.waiting = b""
        self.selected = b""

    # -- what it is --

    def files(self):
        return {
            "3F00": b"",
            "2FE2": bytes.fromhex("98882110000041947299"),
            "7FFF6F38": bytes(self.ust),
            "7FFF6F07": bytes.fromhex("080910101032547698"),
            "7FFF6FAD": bytes.fromhex("00000002"),
        }

    record = tlv(0x61, tlv(0x4F, bytes.fromhex("A0000000871002FF49FFFF8907090000")))

    def fcp(self, path, size):
        if path == "2F00":
            kind = bytes.fromhex("422100") + bytes([len(self.record), 1])
            size = len(self.record)
        else:
            kind = bytes.fromhex("4121" if size else "7821")
        return tlv(0x62, tlv(0x82, kind) + tlv(0x83, b"\x3f\x00") + tlv(0x80, size.to_bytes(2, "big")))

    # -- what it answers --

    def answer(self, apdu):
        ins = apdu[1]
        if ins == 0xC2:
            self.envelopes += 1
        return {
            0xA4: self.select,
            0xB0: self.read,
            0xB2: self.read_record,
            0xC0: self.response,
            0x20: lambda _: bytes.fromhex("63C3"),
            0xF2: self.status,
            0x10: self.profile,
            0xC2: self.envelope,
            0x12: self.fetch,
            0x14: self.done,
        }.get(ins, lambda _: bytes.fromhex("6D00"))(apdu)

    def gives(self, data):
        self.waiting = data
        return bytes([0x61, len(data) & 0xFF])

    def response(self, apdu):
        data, self.waiting = self.waiting[: apdu[4] or 256], b""
        return data + b"\x90\x00"

    def select(self, apdu):
        path = apdu[5 : 5 + apdu[4]].hex().upper()
        if apdu[2] == 4 or path == "2F00":
            self.selected = self.record if path == "2F00" else b""
            return self.gives(self.fcp(path, 0))
        data = self.files().get(path)
        if data is None:
            return bytes.fromhex("6A82")
        self.selected = data
        return self.gives(self.fcp(path, len(data)))

    def read(self, apdu):
        le = apdu[4] or 256
        if le > len(self.selected):
            return bytes([0x6C, len(self.selected)])
        return self.selected[:le] + b"\x90\x00"

    read_record = read

    def status(self, apdu):
        return b"\x90\x00"

    def profile(self, apdu):
        return b"\x90\x00"

    def envelope(self, apdu):
        return b"\x90\x00"

    def fetch(self, apdu):
        return bytes.fromhex("6F00")

    def done(self, apdu):
        return b"\x90\x00"


class All(Card):
    """One answer to everything."""

    always = b""

    def answer(self, apdu):
        super().answer(apdu)
        return self.always


class Toolkit(Card):
    """A proactive command waits after everything that the toolkit is told; FETCH brings `command`."""

    command = b""
    announced = 0x10
    pace = 0

    def answer(self, apdu):
        time.sleep(self.pace)
        return super().answer(apdu)

    def profile(self, apdu):
        return bytes([0x91, self.announced])

    envelope = status = done = profile

    def fetch(self, apdu):
        return self.command + b"\x90\x00"


CARDS = {}


def card(name, base, **attributes):
    CARDS[name] = type(name, (base,), attributes)


def sleeps(seconds, then):
    def answer(self, apdu):
        Card.answer(self, apdu)
        time.sleep(seconds)
        return then

    return answer


def ladder(self, apdu):
    answer = Card.answer(self, apdu)
    if len(apdu) == 5 and apdu[1] != 0xC0:
        return bytes([0x6C, (apdu[4] + 1) & 0xFF])
    return answer


def pulls(octets):
    def answer(self, apdu):
        raise Pull(octets)

    return answer


# Without an applet, without a service, without a toolkit: one clear reason within ten seconds, as a DUT file is at first.
card("no-applet", Card, says="asks for nothing", limit=10, window=None)
card("no-service-77", Card, ust=bytes(17), says="service 77 of EF.UST is off", limit=10, window=None)
card("no-toolkit", Card, profile=lambda self, apdu: bytes.fromhex("6D00"), says="it has no toolkit", limit=10, window=None)
# Nothing, or one thing only.
card("mute", Card, answer=lambda self, apdu: None, says="did not answer 00 A4 00 04", again=False)
card("6f00", All, always=bytes.fromhex("6F00"), says="TERMINAL PROFILE with 6F00")
card("9000", All, always=bytes.fromhex("9000"), says="EF.UST could not be read")
card("9300", All, always=bytes.fromhex("9300"), says="9300")
card("9110", All, always=bytes.fromhex("9110"), says="FETCHes in a row")
card("0000", All, always=bytes.fromhex("0000"), says="0000")
card("one-octet", All, always=b"\x90", says="no status word")
card("empty", All, always=b"", says="did not answer 00 A4 00 04", again=False)
card("65002-octets", All, always=bytes(65000) + b"\x90\x00")
card("61ff", All, always=bytes.fromhex("61FF"), says="does not end its answer")
card("61ff-with-data", All, always=bytes(255) + bytes.fromhex("61FF"), says="does not end its answer")
card("slow-61", Card, answer=sleeps(1.0, bytes.fromhex("6110")), says="does not end its answer", limit=45)
card("slow", Card, answer=sleeps(0.9, bytes.fromhex("9000")), limit=120, walled=False)
card("6c-ladder", Card, answer=ladder)
card("fcp-broken", Card, fcp=lambda self, path, size: bytes.fromhex("62FF820241"))
card("fcp-65535", Card, fcp=lambda self, path, size: Card.fcp(self, path, 65535 if size else 0))
# Proactive commands that are none.
for name, text in {
    "cut": "D01181030126",
    "2gb": "D0847FFFFFFF8103012600",
    "d000": "D000",
    "inner-length": "D009810301260082058182",
    "inner-longer": "D009817F01260082028182",
    "indefinite": "D08081030126008202818200 00",
    "d082ffff": "D082FFFF8103012600",
    "empty": "",
    "zeros": "00" * 32,
}.items():
    card(f"command-{name}", Toolkit, command=bytes.fromhex(text), says="FETCHes in a row")
card(
    "poll-interval-for-ever",
    Toolkit,
    command=bytes.fromhex("D00D8103010300820281828402011E"),
    announced=15,
    # About what a card over contacts takes for an answer. A faster one fills its journal so that rendering it needs more
    # memory than is asked for here.
    pace=0.0005,
    walled=False,
    limit=150,
)
card("envelope-9300", Card, envelope=lambda self, apdu: bytes.fromhex("9300"), limit=30, again=False)
# The answer to reset.
card("atr-cut", Card, atr=ATR[:9])
card("atr-wrong-tck", Card, atr=ATR[:-1] + b"\x00")
card("atr-t15", Card, atr=with_tck("3B801F00"), says="answer to reset")
# The reader.
card("pulled", Card, answer=pulls(b""), says="pulled", limit=45, walled=False)
card("cut-off", Card, answer=pulls(b"\x00\x20\x90"), says="no status word")


class Reader:
    """A card in the slot of vpcd that listens on a port, until it is taken out."""

    def __init__(self, port, card):
        self.port, self.card, self.over = port, card, threading.Event()
        self.socket = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=5)
                self.socket.settimeout(None)
                self.serve(self.socket)
            except OSError:
                pass
            finally:
                if self.socket:
                    self.socket.close()
            self.over.wait(EMPTY)

    def serve(self, stream):
        while True:
            message = self.receive(stream)
            if len(message) == 1:
                if message == b"\x04":
                    self.send(stream, self.card.atr)
                continue
            try:
                answer = self.card.answer(message)
            except Pull as pull:
                stream.sendall(pull.args[0])
                return
            if answer is not None:
                self.send(stream, answer)

    def receive(self, stream):
        length = int.from_bytes(self.exactly(stream, 2), "big")
        return self.exactly(stream, length)

    @staticmethod
    def exactly(stream, count):
        octets = b""
        while len(octets) < count:
            # vpcd sends length and message apart, and waits for the first to be acknowledged.
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = stream.recv(count - len(octets))
            if not piece:
                raise OSError("closed")
            octets += piece
        return octets

    @staticmethod
    def send(stream, octets):
        stream.sendall(len(octets).to_bytes(2, "big") + octets)

    def take_out(self):
        self.over.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.thread.join(10)


def run(dmsc, folder, name, card, reader, more):
    """One run; gives its time in seconds, its peak of memory in kB, how it ended and what it wrote."""
    dut = folder / f"{name}.yaml"
    window = f", window: {card.window}" if card.window else ""
    limit = ", limit: 2 s" if card.window else ""
    dut.write_text(
        f"dut: 1\nname: {name}\nkind: card\nrecovery: 5 s\n"
        f"link: {{ pcsc: {{ reader: '{reader}'{limit} }} }}\n"
        f"ics: {ROOT}/fixtures/duts/reference-card.ics.yaml\n"
        f"ixit: {{ wake_up: applications{window} }}\n"
    )
    out = folder / name
    command = [dmsc, "run", "--unattended", "--dut", str(dut), "--out", str(out), *more]
    log = folder / f"{name}.txt"
    began = time.monotonic()
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT, cwd=ROOT)
        killer = threading.Timer(120, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        killer.cancel()
    took = time.monotonic() - began
    # The table of items has the names of the specification, whatever became of them.
    text = "".join(line for line in log.read_text(errors="replace").splitlines(True) if not line.startswith("DM_SC-"))
    return took, usage.ru_maxrss, process.returncode, text, out


def outcomes(out):
    matrix = json.loads((out / "matrix.json").read_text())
    return [entry for entry in matrix["cases"] if entry.get("code") != "not-selected"]


def judge(card, took, memory, code, text, out, begun):
    """What is wrong with a run."""
    wrong = []
    if code not in (1, 2, 4):
        wrong.append(f"it ended with {code}")
        return wrong
    cases = outcomes(out)
    kinds = {entry["outcome"] for entry in cases}
    if "pass" in kinds:
        wrong.append("a case passed")
    if not card.envelopes and "fail" in kinds:
        wrong.append("a case failed, and no ENVELOPE had been sent")
    if not card.envelopes and re.search(r"\b(digest|nonce)", text, re.IGNORECASE):
        wrong.append("digest or nonce are blamed, and no ENVELOPE had been sent")
    if took > card.limit:
        wrong.append(f"it took {took:.1f} s, more than {card.limit} s")
    if memory > MEMORY:
        wrong.append(f"it took {memory} kB of memory")
    if not begun:
        if card.says not in text:
            wrong.append(f"nothing is said of: {card.says}")
        if card.walled:
            verdicts = {(entry["outcome"], entry.get("reason")) for entry in cases if entry["outcome"] == "inconclusive"}
            if len(verdicts) > 1 or not kinds <= {"inconclusive", "error", "not-run"}:
                wrong.append(f"not one reason: {sorted(kinds)}, {verdicts}")
    return wrong


def use(dmsc, folder, name, port):
    """Uses one card; gives lines to print, and whether all is well."""
    kind = CARDS[name]
    lines, well = [], True
    chosen = [f"--case={case}" for case in CASES]
    ways = [(False, chosen)]
    if kind.walled and kind.again and kind.window:
        ways.append((True, ["--all", chosen[0]]))
    card = kind()
    reader = Reader(port, card)
    for begun, more in ways:
        label = f"{name}{'-all' if begun else ''}"
        took, memory, code, text, out = run(dmsc, folder, label, card, PORTS[port], more)
        wrong = judge(card, took, memory, code, text, out, begun)
        kinds = "?" if wrong and "ended" in wrong[0] else ",".join(sorted({e["outcome"] for e in outcomes(out)}))
        lines.append(f"{label:32} exit {code}  {took:5.1f} s  {memory / 1024:5.1f} MiB  {card.envelopes} ENVELOPE  {kinds}")
        for what in wrong:
            well = False
            lines.append(f"    WRONG: {what}")
        if wrong:
            lines.extend(f"    | {line}" for line in text.splitlines()[:25])
    reader.take_out()
    time.sleep(EMPTY)
    return lines, well


def main():
    dmsc, folder, *names = sys.argv[1:]
    folder = Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    listed = tomllib.loads(LIST.read_text())["vpcd-card"]["cards"]
    if sorted(listed) != sorted(CARDS):
        sys.exit(f"awkward_cards.py: listed otherwise: {', '.join(sorted(set(listed) ^ set(CARDS)))}")
    work, results = queue.Queue(), queue.Queue()
    for name in names or CARDS:
        work.put(name)
    total = work.qsize()

    def worker(port):
        while True:
            try:
                name = work.get_nowait()
            except queue.Empty:
                return
            try:
                results.put((name, *use(dmsc, folder, name, port)))
            except Exception as error:  # The other cards are still of interest.
                results.put((name, [f"{name}: {type(error).__name__}: {error}"], False))

    began = time.monotonic()
    for port in PORTS:
        threading.Thread(target=worker, args=(port,), daemon=True).start()
    bad = []
    for _ in range(total):
        name, lines, well = results.get()
        print("\n".join(lines), flush=True)
        if not well:
            bad.append(name)
    print(f"{total} cards in {time.monotonic() - began:.0f} s")
    if bad:
        sys.exit(f"awkward_cards.py: not as it should be: {', '.join(bad)}")


if __name__ == "__main__":
    main()
