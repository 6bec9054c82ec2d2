#!/usr/bin/env python3
"""Shows the short messages of a run to Wireshark's dissectors and compares what both make of them.

    tshark_sms.py FOLDER

Takes the short messages from the journals of the run folder, packs those that are delivered into an ENVELOPE (SMS-PP
DOWNLOAD) and those that are submitted into a SEND SHORT MESSAGE, each in a GSMTAP frame, and lets tshark read them. Number,
protocol identifier, coding scheme, ports, place in a concatenation and, of a push, transaction, content type, application
and the length of its content must be what the journal says. A message that the harness cannot read must be none for
Wireshark either, or have no push in it. Messages of CDMA go to the dissector of ANSI IS-637-A: teleservice, type, number, length
and beginning of the WAP datagram, with its ports, must be those of the journal.
"""

import collections
import re
import struct
import subprocess
import sys
import tempfile

from common import cases
from tshark_apdus import gsmtap, pcap

# Well-known content types and applications as Wireshark calls them.
CONTENT_TYPES = {
    0x42: "application/vnd.syncml.dm+wbxml",
    0x43: "application/vnd.syncml.dm+xml",
    0x44: "application/vnd.syncml.notification",
}
APPLICATIONS = {0x04: "mms.ua", 0x05: "push.syncml", 0x07: "syncml.dm", 0x08: "drm.ua"}


def tlv(tag, value):
    length = [len(value)] if len(value) < 0x80 else [0x81, len(value)]
    return bytes([tag, *length]) + value


def apdu(tpdu):
    """An exchange that carries the message: what goes to the network is fetched from the card, the rest goes to it."""
    if tpdu[:1] and tpdu[0] & 0x03 == 0x01:
        command = tlv(0xD0, tlv(0x81, b"\x01\x13\x00") + tlv(0x82, b"\x81\x83") + tlv(0x8B, tpdu))
        return bytes([0x80, 0x12, 0, 0, len(command) & 0xFF]) + command + b"\x90\x00"
    envelope = tlv(0xD1, tlv(0x82, b"\x83\x81") + tlv(0x8B, tpdu))
    return bytes([0x80, 0xC2, 0, 0, len(envelope)]) + envelope + b"\x90\x00"


def messages(folder):
    """Fields of each short message, as the journal has them, with its octets."""
    for case in cases(folder):
        for entry in case["entries"]:
            if entry["event"] == "message" and entry["kind"] == "sms":
                yield case["case"], entry["fields"], entry["octets"]


def expected(fields):
    """What Wireshark has to show: patterns over its text."""
    wanted = {
        "type": f"SMS-{fields['type'].upper()}\\b",
        "pid": f"TP-PID: {fields['pid']}\\b",
        "dcs": f"TP-DCS: {fields['dcs']}\\b",
        "number": f"TP-(OA|DA) Digits: {re.escape(fields['number'].lstrip('+'))}\\b",
        "user_data_length": f"TP-User-Data-Length: \\({fields['user_data_length']}\\)",
    }
    if "port" in fields:
        wanted["port"] = f"Destination port: .*\\({fields['port']}\\)"
        wanted["source_port"] = f"Originator port: .*\\({fields['source_port']}\\)"
    if "part" in fields:
        wanted["part"] = f"Message part number: {fields['part']}\\b"
        wanted["parts"] = f"Message parts: {fields['parts']}\\b"
        wanted["reference"] = f"Message identifier: {fields['reference']}\\b"
    elif "content_type" in fields and fields.get("port") == 2948:
        wanted["push_id"] = f"Transaction ID: 0x{fields['push_id']:02x}"
        content, application = fields["content_type"], fields.get("application_id")
        content = CONTENT_TYPES.get(content, content)
        if isinstance(content, str):
            wanted["content_type"] = f"Content-Type: {re.escape(content)}"
        application = APPLICATIONS.get(application, application)
        if isinstance(application, str):
            wanted["application_id"] = f"X-Wap-Application-Id: .*{re.escape(application)}"
    return wanted


