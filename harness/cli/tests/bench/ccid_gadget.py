#!/usr/bin/python3
"""A USB card reader with a card in it, made of FunctionFS: shows that the bench works, with nothing of the harness.

    ccid_gadget.py FOLDER

FOLDER is where FunctionFS is mounted. Prints `ready` when the descriptors are written, so that the gadget can be plugged
in, and then answers until the file system is unmounted or the process is ended. The card answers each command with its
own header octets followed by 90 00.
"""
import os
import struct
import sys
import threading

ATR = bytes.fromhex("3b 9f 95 80 1f c3 80 31 e0 73 fe 21 13 57 86 81 02 86 98 44 18 a8")
# CCID 1.1, 5.1: one slot, T=0, short APDU level, all parameters automatic, no mechanics.
CCID = struct.pack(
    "<BBHBBIIIBIIBIIIIIBBHBB",
    54, 0x21, 0x0110, 0, 7, 1, 4000, 4000, 0, 10752, 10752, 0, 254, 0, 0, 0x000200BE, 271, 0xFF, 0xFF, 0, 0, 1,
)


def descriptors():
    """Interface, class descriptor and two bulk endpoints, at full and at high speed (FunctionFS format 2)."""
    def at(packet):
        return (
            struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 2, 0x0B, 0, 0, 1)
            + CCID
            + struct.pack("<BBBBHB", 7, 5, 0x01, 2, packet, 0)
            + struct.pack("<BBBBHB", 7, 5, 0x82, 2, packet, 0)
        )
    body = struct.pack("<II", 4, 4) + at(64) + at(512)
    return struct.pack("<III", 3, 12 + len(body), 1 | 2) + body


def strings():
    body = struct.pack("<H", 0x0409) + b"Bench reader\0"
    return struct.pack("<IIII", 2, 16 + len(body), 1, 1) + body


def answer(message):
    """The reader's answer to one bulk message (CCID 1.1, 6.1 and 6.2)."""
    kind, length, slot, sequence = struct.unpack_from("<BIBB", message)
    data = message[10:10 + length]
    parameters = bytes.fromhex("11 00 00 0a 00")
    reply, body = {
        0x62: (0x80, ATR),
        0x63: (0x81, b""),
        0x65: (0x81, b""),
        0x6C: (0x82, parameters),
        0x61: (0x82, parameters),
        0x6F: (0x80, data[:4] + b"\x90\x00"),
    }.get(kind, (0x81, None))
    # Status 0 is an active card; 0x40 a failed command, and error 0 one that is not supported.
    status = 0x40 if body is None else 0
    return struct.pack("<BIBBBBB", reply, len(body or b""), slot, sequence, status, 0, 0) + (body or b"")


def control(ep0):
    """Class requests: none is supported; reading in a request's wrong direction stalls it."""
    while True:
        event = os.read(ep0, 12)
        if event[8] == 4:
            try:
                if event[0] & 0x80:
                    os.read(ep0, 0)
                else:
                    os.write(ep0, b"")
            except OSError:
                pass


def main():
    folder = sys.argv[1]
    ep0 = os.open(f"{folder}/ep0", os.O_RDWR)
    os.write(ep0, descriptors())
    os.write(ep0, strings())
    out, into = (os.open(f"{folder}/ep{n}", os.O_RDWR) for n in (1, 2))
    threading.Thread(target=control, args=(ep0,), daemon=True).start()
    print("ready", flush=True)
    while True:
        try:
            os.write(into, answer(os.read(out, 512)))
        except OSError as error:
            # Unplugged in the middle of a transfer: the next one waits for the next plug.
            print(error, file=sys.stderr)


if __name__ == "__main__":
    main()
