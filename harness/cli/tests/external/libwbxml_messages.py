#!/usr/bin/env python3
"""Shows every DM message of a run to libwbxml, in both directions, and compares what both make of it.

    libwbxml_messages.py WBXML FOLDER

WBXML is the example of that name of dmsc-dm. A message in WBXML is turned into XML by wbxml2xml; one in XML into WBXML by
xml2wbxml, and our WBXML of it into XML by wbxml2xml. Whatever comes out is read by us and has to say what we read in the
message itself. A message that we cannot read, libwbxml may take as it likes; it is counted.
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

from common import cases


def messages(folder):
    """Octets of each DM message, with the first case it is seen in."""
    seen = {}
    for case in cases(folder):
        for entry in case["entries"]:
            if entry["event"] == "message" and entry["kind"] == "dm.message" and entry.get("octets"):
                seen.setdefault(entry["octets"], case["case"])
    return seen


def level(tree):
    """Without two habits of libwbxml: it turns types +wbxml into +xml, and writes line feeds as CR LF."""
    return json.loads(re.sub(r"\\r\\n", r"\\n", tree.replace("dmtnds+wbxml", "dmtnds+xml")))


def parts(own, other, path=""):
    """Where two trees part: a place and both values; none where they do not. A third habit: an object in WBXML, which is
    octets in a message, it turns into XML, too. A fourth: of a text it drops white space at both ends."""
    if isinstance(own, dict) and isinstance(other, dict) and own.keys() == other.keys():
        return next(filter(None, (parts(own[key], other[key], f"{path}.{key}") for key in own)), None)
    if isinstance(own, list) and isinstance(other, list) and len(own) == len(other):
        pairs = enumerate(zip(own, other))
        return next(filter(None, (parts(one, two, f"{path}[{at}]") for at, (one, two) in pairs)), None)
    if isinstance(own, dict) and isinstance(other, str) and path.endswith(".data") and other.startswith("<MgmtTree"):
        return None
    if isinstance(own, str) and isinstance(other, str) and path.endswith(".data") and own.strip() == other.strip():
        return None
    return None if own == other else f"{path}: `{str(own)[:150]}` is `{str(other)[:150]}`"


# What stands for the tree of what nobody can read.
UNREADABLE = "what libwbxml wrote cannot be read"


class Tools:
    def __init__(self, wbxml, folder):
        self.wbxml, self.folder = wbxml, folder

    def ours(self, verb, path):
        """What the example makes of a file; none where it cannot read it."""
        done = subprocess.run([self.wbxml, verb, path], capture_output=True)
        return done.stdout if done.returncode == 0 else None

    def tree(self, path):
        found = self.ours("tree", path)
        return found and level(found.decode())

    def theirs(self, command, source, name):
        """The tree of what libwbxml writes; a text that says why where there is none."""
        target = f"{source}.{name}"
        done = subprocess.run([*command, "-o", target, source], capture_output=True, text=True)
        if not os.path.exists(target):
            return "libwbxml: " + (done.stdout + done.stderr).strip()[:200]
        return self.tree(target) or UNREADABLE

    def compare(self, octets, number):
        """The encoding, and what differs."""
        source = os.path.join(self.folder, str(number))
        with open(source, "wb") as file:
            file.write(octets)
        own = self.tree(source)
        if own is None:
            return "unreadable", []
        to_xml, to_wbxml = ["wbxml2xml", "-m", "0", "-k"], ["xml2wbxml", "-v", "1.2", "-n"]
        if octets[0] < 4:
            read = {"theirs": self.theirs(to_xml, source, "xml")}
        else:
            binary = f"{source}.ours"
            with open(binary, "wb") as file:
                file.write(self.ours("encode", source) or b"")
            read = {
                "theirs": self.theirs(to_wbxml, source, "wbxml"),
                "ours, read by libwbxml": self.theirs(to_xml, binary, "xml"),
            }
        # A fifth habit: octets of WBXML it writes into XML as they are, whatever XML may have.
        if b'"hex":' in (self.ours("tree", source) or b"") and UNREADABLE in read.values():
            return "with octets that XML cannot have", []
        parted = {name: parts(own, tree) for name, tree in read.items()}
        different = [f"{name}: {where}" for name, where in parted.items() if where]
        return ("wbxml" if octets[0] < 4 else "xml"), different


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = messages(sys.argv[2])
    counts, wrong = collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tools = Tools(sys.argv[1], folder)
        done = pool.map(lambda job: tools.compare(bytes.fromhex(job[1]), job[0]), enumerate(found))
        for (encoding, different), case in zip(done, found.values()):
            counts[encoding] += 1
            wrong += [f"{case}: {text}" for text in different]
    for text in wrong[:20]:
        print(text)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{len(found)} distinct DM messages: {told}; {len(wrong)} differences")
    sys.exit(1 if wrong or not counts["wbxml"] or not counts["xml"] else 0)


if __name__ == "__main__":
    main()