# The teleservice of WAP (C.S0015 3.4.3.1), the types of messages (4.5.1), and the link type of pcap for octets that a named
# dissector is to read.
WAP, TYPES, UPPER_PDU = "4100", {"1": "deliver", "2": "submit"}, 252


def upper_pdu(dissector, octets):
    """Octets for a dissector by name: a tag with the name, and one that ends the tags."""
    name = dissector.encode() + bytes(-len(dissector) % 4)
    return struct.pack(">HH", 12, len(name)) + name + struct.pack(">HH", 0, 0) + octets


def compare_cdma(distinct, counts, wrong):
    """Messages of CDMA, as the journal and as Wireshark has them."""
    fields = ["trans.tele_id", "tele.msg_type", "trans.addr_param.number", "tele.user_data.num_fields", "tele.user_data.text"]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        capture.write(pcap((upper_pdu("ansi_637_trans", bytes.fromhex(octets)) for _, _, octets in distinct), UPPER_PDU))
        capture.flush()
        shown = [word for field in fields for word in ("-e", f"ansi_637_{field}")]
        command = ["tshark", "-n", "-T", "fields", *shown, "-r", capture.name]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    if len(lines) != len(distinct):
        sys.exit(f"tshark shows {len(lines)} messages of CDMA of {len(distinct)}")
    for (case, ours, octets), line in zip(distinct, lines):
        tele, kind, number, length, text = line.split("\t")
        counts["cdma"] += 1
        counts["values"] += len(fields)
        # A WAP datagram in one segment: type, segments, number, ports. Wireshark shows the beginning of a long one.
        datagram = f"000100{ours['source_port']:04x}{ours['port']:04x}{ours['payload'].lower()}"
        found = (tele, TYPES.get(kind), number, int(length), text.rstrip("…"))
        wanted = (WAP, ours["type"], ours["number"].lstrip("+"), len(datagram) // 2, datagram[: len(text.rstrip("…"))])
        if found != wanted or len(found[4]) < 14:
            wrong.append(f"{case}: {wanted} here, and {found} for Wireshark in {octets}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    every = {octets: (case, fields, octets) for case, fields, octets in messages(sys.argv[1])}.values()
    distinct = [one for one in every if not one[1].get("cdma")]
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        capture.write(pcap(gsmtap(apdu(bytes.fromhex(octets))) for _, _, octets in distinct))
        capture.flush()
        # Each message is looked at by itself, and so are the parts of one.
        options = ["-o", "gsm_sms.reassemble:FALSE"]
        command = ["tshark", "-n", "-V", *options, "-r", capture.name]
        verbose = subprocess.run(command, check=True, capture_output=True, text=True)
    frames = verbose.stdout.split("\nFrame ")
    if len(frames) != len(distinct):
        sys.exit(f"tshark shows {len(frames)} frames of {len(distinct)}")
    counts, wrong = collections.Counter(), []
    for (case, fields, octets), frame in zip(distinct, frames):
        if "malformed" in fields:
            counts["unreadable"] += 1
            if "Type: application/vnd.syncml.notification" in frame:
                wrong.append(f"{case}: Wireshark reads a notification in {octets}")
            continue
        counts[fields["type"]] += 1
        for name, pattern in expected(fields).items():
            counts["values"] += 1
            if not re.search(pattern, frame):
                wrong.append(f"{case}: {name} is {fields.get(name)} here, and Wireshark has no `{pattern}` in {octets}")
    compare_cdma([one for one in every if one[1].get("cdma")], counts, wrong)
    for text in wrong[:20]:
        print(text)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{len(every)} distinct short messages: {told}; {len(wrong)} differences")
    sys.exit(1 if wrong or not distinct else 0)


if __name__ == "__main__":
    main()
