"""A USB device of which every octet is the row's: GadgetFS of Linux hands requests of the host to this process as they
come, and takes its descriptors and answers as they are. Of the configuration it looks at the first nine octets only.

A device lives in a process of its own, so that it is unplugged when that process ends, whatever its threads wait for.
"""

import errno
import os
import re
import signal
import struct
import threading
import time
import traceback
from pathlib import Path

FOLDER = Path("/dev/gadget")
CONTROL = FOLDER / "dummy_udc"

# Where the host has the device.
PRESENT = Path("/sys/bus/usb/devices/1-1")
# How long it may take from there to the configuration, in seconds.
DISLIKED = 1.5

# Events of endpoint 0.
SETUP = 3
# What ends a wait on a file of the device, without meaning that the device is gone.
PASSING = {errno.EIDRM, errno.EINTR, errno.EAGAIN, errno.EL2HLT, errno.ESRCH, errno.EBADMSG}

BULK, INTERRUPT = 2, 3
# Files of endpoints that can be of any address and of either kind.
FILES = {0x00: ["ep-aout", "ep-cout", "ep-dout"], 0x80: ["ep-bin", "ep-ein", "ep-gin"]}

# The octets that GadgetFS gives in answer to a request at most, a configuration included, so that a short packet ends it.
MOST = 255

# An answer to a request that never comes; `None` refuses it.
NEVER = object()

# The devices of the rows, by their names.
DEVICES = {}


def device(made):
    """Enters a class by its name: SomeCard is some-card."""
    DEVICES["-".join(re.findall("[A-Z][a-z]*|[0-9]+", made.__name__)).lower()] = made
    return made


def descriptor(kind, *fields):
    """A descriptor of so many octets as it has."""
    octets = b"".join(bytes([field]) if isinstance(field, int) else field for field in fields)
    return bytes([len(octets) + 2, kind]) + octets


def interface(kind, endpoints, extra=b"", number=0, count=None, alternate=0, name=0):
    """An interface with its endpoints, each an address, a kind and the octets of its largest packet."""
    head = descriptor(4, number, alternate, len(endpoints) if count is None else count, *kind, name)
    return head + extra + b"".join(endpoint(*one) for one in endpoints)


def endpoint(address, kind, packet):
    return descriptor(5, address, kind, struct.pack("<H", packet), 1)


def configuration(*interfaces):
    """A configuration; its length is that of all that is in it."""
    body = b"".join(interfaces)
    return descriptor(2, struct.pack("<H", 9 + len(body)), len(interfaces), 1, 0, 0x80, 50) + body


def text(words):
    """A string descriptor."""
    return descriptor(3, words.encode("utf-16-le", "surrogatepass"))


