#!/usr/bin/env python3
"""Hostile inputs: what a run against each comes to, how long it takes, and how much memory.

usage: hostile.py OUT [ID...]

The inputs are those of hostile/inputs.toml, which says how. This plays those over TCP, and the terminals at the socket
of vpcd; the others are named there with who plays them. Each peer is a process of its own, so that this one stays small:
the memory that Linux counts for a process is at least that of the one that started it. Needs bash and Linux.
"""

import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

from common import DMSC, FAILS, INCONCLUSIVE, RIG, ROOT, demand

HERE = Path(__file__).resolve().parent / "hostile"
sys.path.append(str(ROOT / "harness/cli/tests/dut"))

import dm  # noqa: E402

# A run is killed when it takes so long, whatever its input may take.
LIMIT = 180
WORKERS = 2

ACCOUNT = """ixit:
  server_id: dmsc.example.com
  server_secret: s3cr3t-P@ss
  server_nonce: 000102030405060708090A0B0C0D0E0F
  server_auth: md5
  client_name: client1
  client_secret: pwd-C
  client_nonce: 000102030405060708090A0B0C0D0E0F
  client_auth: md5
  encoding: xml
  window: 2 s
"""
OVER_TLS = """  address: "https://{host}:{port}/OMA/DM"
  psk_identity: dmsc-terminal
  psk: 646D73632D7072657368617265642D6B
"""
# Each session begins with the nonces of the account.
FORGETS = "reset: ['true']\n"


def notification():
    """A Package#0 with the nonce that the account begins with."""
    package0 = dm.Package0(server_id=b"dmsc.example.com", session_id=0xA5, ui_mode=1, initiator=1)
    return package0.octets("s3cr3t-P@ss", bytes(range(16))).hex()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(row, name, port):
    """The process of the peer, and the port where it listens."""
    words = [sys.executable, HERE / "play.py", row["link"], name, str(port)]
    peer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    return peer, int(peer.stdout.readline())


def dut(row, ours, theirs):
    """The DUT file: `ours` is the port where the harness listens, `theirs` that of the peer."""
    secure = OVER_TLS if row.get("tls") else ""
    if row["link"] == "vpcd":
        link = f"vpcd: {{ address: '127.0.0.1:{theirs}', appear: 3 s }}"
        kind, ics, more = "terminal", "reference-terminal", "ixit: { window: 2 s }\nrecovery: 2 s\n" + FORGETS
    elif row["link"] == "tcp-server":
        link = f"tcp: {{ connect: '127.0.0.1:{theirs}', wake: [echo, {notification()}] }}"
        kind, ics, more = "card", "reference-card" if secure else "python-server", ACCOUNT + secure + FORGETS
    else:
        notify = f'[bash, -c, "cat </dev/tcp/127.0.0.1/{theirs}"]'
        link = f"tcp: {{ listen: '127.0.0.1:{ours}', notify: {notify}, ends_with_command: true }}"
        kind, ics, more = "terminal", "reference-terminal" if secure else "python-client", ACCOUNT + secure + FORGETS
    ics = ROOT / f"fixtures/duts/{ics}.ics.yaml"
    return f"dut: 1\nname: hostile\nkind: {kind}\nlink: {{ {link} }}\nics: {ics}\n{more}"


