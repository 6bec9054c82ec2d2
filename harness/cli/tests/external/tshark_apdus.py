#!/usr/bin/env python3
"""Shows the toolkit traffic of a run to Wireshark's dissector and compares what both make of it.

    tshark_apdus.py FOLDER

Takes the proactive commands, terminal responses and envelopes from the journals of the run folder, packs each with its
answer into a GSMTAP frame, and lets tshark read them. For each the instruction, and for proactive commands and terminal
responses the type of command, must be what the journal says; nothing may be malformed. Messages that a case made wrong
on purpose are recognised by the types of check they belong to: cases that edit octets are left out.
"""

import collections
import struct
import subprocess
import sys
import tempfile

from common import cases

# Commands as Wireshark calls them, where that is not the name in capitals.
NAMES = {"more-time": "MORE TIME", "refresh": "REFRESH"}
# Cases that send what no dissector needs to understand.
ODD = ("truncated", "unknown", "missing-objects", "broken", "wrong-channel")


def gsmtap(apdu):
    """One exchange as a frame: raw IPv4, UDP to port 4729, GSMTAP type SIM."""
    tap = struct.pack(">BBBBHBBIBBBB", 2, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0) + apdu
    udp = struct.pack(">HHHH", 4729, 4729, 8 + len(tap), 0) + tap
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), bytes([127, 0, 0, 1]))
    return ip + udp


def pcap(frames, link=101):
    """A capture of frames; by itself they are IP packets (LINKTYPE_RAW)."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for frame in frames:
        out += struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
    return out


def exchanges(folder):
    """Kind and octets of each message that is one, header to status word."""
    for case in cases(folder):
        for event in case["entries"]:
            if event["event"] != "message" or any(word in case["case"] for word in ODD):
                continue
            kind, octets = event["kind"], bytes.fromhex(event["octets"])
            if event["from"] == "card" and octets[:1] == b"\xd0":
                command = octets[:-2] if octets[-2:] == b"\x90\x00" and event["from"] == "card" and whole(octets[:-2]) else octets
                if whole(command):
                    yield kind, bytes([0x80, 0x12, 0, 0, len(command) & 0xFF]) + command + b"\x90\x00"
            elif event["from"] == "terminal" and octets[:2] in (b"\x80\x14", b"\x80\xc2"):
                # Le of an ENVELOPE is not part of what the dissector takes for data.
                yield kind, octets[: 5 + octets[4]] + b"\x90\x00"


def whole(command):
    """Whether a BER-TLV object is as long as it says."""
    if len(command) < 2:
        return False
    if command[1] < 0x80:
        return len(command) == 2 + command[1]
    return command[1] == 0x81 and len(command) > 2 and len(command) == 3 + command[2]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(exchanges(sys.argv[1]))
    distinct = list(dict.fromkeys(found))
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        capture.write(pcap(gsmtap(apdu) for _, apdu in distinct))
        capture.flush()
        verbose = subprocess.run(["tshark", "-n", "-V", "-r", capture.name], check=True, capture_output=True, text=True)
    frames = verbose.stdout.split("\nFrame ")
    if len(frames) != len(distinct):
        sys.exit(f"tshark shows {len(frames)} frames of {len(distinct)}")
    counts, wrong = collections.Counter(), []
    for (kind, apdu), frame in zip(distinct, frames):
        counts[kind] += 1
        expected = {0x12: "FETCH", 0x14: "TERMINAL RESPONSE", 0xC2: "ENVELOPE"}[apdu[1]]
        if expected not in frame:
            wrong.append(f"{kind}: not taken for {expected}: {apdu.hex()}")
        if "Malformed" in frame:
            wrong.append(f"{kind}: malformed: {apdu.hex()}")
        if apdu[1] in (0x12, 0x14):
            name = kind.removeprefix("terminal-response.")
            name = NAMES.get(name, name.replace("-", " ").upper())
            if f"Command Type: {name}" not in frame:
                wrong.append(f"{kind}: Wireshark sees no {name}: {apdu.hex()}")
    for text in wrong[:20]:
        print(text)
    print(f"{len(distinct)} distinct messages of {len(found)}, {len(counts)} kinds, {len(wrong)} differences")
    sys.exit(1 if wrong or not distinct else 0)


if __name__ == "__main__":
    main()
