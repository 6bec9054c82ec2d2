"""Cards on USB that are hostile, each to be found by its name: by ICCD, and those that speak EEM beside it."""

import struct
import sys
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path += [str(TESTS / "bench"), str(TESTS / "dut")]

import dm  # noqa: E402
from awkward_cards import Card, tlv  # noqa: E402
from usb_device import BULK, INTERRUPT, Device, configuration, descriptor, device, interface  # noqa: E402

# bInterfaceProtocol of class 0B.
BULKS, CONTROL_A, CONTROL_B = 0, 1, 2
OUT, IN, NOTICES = 0x01, 0x82, 0x83
EEM_OUT, EEM_IN = 0x04, 0x85
# The address of the host over EEM, as long as it is not told another.
HOST = bytes([192, 168, 7, 1])
EEM = interface((2, 12, 7), [(EEM_OUT, BULK, 64), (EEM_IN, BULK, 64)], number=1)


def class_descriptor(features, most=271):
    """That of a card of T=0, of a length that it says itself."""
    fields = struct.pack("<HBBIIIBIIBIII", 0x0110, 0, 1, 1, 3580, 3580, 0, 9600, 9600, 0, 254, 0, 0)
    return descriptor(0x21, fields, struct.pack("<IIBBHBB", features, most, 0xFF, 0xFF, 0, 0, 1))


class Applet(Card):
    """A UICC whose applet sends a notification as soon as it knows where the client is."""

    EVENTS = bytes.fromhex("D00E 810301 0500 82028182 9903090A03")
    OPEN = bytes.fromhex("D012 810303 4000 82028182 B90200C8 BC0305C000")
    CLOSE = bytes.fromhex("D009 810305 4100 82028121")
    # The account of the DUT file, and the nonce that its sessions begin with.
    NOTIFICATION = dm.Package0(server_id=b"dmsc.example.com", session_id=0xA5, ui_mode=1, initiator=1)

    def __init__(self):
        super().__init__()
        self.commands = []

    def next(self):
        return bytes([0x91, len(self.commands[0])]) if self.commands else b"\x90\x00"

    def profile(self, apdu):
        self.commands = [self.EVENTS]
        return self.next()

    def envelope(self, apdu):
        if apdu[5] == 0xDC:
            data = self.NOTIFICATION.octets("s3cr3t-P@ss", bytes(range(16)))
            send = bytes.fromhex("810304430182028121") + tlv(0xB6, data)
            self.commands = [self.OPEN, tlv(0xD0, send), self.CLOSE]
        return self.next()

    def status(self, apdu):
        return self.next()

    def fetch(self, apdu):
        return (self.commands.pop(0) if self.commands else b"") + b"\x90\x00"

    def done(self, apdu):
        return self.next()


class Iccd(Device):
    """A card by ICCD that does what it should, with that applet."""

    features, most, extra, others = 0x00020840, 271, None, b""
    protocol = BULKS

    def __init__(self):
        super().__init__()
        self.card = Applet()

    def interfaces(self):
        extra = class_descriptor(self.features, self.most) if self.extra is None else self.extra
        ours = [one for one in self.endpoints if one[0] not in (EEM_OUT, EEM_IN)]
        return [interface((0x0B, 0, self.protocol), ours, extra)] + ([self.others] if self.others else [])

    def configuration(self):
        return configuration(*self.interfaces())


class Bulk(Iccd):
    """Over bulk endpoints: ten octets of header, then data."""

    endpoints = ((OUT, BULK, 64), (IN, BULK, 64))

    def work(self):
        return [self.exchange]

    def exchange(self):
        while True:
            message = self.read(OUT)
            for transfer in self.answers(message):
                self.write(IN, transfer)

    def answers(self, message):
        kind, sequence, data = message[0], message[6], message[10:]
        answer = {0x62: self.on, 0x6F: self.block}.get(kind)
        yield from answer(sequence, data) if answer else self.other(kind, sequence)

    def on(self, sequence, data):
        yield block(sequence, self.card.atr)

    def block(self, sequence, data):
        yield block(sequence, self.card.answer(data))

    def other(self, kind, sequence):
        yield slot(sequence)


