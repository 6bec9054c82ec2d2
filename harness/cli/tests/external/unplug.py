#!/usr/bin/env python3
"""Runs go on while what they lead over is taken away: no wrong fail, no hang, every gap told.

usage: unplug.py OUT COUNT MODE...

MODE is one of
  pcscd   pcscd is killed and started again            (harness: terminal at a card in a reader)
  vpcd    the connection of the virtual card is cut     (harness: terminal at a card in a reader)
  gadget  the UICC is unbound from its controller       (harness: terminal at a UICC on USB; in the guest, as root)
Each goes on at random moments, from a seed, until COUNT times have hit a run; every one has to leave a gap in the
journal before the next comes. Needs a dmsc with PC/SC, and, but for
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

from common import DMSC, ROOT, demand, journals, matrix

DUTS = ROOT / "harness/cli/tests/bench/duts"
SOCKET = Path("/run/pcscd/pcscd.comm")
# How long a lost link may take to come back, with room for a machine under load; the default of a DUT file is 60 s.
LIMIT = 120
# Within how many seconds after a gap the next interruption comes. A whole run takes half a second on a quiet host,
# and eleven in the guest.
SPAN = {"pcscd": 0.2, "vpcd": 0.2, "gadget": 4.0}


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

    # How long the card stays out of the reader, with room for a machine under load. pcscd looks every 400 ms: of a card
    # that is back before it looks nobody learns that it was gone, and its silence is that of a card which does not answer.
    OUT = 2.0

    def __init__(self, port=35900, vpcd=35963):
        self.vpcd = vpcd
        self.open = []
        self.back = time.monotonic()
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            card, _ = self.listener.accept()
            while (left := self.back - time.monotonic()) > 0:
                time.sleep(left)
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
        self.back = time.monotonic() + self.OUT
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


class Journal:
    """The journal of a run, as it grows."""

    def __init__(self, folder):
        self.path, self.file, self.rest, self.events = folder / "journal.jsonl", None, "", []

    def look(self):
        if self.file is None:
            try:
                self.file = self.path.open()
            except FileNotFoundError:
                # Not begun, or over and packed.
                self.events = [event for journal in journals(self.path.parent) for event in journal]
        if self.file:
            *lines, self.rest = (self.rest + self.file.read()).split("\n")
            self.events += map(json.loads, lines)

    def count(self, name, holds=lambda event: True):
        return sum(1 for event in self.events if event["event"] == name and holds(event))

    def gaps(self):
        return self.count("case-started", lambda event: event.get("gap"))

    def is_over(self):
        return self.count("run-finished") > 0

    def ran(self):
        """How many cases ran to their end."""
        return self.count("case-finished", lambda event: event["outcome"]["kind"] != "not-run")


def wait_until(holds, process, what):
    """Looks again and again; gives whether it came to be, or the run was over before."""
    until = time.monotonic() + LIMIT
    while not holds():
        if process.poll() is not None:
            return holds()
        demand(time.monotonic() < until, f"{what} within {LIMIT} s")
        time.sleep(0.01)
    return True


def run(mode, count, out, randomly):
    dut = dut_file(mode, out)
    daemon = Daemon() if mode != "gadget" else None
    hand = {"pcscd": lambda: daemon, "vpcd": Relay, "gadget": Unbound}[mode]()
    hits, unseen, gaps, runs, began, longest = 0, 0, 0, 0, time.monotonic(), 0.0
    try:
        while hits < count:
            folder = out / f"{mode}-{runs}"
            shutil.rmtree(folder, ignore_errors=True)
            process = subprocess.Popen(
                [DMSC, "run", "--unattended", "--seed", "1", "--dut", dut, "--out", folder],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            journal = Journal(folder)

            def grown(by):
                journal.look()
                return journal.gaps() >= by or journal.is_over()

            # What hits a link that is not open yet is waited out, and interrupts nothing.
            wait_until(lambda: journal.look() or journal.ran(), process, f"{folder}: no case has ended")
            while hits < count and process.poll() is None:
                # The moments are what is tested, so they are chosen by the clock.
                time.sleep(randomly.uniform(0.0, SPAN[mode]))
                journal.look()
                if process.poll() is not None or journal.is_over():
                    break
                before, hit = journal.gaps(), time.monotonic()
                hand.disturb()
                hits += 1
                # One after the other, so that each has to leave a gap of its own.
                wait_until(lambda: grown(before + 1), process, f"{folder}: interruption {hits} has left no gap")
                longest = max(longest, time.monotonic() - hit)
                unseen += journal.gaps() == before
            process.wait(LIMIT)
            gaps += judge(folder)
            runs += 1
    finally:
        hand.stop()
        if daemon and hand is not daemon:
            daemon.stop()
    # What hits after the last exchange of a run has nothing left to interrupt.
    demand(unseen <= runs, f"{mode}: of {hits} interruptions {unseen} left no gap, in {runs} runs")
    demand(gaps >= hits - unseen, f"{mode}: {hits} interruptions, {gaps} gaps")
    print(
        f"{mode}: {hits} interruptions, {runs} runs to their end, {gaps} gaps recorded, {unseen} at the end of a run; "
        f"at most {longest:.1f} s from interruption to the next attempt, {time.monotonic() - began:.0f} s in all"
    )


def judge(folder):
    """How many gaps a run tells of; it has to be whole, and to blame nothing on the DUT."""
    [events] = journals(folder)
    demand(events[-1]["event"] == "run-finished", f"{folder}: the journal has no end")
    gaps = sum(1 for event in events if event["event"] == "case-started" and event.get("gap"))
    for case in matrix(folder)["cases"]:
        # A case that is hit in every attempt is given up, and says so.
        given_up = case["outcome"] == "error" and case["reason"].startswith("the link was lost in each of")
        # Of these cards the file says less than of the reference.
        other = ("it holds for another reading", "it is for `")
        beside = case["outcome"] == "not-applicable" and case["reason"].startswith(other)
        demand(
            case["outcome"] == "pass" or given_up or beside,
            f"{folder}: {case['id']}: {case['outcome']}: {case['reason']}",
        )
    told = sum(remark.startswith("begun again:") for case in matrix(folder)["cases"] for remark in case["remarks"])
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
