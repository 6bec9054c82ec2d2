#!/usr/bin/env python3
"""Has Wireshark decrypt the TLS connections of a run, with the key log of `dmsc report keys`.

    tshark_tls.py FOLDER

Takes the octets of each connection from the channel data of the run's toolkit commands and writes them as TCP into a
capture. Of each connection whose keys the log has, Wireshark has to find the requests and responses that the journal has.
"""

import collections
import os
import struct
import subprocess
import sys
import tempfile

from common import CONFORMS, INPUT, cases, demand_exit, dmsc

PORT = 4116
KINDS = {"http.request": "request", "http.response": "response"}


class Connection:
    """What passed on one connection, in order: whether the client said it, and the octets."""

    def __init__(self, random=None, number=None):
        self.said, self.random, self.number = [], random, number


class Bench:
    """The connections of one case and DUT over channels. A connection begins with the octets of its ClientHello: they are
    told of before they come over the channel, or after."""

    def __init__(self):
        self.channels, self.hellos, self.connections = {}, [], []
        self.heard = collections.defaultdict(collections.Counter)
        self.carried = None

    def say(self, channel, by_client, octets):
        said = self.channels.setdefault(channel, Connection()).said
        if octets:
            said.append((by_client, octets))
            self.begin()

    def begin(self):
        """Begins the connections whose ClientHello has come over a channel."""
        for hello in list(self.hellos):
            for channel, connection in self.channels.items():
                start = start_of(bytes.fromhex(hello[0]), connection.said)
                if start is not None:
                    new = Connection(*hello)
                    connection.said, new.said = connection.said[:start], connection.said[start:]
                    self.channels[channel] = new
                    self.connections.append(new)
                    self.hellos.remove(hello)
                    break

    def message(self, kind, fields):
        if kind in ("receive-data", "send-data"):
            self.carried = (fields.get("destination", 0x20) - 0x20, fields.get("channel_data", ""))
        elif kind == "terminal-response.receive-data" and self.carried:
            self.say(self.carried[0], True, bytes.fromhex(fields.get("channel_data", "")))
        elif kind == "terminal-response.send-data" and self.carried and fields.get("result", 0x30) < 0x10:
            self.say(self.carried[0], False, bytes.fromhex(self.carried[1]))
        elif kind == "tls.client-hello" and fields.get("random"):
            self.hellos.append((fields["random"].lower(), fields["connection_number"]))
            self.begin()
        elif kind in KINDS and "connection_number" in fields:
            self.heard[fields["connection_number"]][KINDS[kind]] += 1


def start_of(random, said):
    """Where the client's octets with a ClientHello begin; none where it has not come whole."""
    for start in range(len(said) - 1, -1, -1):
        by_client, octets = said[start]
        if by_client and octets[:2] == b"\x16\x03":
            return start if random in b"".join(more for up, more in said[start:] if up) else None
    return None


def connections(folder):
    """The connections of each case, and the messages of HTTP that the harness heard on each."""
    found = []
    for case in cases(folder):
        bench = Bench()
        for entry in case["entries"]:
            if entry["event"] == "message":
                bench.message(entry["kind"], entry.get("fields") or {})
        found += [(case["case"], one, bench.heard[one.number]) for one in bench.connections]
    return found


def segment(client_port, by_client, octets, sequence):
    """IPv4 and TCP around octets; the ports tell the sides apart."""
    ports = (client_port, PORT) if by_client else (PORT, client_port)
    hosts = (b"\x7f\0\0\1", b"\x7f\0\0\2") if by_client else (b"\x7f\0\0\2", b"\x7f\0\0\1")
    tcp = struct.pack("!HHIIBBHHH", *ports, sequence[by_client], sequence[not by_client], 0x50, 0x18, 0xFFFF, 0, 0) + octets
    sequence[by_client] += len(octets)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, *hosts) + tcp


def capture(file, found):
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x10000, 101))
    for number, (connection, _) in enumerate(found):
        sequence = {True: 1, False: 1}
        for by_client, octets in connection.said:
            packet = segment(20000 + number, by_client, octets, sequence)
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
    file.flush()


def decrypted(run, case, found, folder):
    """Which of the connections of a case have their keys in the log, and what Wireshark reads of each."""
    keys, packets = os.path.join(folder, "keys.txt"), os.path.join(folder, "run.pcap")
    if os.path.exists(keys):
        os.unlink(keys)
    done = dmsc("report", "keys", run, "--case", case, "-o", keys)
    demand_exit(done, CONFORMS, INPUT)
    known = {line.split()[1] for line in open(keys)} if done.returncode == CONFORMS else set()
    with open(packets, "wb") as file:
        capture(file, found)
    fields = ["tcp.srcport", "tcp.dstport", "http.request.method", "http.response.code"]
    command = ["tshark", "-n", "-r", packets, "-Y", "http", "-T", "fields", "-E", "separator=;"]
    command += ["-d", f"tcp.port=={PORT},tls", "-d", f"tls.port=={PORT},http"]
    command += ["-o", f"tls.keylog_file:{keys}"] if known else []
    command += [word for field in fields for word in ("-e", field)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seen = collections.defaultdict(collections.Counter)
    for line in shown.splitlines():
        source, destination, requests, responses = line.split(";")
        port = int(destination if int(source) == PORT else source)
        for name, values in (("request", requests), ("response", responses)):
            seen[port - 20000][name] += len(values.split(",")) if values else 0
    return known, seen


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases = collections.defaultdict(list)
    for case, connection, heard in connections(sys.argv[1]):
        cases[case].append((connection, heard))
    wrong, read, messages = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for case, found in cases.items():
            known, seen = decrypted(sys.argv[1], case, found, folder)
            for number, (connection, heard) in enumerate(found):
                expected, got = heard if connection.random in known else {}, seen[number]
                # What the harness says it may spoil on purpose, or not be rid of before the case is over.
                if any(got[kind] != count for kind, count in expected.items()) or not expected and +got and not known:
                    wrong.append(f"{case}: Wireshark reads {dict(got)}, and the journal has {dict(expected)}")
                read += connection.random in known
                messages += sum(got.values())
    for text in wrong[:20]:
        print(text)
    count = sum(map(len, cases.values()))
    print(f"{count} connections over channels, the keys of {read} in the log; {messages} messages of HTTP read, {len(wrong)} differences")
    sys.exit(1 if wrong or not messages else 0)


if __name__ == "__main__":
    main()