def block(sequence, data, status=0, error=0, chain=0, length=None):
    """A DataBlock; one that fills its last packet goes without its end, as no row needs it."""
    length = len(data) if length is None else length
    return struct.pack("<BIBBBBB", 0x80, length, 0, sequence, status, error, chain) + data


def slot(sequence, status=0, error=0):
    return struct.pack("<BIBBBBB", 0x81, 0, 0, sequence, status, error, 0)


class ControlA(Iccd):
    """Over control transfers, version A: TPDUs of T=0, with a status that is asked for."""

    protocol, features = CONTROL_A, 0x00000840
    TO_CARD = (0xA4, 0x10, 0xC2, 0x14, 0x20)

    def __init__(self):
        super().__init__()
        self.header, self.waiting, self.standing = b"", b"", 0x00

    def control(self, kind, request, value, index, length, data):
        answer = {0x62: self.on, 0x63: self.off, 0x65: self.sent, 0x6F: self.block, 0xA0: self.status}.get(request)
        return answer(data) if answer and kind & 0x60 == 0x20 else None

    def on(self, data):
        return self.card.atr

    def off(self, data):
        return b""

    def sent(self, data):
        if self.header:
            self.answered(self.card.answer(self.header + data))
        elif data[1] in self.TO_CARD and data[4]:
            self.header, self.standing = data, 0x10
        else:
            self.answered(self.card.answer(data))
        return b""

    def answered(self, response):
        self.header, self.waiting = b"", response
        self.standing = 0x20 if len(response) == 2 else 0x10

    def block(self, data):
        given, self.waiting = (self.waiting[:-2], self.waiting[-2:]) if self.standing == 0x10 else (self.waiting, b"")
        self.standing = 0x20 if self.waiting else 0x00
        return given

    def status(self, data):
        return bytes([self.standing])


class ControlB(Iccd):
    """Over control transfers, version B: APDUs, with a type before each answer."""

    protocol, most = CONTROL_B, 261

    def __init__(self):
        super().__init__()
        self.waiting = b""

    def control(self, kind, request, value, index, length, data):
        answer = {0x62: self.on, 0x63: self.off, 0x65: self.sent, 0x6F: self.block, 0x81: self.slot}.get(request)
        return answer(data) if answer and kind & 0x60 == 0x20 else None

    def on(self, data):
        self.waiting = self.card.atr
        return b""

    def off(self, data):
        return b""

    def sent(self, data):
        self.waiting = self.card.answer(data)
        return b""

    def block(self, data):
        return b"\x00" + self.waiting

    def slot(self, data):
        return bytes.fromhex("400000")


# --- ICCD, bulk ---


@device
class BulkLengthOf4Gib(Bulk):
    def block(self, sequence, data):
        yield block(sequence, bytes(54), length=0xFFFFFFFF)


@device
class BulkShorterThanItsHeader(Bulk):
    def on(self, sequence, data):
        yield block(sequence, b"")[:9]


@device
class BulkTimeExtensions(Bulk):
    def block(self, sequence, data):
        while True:
            yield block(sequence, b"", status=0x80, error=0xFF)


@device
class BulkPacketsWithoutEnd(Bulk):
    """A transfer that no short packet ends."""

    def block(self, sequence, data):
        yield block(sequence, bytes(54), length=65538)
        while True:
            yield bytes(65536)


@device
class BulkHalted(Bulk):
    def exchange(self):
        while True:
            self.read(OUT)
            self.halt(IN)


@device
class BulkUnread(Bulk):
    def exchange(self):
        pass


@device
class BulkUnpluggedInMidTransfer(Bulk):
    def block(self, sequence, data):
        threading.Timer(0.05, self.unplug).start()
        yield block(sequence, bytes(54), length=65538)
        while True:
            yield bytes(64)


