#!/usr/bin/env python3
"""Runs go on while what they lead over is taken away: no wrong fail, no hang, every gap told.

usage: unplug.py OUT COUNT MODE...

MODE is one of
  pcscd   pcscd is killed and started again            (harness: terminal at a card in a reader)
  vpcd    the connection of the virtual card is cut     (harness: terminal at a card in a reader)
  gadget  the UICC is unbound from its controller       (harness: terminal at a UICC on USB; in the guest, as root)
Each goes on at random moments, from a seed, until COUNT times have hit a run. Needs a dmsc with PC/SC, and, but for
`gadget`, a /run and a network of its own (host.sh, in_own_world).
"""

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from common import DMSC, ROOT, demand, matrix

DUTS = ROOT / "harness/cli/tests/bench/duts"
SOCKET = Path("/run/pcscd/pcscd.comm")
# How long a run may take over all its gaps: far more than it does, far less than for ever.
LIMIT = 900


class Daemon:
    """pcscd, killed as a crash would end it."""

    def __init__(self):
        self.process = None
        self.start()

    def start(self):
        SOCKET.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (SOCKET, SOCKET.with_name("pcscd.pid")):
            leftover.unlink(missing_ok=True)
        self.process = subprocess.Popen(["pcscd", "--foreground"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def disturb(self):
        self.stop()
        self.start()

    def stop(self):
        self.process.kill()
        self.process.wait()


class Relay:
    """Between the virtual card and vpcd; cuts the connection."""

    def __init__(self, port=35900, vpcd=35963):
        self.vpcd = vpcd
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            card, _ = self.listener.accept()
            try:
                reader = socket.create_connection(("127.0.0.1", self.vpcd))
            except OSError:
                card.close()
                continue
            for end in (card, reader):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open = [card, reader]
            for one, other in ((card, reader), (reader, card)):
                threading.Thread(target=self.pass_on, args=(one, other), daemon=True).start()

    def pass_on(self, one, other):
        with contextlib.suppress(OSError):
            # vpcd sends length and payload apart, and waits in between for the acknowledgement of the first.
            while octets := (one.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1), one.recv(65536))[1]:
                other.sendall(octets)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def disturb(self):
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.listener.close()


class Unbound:
    """The gadget, unbound from its controller and bound again by whoever made it."""

    def disturb(self):
        for udc in Path("/sys/kernel/config/usb_gadget").glob("*/UDC"):
            with contextlib.suppress(OSError):
                udc.write_text("\n")

    def stop(self):
        pass


def dut_file(mode, out):
    name = "iccd-control-b-card" if mode == "gadget" else "pcsc-card"
    text = (DUTS / f"{name}.yaml").read_text().replace("../../../../../fixtures", str(ROOT / "fixtures"))
    if mode == "vpcd":
        text = text.replace("vpcd: {}", "vpcd: { address: '127.0.0.1:35900' }")
    path = out / f"{mode}.yaml"
    path.write_text(text)
    return path


def run(mode, count, out, randomly):
    dut = dut_file(mode, out)
    daemon = Daemon() if mode != "gadget" else None
    hand = {"pcscd": lambda: daemon, "vpcd": Relay, "gadget": Unbound}[mode]()
    hits, gaps, runs, began = 0, 0, 0, time.monotonic()
    try:
        while hits < count:
            folder = out / f"{mode}-{runs}"
            shutil.rmtree(folder, ignore_errors=True)
            process = subprocess.Popen(
                [DMSC, "run", "--unattended", "--seed", "1", "--dut", dut, "--out", folder],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            until = time.monotonic() + LIMIT
            # The moments are what is tested, so they are chosen by the clock.
            while process.poll() is None:
                demand(time.monotonic() < until, f"{folder} has not ended after {LIMIT} s")
                try:
                    process.wait(randomly.uniform(0.2, 4.0))
                except subprocess.TimeoutExpired:
                    if hits < count:
                        hand.disturb()
                        hits += 1
            gaps += judge(folder)
            runs += 1
    finally:
        hand.stop()
        if daemon and hand is not daemon:
            daemon.stop()
    demand(gaps > 0, f"{mode}: {hits} interruptions left no gap in the journals")
    print(f"{mode}: {hits} interruptions, {runs} runs to their end, {gaps} gaps recorded, {time.monotonic() - began:.0f} s")


def judge(folder):
    """How many gaps a run tells of; it has to be whole, and to blame nothing on the DUT."""
    events = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    demand(events[-1]["event"] == "run-finished", f"{folder}: the journal has no end")
    gaps = sum(1 for event in events if event["event"] == "case-started" and event.get("gap"))
    for case in matrix(folder)["cases"]:
        # A case that is hit in every attempt is given up, and says so.
        given_up = case["outcome"] == "error" and case["reason"].startswith("the link was lost in each of")
        demand(
            case["outcome"] == "pass" or given_up, f"{folder}: {case['id']}: {case['outcome']}: {case['reason']}"
        )
    told = sum(remark.startswith("begun anew:") for case in matrix(folder)["cases"] for remark in case["remarks"])
    demand(told == gaps, f"{folder}: {gaps} gaps in the journal, {told} in the remarks")
    return gaps


def main():
    out, count = Path(sys.argv[1]).absolute(), int(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    seed = int(os.environ.get("DMSC_SEED", "1"))
    for mode in sys.argv[3:]:
        run(mode, count, out, random.Random(f"{mode}{seed}"))


if __name__ == "__main__":
    main()