def run(folder, identifier, row):
    """One run; gives its time in seconds, its peak of memory in MiB, how it ended, and what it wrote."""
    stem = folder / identifier.replace("/", "-")
    path, out, log = stem.with_suffix(".dut.yaml"), stem.with_suffix(".run"), stem.with_suffix(".txt")
    shutil.rmtree(out, ignore_errors=True)
    ours = free_port()
    peer, theirs = start(row, identifier.partition("/")[2], ours)
    path.write_text(dut(row, ours, theirs))
    words = [DMSC, "run", "--unattended", "--dut", path, "--out", out]
    words += [f"--case={case}" for case in row["cases"]]
    began = time.monotonic()
    with log.open("wb") as written:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT, cwd=ROOT)
        killer = threading.Timer(LIMIT, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        killer.cancel()
    took = time.monotonic() - began
    peer.kill()
    peer.wait()
    return took, usage.ru_maxrss / 1024, process.returncode, log.read_text(errors="replace"), out


def judged(out):
    """The cases of a run that came to something: outcome and reasons of each."""
    matrix = json.loads((out / "matrix.json").read_text())
    return [entry for entry in matrix["cases"] if entry.get("code") != "not-selected"]


def size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / (1 << 20)


def judge(row, limits, took, memory, code, text, out):
    """What became of the cases, and what is wrong with the run."""
    if code not in (FAILS, INCONCLUSIVE, RIG):
        return "-", 0, [f"it ended with {code}"]
    wrong, cases, folder = [], judged(out), size(out)
    kinds = sorted({entry["outcome"] for entry in cases})
    if kinds != [row["outcome"]]:
        wrong.append(f"{', '.join(kinds)} instead of {row['outcome']}")
    # What a person reads, line breaks aside.
    if row["says"] not in " ".join(text.split()):
        wrong.append(f"nothing is said of: {row['says']}")
    if took > row["seconds"]:
        wrong.append(f"it took {took:.1f} s, more than {row['seconds']} s")
    if memory > limits["memory"]:
        wrong.append(f"it took {memory:.0f} MiB of memory, more than {limits['memory']}")
    if folder > limits["folder"]:
        wrong.append(f"its run folder has {folder:.1f} MiB, more than {limits['folder']}")
    return ",".join(kinds), folder, wrong


def use(folder, identifier, row, limits):
    """A line to print, and whether all is well."""
    took, memory, code, text, out = run(folder, identifier, row)
    kinds, room, wrong = judge(row, limits, took, memory, code, text, out)
    lines = [f"{identifier:46} {kinds:13} {took:6.1f} s {memory:6.0f} MiB {room:6.1f} MiB"]
    lines += [f"    {what}" for what in wrong]
    return "\n".join(lines), not wrong, memory


def inputs():
    """The limits, and the inputs that are played here, by their name: what stands in a section itself holds for all of
    it. A section with `by` is played by whom that names."""
    listed = tomllib.loads((HERE / "inputs.toml").read_text())
    limits, rows = listed.pop("limits"), {}
    for link, section in listed.items():
        common = {key: value for key, value in section.items() if not isinstance(value, dict)}
        if "by" not in common:
            own = {name: row for name, row in section.items() if isinstance(row, dict)}
            rows |= {f"{link}/{name}": {**common, "link": link, **row} for name, row in own.items()}
    return limits, rows


def main():
    folder, *chosen = sys.argv[1:]
    folder = Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    limits, rows = inputs()
    unknown = set(chosen) - set(rows)
    demand(not unknown, f"no such inputs: {', '.join(sorted(unknown))}")
    demand(all(row["outcome"] != "pass" for row in rows.values()), "an input is listed that is to pass")
    work, results = queue.Queue(), queue.Queue()
    for identifier in chosen or rows:
        work.put(identifier)
    total = work.qsize()

    def worker():
        while True:
            try:
                identifier = work.get_nowait()
            except queue.Empty:
                return
            try:
                results.put((identifier, *use(folder, identifier, rows[identifier], limits)))
            except Exception as error:  # The others are still of interest.
                results.put((identifier, f"{identifier}: {type(error).__name__}: {error}", False, 0))

    began = time.monotonic()
    for _ in range(WORKERS):
        threading.Thread(target=worker, daemon=True).start()
    bad, peak = [], 0
    for _ in range(total):
        identifier, line, well, memory = results.get()
        print(line, flush=True)
        peak = max(peak, memory)
        if not well:
            bad.append(identifier)
    print(f"{total} inputs in {time.monotonic() - began:.0f} s, at most {peak:.0f} MiB of memory")
    demand(not bad, f"not as listed: {', '.join(bad)}")


if __name__ == "__main__":
    main()
