#!/usr/bin/env python3
"""Shows the short messages of a run to Wireshark's dissectors and compares what both make of them.

    tshark_sms.py FOLDER

Takes the short messages from the journals of the run folder, packs those that are delivered into an ENVELOPE (SMS-PP
DOWNLOAD) and those that are submitted into a SEND SHORT MESSAGE, each in a GSMTAP frame, and lets tshark read them. Number,
protocol identifier, coding scheme, ports, place in a concatenation and, of a push, transaction, content type, application
and the length of its content must be what the journal says. A message that the harness cannot read must be none for
Wireshark either, or have no push in it.
"""

import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

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
    for path in sorted(glob.glob(os.path.join(folder, "journal*.jsonl"))):
        for line in open(path, encoding="utf-8"):
            event = json.loads(line)
            if event.get("event") == "message" and event["kind"] == "sms":
                yield event["case"], event["fields"], event["octets"]


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


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    distinct = list({octets: (case, fields, octets) for case, fields, octets in messages(sys.argv[1])}.values())
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
    for text in wrong[:20]:
        print(text)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{len(distinct)} distinct short messages: {told}; {len(wrong)} differences")
    sys.exit(1 if wrong or not distinct else 0)


if __name__ == "__main__":
    main()
