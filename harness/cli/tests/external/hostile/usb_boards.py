"""Boards of the SIMtrace2 family that are hostile, each to be found by its name, and the handset around them."""

import queue
import struct
import threading
import time

from usb_device import BULK, INTERRUPT, Device, configuration, device, interface

OUT, IN, LINES = 0x01, 0x82, 0x83

# Classes and types of messages.
TX_DATA, STATUS, RX_DATA, PTS, CONFIG, SIM_SELECT = (1, 1), (1, 4), (1, 6), (1, 7), (1, 8), (2, 2)
HEADER, FINAL = 1, 2
POWER, CLOCK, RESET = 0x01, 0x02, 0x10
UPDATE = bytes.fromhex("00D6000010")
SELECT = bytes.fromhex("00A4000402")
# The handset does nothing more.
DONE = object()


def message(kind, payload=b"", length=None):
    return struct.pack("<BBHHH", *kind, 0, 0, 8 + len(payload) if length is None else length) + payload


def received(flags, octets, length=None):
    """Characters of the handset."""
    return message(RX_DATA, struct.pack("<IH", flags, len(octets) if length is None else length) + octets)


class Board(Device):
    """A board as it should be, whose handset has power, lets go of reset, and then does what a row has it do."""

    vendor, product = 0x1D50, 0x60E3
    endpoints = ((OUT, BULK, 64), (IN, BULK, 64), (LINES, INTERRUPT, 64))

    def __init__(self):
        super().__init__()
        self.lines = RESET
        # What it has to say on endpoint IN, `None` for that the handset begins.
        self.replies = queue.SimpleQueue()

    def configuration(self):
        return configuration(interface((0xFF, 2, 0), self.endpoints))

    def work(self):
        return [self.hear, self.speak]

    def hear(self):
        while True:
            octets = self.read(OUT)
            while len(octets) >= 8:
                kind, length = (octets[0], octets[1]), max(8, int.from_bytes(octets[6:8], "little"))
                self.heard(kind, octets[8:length])
                octets = octets[length:]

    def heard(self, kind, payload):
        if kind == CONFIG:
            self.replies.put(message(CONFIG, bytes.fromhex("0100000000")))
        elif kind == STATUS:
            self.replies.put(message(STATUS, self.report()))
        elif kind == SIM_SELECT:
            threading.Thread(target=self.served, args=(self.begin,), daemon=True).start()

    def report(self):
        return struct.pack("<IHBBBI", self.lines, 0, 1, 1, 10, 9600)

    def line(self, lines):
        self.lines = lines
        self.write(LINES, message(STATUS, self.report()))

    def begin(self):
        """Power, and reset is let go."""
        for lines in (RESET | POWER, RESET | POWER | CLOCK, POWER | CLOCK):
            self.line(lines)
        self.replies.put(None)

    def speak(self):
        """Replies go before what the handset does."""
        does = None
        while True:
            try:
                octets = self.replies.get(block=does is None)
            except queue.Empty:
                octets = next(does, DONE)
            if octets is None:
                does = does or iter(self.messages())
            elif octets is DONE:
                does = None
            else:
                self.write(IN, octets)

    def messages(self):
        return []


def for_ever(*messages):
    """What a board says, again and again."""

    def give(self):
        while True:
            yield from messages

    return give


@device
class BoardSilent(Board):
    def heard(self, kind, payload):
        pass


@device
class BoardLengthOf64Kib(Board):
    messages = for_ever(message(RX_DATA, bytes(56), length=0xFFFF))


@device
class BoardHeadersWithoutEnd(Board):
    """Commands of the handset, which does not wait for an answer."""

    messages = for_ever(received(HEADER, SELECT))


@device
class BoardMoreDataThanAnnounced(Board):
    messages = for_ever(received(HEADER, UPDATE), received(FINAL, bytes(200)))


@device
class BoardErrorsWithoutEnd(Board):
    messages = for_ever(message((0, 0), bytes.fromhex("09090900FF") + bytes(255)))


@device
class BoardPowerOnAndOff(Board):
    """The handset switches power on and off, three hundred times. Without end a session would end after half a minute."""

    def begin(self):
        for _ in range(300):
            self.line(0)
            super().begin()


@device
class BoardUnpluggedInMidTransfer(Board):
    def messages(self):
        yield received(HEADER, SELECT)
        yield message(RX_DATA, bytes(56), length=280)
        time.sleep(0.1)
        self.unplug()