class Device:
    """A device; a row changes what it needs."""

    vendor, product = 0x1D6B, 0x0105
    # Strings 1 to 3 are manufacturer, product and serial number.
    strings = {0: descriptor(3, b"\x09\x04"), 1: text("rows"), 2: text("hostile"), 3: text("1")}
    # The endpoints that are served, each an address, a kind and the octets of its largest packet.
    endpoints = ()

    def __init__(self):
        self.ready = None
        self.files = {}
        self.control_file = -1
        # What the host has asked for of endpoint 0, by type and request.
        self.asked = {}

    # -- what it is --

    def device(self):
        ids = struct.pack("<HHH", self.vendor, self.product, 0x0100)
        return descriptor(1, b"\x00\x02", 0, 0, 0, 64, ids, 1, 2, 3, 1)

    def configuration(self):
        raise NotImplementedError

    # -- what it does --

    def string(self, index):
        return self.strings.get(index)

    def control(self, kind, request, value, index, length, data):
        """What it answers to a request of a class, or a vendor: octets where the host reads, and any where it writes;
        `None` refuses, and NEVER lets the host wait."""
        return None

    def work(self):
        """The functions that serve its endpoints, each in a thread of its own."""
        return []

    # -- how that is done --

    def run(self, ready):
        """Serves until the process is ended. Writes an octet to `ready` whenever the host has chosen the configuration."""
        self.ready = ready
        self.control_file = os.open(CONTROL, os.O_RDWR)
        os.write(self.control_file, struct.pack("<I", 0) + self.configuration() + self.device())
        while True:
            try:
                event = os.read(self.control_file, 12)
            except OSError as error:
                if error.errno in PASSING:
                    continue
                raise
            if struct.unpack_from("<I", event, 8)[0] == SETUP:
                try:
                    self.setup(*struct.unpack_from("<BBHHH", event))
                except OSError as error:
                    # A host that has given a request up hears no more of it.
                    if error.errno not in PASSING:
                        raise

    def setup(self, kind, request, value, index, length):
        self.asked[kind, request] = self.asked.get((kind, request), 0) + 1
        data = os.read(self.control_file, length) if length and not kind & 0x80 else b""
        if (kind, request) == (0x00, 9):
            self.configured()
            return
        if (kind, request, value >> 8) == (0x80, 6, 3):
            answer = self.string(value & 0xFF)
        else:
            answer = self.control(kind, request, value, index, length, data)
        if answer is NEVER:
            while True:
                time.sleep(60)
        reads, refused = kind & 0x80 != 0, answer is None
        if reads and not refused:
            os.write(self.control_file, answer[: min(length, MOST)])
        elif not reads and length:
            # Its data have been taken, and with them it has ended.
            pass
        elif reads == refused:
            # In the wrong direction it refuses, in the right one it is the end.
            os.read(self.control_file, 0)
        else:
            os.write(self.control_file, b"")

    def configured(self):
        names = {direction: iter(files) for direction, files in FILES.items()}
        for address, kind, packet in self.endpoints:
            file = os.open(FOLDER / next(names[address & 0x80]), os.O_RDWR)
            os.write(file, struct.pack("<I", 1) + descriptor(5, address, kind, struct.pack("<H", packet), 1))
            self.files[address] = file
        os.read(self.control_file, 0)
        for serve in self.work():
            threading.Thread(target=self.served, args=(serve,), daemon=True).start()
        os.write(self.ready, b".")

    @staticmethod
    def served(serve):
        try:
            serve()
        except OSError as error:
            if error.errno not in PASSING | {errno.ESHUTDOWN, errno.ENODEV, errno.ECONNRESET}:
                raise

    def read(self, address, most=4096):
        return os.read(self.files[address], most)

    def write(self, address, octets):
        os.write(self.files[address], octets)

    def halt(self, address):
        """Halts an endpoint; the host may clear that."""
        try:
            (os.read if address & 0x80 else os.write)(self.files[address], 0 if address & 0x80 else b"")
        except OSError as error:
            if error.errno != errno.EBADMSG:
                raise

    @staticmethod
    def unplug():
        os._exit(0)


class Plugged:
    """A device that is on the bus, made in a process of its own; to be left by `with`."""

    def __init__(self, make):
        taken, self.given = os.pipe()
        self.configured = os.fdopen(taken, "rb", buffering=0)
        self.process = os.fork()
        if self.process == 0:
            self.configured.close()
            self.play(make)
        os.close(self.given)

    def play(self, make):
        try:
            make().run(self.given)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def wait(self, limit):
        """Waits until the host has chosen its configuration; a host that has the device and has not chosen by then does
        not like it."""
        os.set_blocking(self.configured.fileno(), False)
        until, since = time.monotonic() + limit, None
        while time.monotonic() < until and not self.configured.read(1):
            if since is None and PRESENT.exists():
                since = time.monotonic()
                until = min(until, since + DISLIKED)
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.configured.close()
        # What it held is given back a little later, and the next device needs it.
        until = time.monotonic() + 10
        while not settled() and time.monotonic() < until:
            time.sleep(0.05)


def settled():
    """Whether no device is there, for the host as for GadgetFS."""
    return os.listdir(FOLDER) == [CONTROL.name] and not PRESENT.exists()