@device
class BulkNoticesWithoutEnd(Bulk):
    """Its interrupt endpoint says what is no notice, and that the hardware has failed."""

    endpoints = (*Bulk.endpoints, (NOTICES, INTERRUPT, 8))

    def work(self):
        return [self.exchange, self.notify]

    def notify(self):
        while True:
            for notice in ("50", "FFFFFFFFFFFFFFFF", "", "51000001"):
                self.write(NOTICES, bytes.fromhex(notice))


# --- ICCD, version A ---


@device
class ControlARefusesAll(ControlA):
    def control(self, *_):
        return None


@device
class ControlADataOctetByOctet(ControlA):
    def block(self, data):
        return b"\x07"

    def status(self, data):
        return b"\x10"


# --- ICCD, version B ---


@device
class ControlBNotReady(ControlB):
    """Not ready, and to be asked again after eleven minutes."""

    def block(self, data):
        return bytes.fromhex("80FFFF")


@device
class ControlBChainOfNothing(ControlB):
    """Parts of a response without an octet, without end."""

    def __init__(self):
        super().__init__()
        self.parts = 0

    def sent(self, data):
        self.parts = 0 if data else self.parts
        return b""

    def block(self, data):
        # The answer to reset is whole.
        if self.waiting:
            waiting, self.waiting = self.waiting, b""
            return b"\x00" + waiting
        self.parts += 1
        return bytes([1 if self.parts == 1 else 3])


@device
class ControlBUnknownType(ControlB):
    def block(self, data):
        return b"\x55" * 250


# --- EEM: the card by ICCD beside it is one that alerts the client ---


class Eem(Bulk):
    """Sends `transfers` for ever, and reads what comes."""

    endpoints = (*Bulk.endpoints, (EEM_OUT, BULK, 64), (EEM_IN, BULK, 64))
    others = EEM

    def work(self):
        return [self.exchange, self.hear, self.speak]

    def hear(self):
        while True:
            self.read(EEM_OUT, 16384)

    def speak(self):
        while True:
            for transfer in self.transfers():
                self.write(EEM_IN, transfer)

    def transfers(self):
        return []


def frame(octets):
    """An Ethernet frame, with the sentinel in place of its CRC."""
    return struct.pack("<H", len(octets) + 4) + octets + bytes.fromhex("DEADBEEF")


def command(code, param=0):
    """A command of EEM: 0 is an Echo."""
    return struct.pack("<H", 0x8000 | code << 11 | param)


@device
class EemSilent(Eem):
    def speak(self):
        pass


@device
class EemNoise(Eem):
    def transfers(self):
        # The same in each run.
        noise = bytes(n * n * 31 >> 3 & 0xFF for n in range(16384))
        return [noise[at : at + 1000] for at in range(0, 16000, 1000)]


@device
class EemEchoesUnread(Eem):
    """Echoes without end, whose answers nobody reads."""

    def hear(self):
        pass

    def transfers(self):
        return [command(0, 100) + bytes(100)] * 20 + [command(0) * 1001]


@device
class EemTransferWithoutEnd(Eem):
    """A transfer of full packets that no short one ends."""

    def transfers(self):
        return [bytes(65536)]


@device
class EemNeighboursWithoutEnd(Eem):
    """ARP requests for the host, each from another machine with another address; nobody reads the answers."""

    def hear(self):
        pass

    def transfers(self):
        for number in range(0, 1 << 20, 21):
            yield b"".join(map(self.request, range(number, number + 21)))

    @staticmethod
    def request(number):
        mac, ip = b"\x02\x00" + number.to_bytes(4, "big"), bytes([192, 168, 7, 2 + number % 250])
        body = bytes.fromhex("0001080006040001") + mac + ip + bytes(6) + HOST
        return frame(b"\xff" * 6 + mac + b"\x08\x06" + body)


@device
class EemHalted(Eem):
    def speak(self):
        while True:
            self.halt(EEM_IN)
            time.sleep(0.02)
