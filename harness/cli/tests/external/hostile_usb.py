#!/usr/bin/env python3
"""Hostile devices on USB: what a run against each comes to, how long it takes, and how much memory.

usage: hostile_usb.py OUT [ID...]

The devices are those of the sections of hostile/inputs.toml that name this file. Each is plugged into the bus of this
machine by GadgetFS, which bench/guest_hostile.sh has in a guest of its own; one is there at a time, as GadgetFS has it.
They share no code with the harness. Where a row has `lists`, `dmsc devices` is asked for the device, and no run is made
where it has no `says`.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

from common import DMSC, ROOT, demand
from hostile import ACCOUNT, FORGETS, HERE, LIMIT, judge

sys.path.append(str(HERE))

import usb_boards  # noqa: E402
import usb_cards  # noqa: E402
import usb_shapes  # noqa: E402, F401
from usb_device import DEVICES, Plugged  # noqa: E402

OURS = "harness/cli/tests/external/hostile_usb.py"

# How long the kernel may take to choose the configuration of a device.
CONFIGURED = 10
# The bytes that a terminal takes for more than text.
ORDERS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n")}

WINDOW = "window: 500 ms"
# A device is there when a run begins, and one that has left does not come back but at once.
TIMES = "appear: 300 ms"
REFERENCE = ROOT / "fixtures/duts"


def dut(made):
    """The DUT file."""
    account = ACCOUNT.replace("window: 2 s", WINDOW) + FORGETS + "recovery: 500 ms\n"
    if issubclass(made, usb_boards.Board):
        link = f"simtrace2: {{ {TIMES} }}"
        kind, more = "terminal", f"ixit: {{ {WINDOW} }}\nrecovery: 500 ms\n" + FORGETS
    else:
        kind, more = "card", account
        eem = ", eem: { appear: 300 ms }" if issubclass(made, usb_cards.Eem) else ""
        link = f"usb: {{ vendor: 0x1D6B, product: 0x0105, {TIMES}, limit: 700 ms{eem} }}"
    ics = REFERENCE / f"reference-{kind}.ics.yaml"
    return f"dut: 1\nname: hostile\nkind: {kind}\nlink: {{ {link} }}\nics: {ics}\n{more}"


class Ended:
    """A program that has been run: how long it took in seconds, how it ended, and its peaks of memory in MiB. That of the
    system is at least that of this process, which started it, and is held against the limit; `seen` is what it told of
    itself while it ran, for people."""

    def __init__(self, words, log):
        began, self.seen = time.monotonic(), 0.0
        with log.open("wb") as written:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT, cwd=ROOT)
            killer = threading.Timer(LIMIT, process.kill)
            killer.start()
            threading.Thread(target=self.watch, args=(Path(f"/proc/{process.pid}/status"),), daemon=True).start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            killer.cancel()
        self.took, self.memory = time.monotonic() - began, usage.ru_maxrss / 1024

    def watch(self, status):
        while (told := told_of_memory(status)) is not None:
            self.seen = max(self.seen, told)
            time.sleep(0.02)


def told_of_memory(status):
    """The peak of memory of a process that runs the program, in MiB; none when it has ended."""
    try:
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    except (OSError, ValueError):
        return None
    if "VmHWM" not in fields:
        return None
    return int(fields["VmHWM"].split()[0]) / 1024 if fields["Name"].strip() == Path(DMSC).name[:15] else 0.0


def listed(stem, row, limits):
    """What is wrong with what `dmsc devices` makes of a device."""
    wrong = []
    for more in ([], ["--json"]):
        log = stem.with_suffix(".devices.json" if more else ".devices.txt")
        done = Ended([DMSC, "devices", *more], log)
        text = log.read_text(errors="replace")
        if done.code != 0:
            wrong.append(f"dmsc devices ended with {done.code}")
        if not more and row["lists"] not in " ".join(text.split()):
            wrong.append(f"dmsc devices says nothing of: {row['lists']}")
        if ORDERS.intersection(map(ord, text)):
            wrong.append("dmsc devices writes control characters")
        if done.took > row["seconds"]:
            wrong.append(f"dmsc devices took {done.took:.1f} s, more than {row['seconds']} s")
        if done.memory > limits["memory"]:
            wrong.append(f"dmsc devices took {done.memory:.0f} MiB of memory, more than {limits['memory']}")
    return wrong


def cases(folder, rows):
    """A folder with the cases of the rows and nothing else: reading all takes a guest longer than most rows."""
    path = folder / "cases"
    shutil.copytree(ROOT / "testcases/include", path / "include", dirs_exist_ok=True)
    for name in {case for row in rows.values() for case in row["cases"]}:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"testcases/{name}.yaml", path / f"{name}.yaml")
    return path


def run(folder, name, row, limits):
    """A line to print, what is wrong, and the peak of memory in MiB."""
    stem, made = folder / name, DEVICES[name]
    path, out, log = stem.with_suffix(".dut.yaml"), stem.with_suffix(".run"), stem.with_suffix(".txt")
    path.write_text(dut(made))
    words = [DMSC, "run", "--unattended", "--dut", path, "--cases", folder / "cases", "--out", out]
    words += [f"--case={case}" for case in row["cases"]]
    shutil.rmtree(out, ignore_errors=True)
    wrong = []
    with Plugged(made) as device:
        device.wait(CONFIGURED)
        if "lists" in row:
            wrong += listed(stem, row, limits)
        if "says" not in row:
            return f"{name:36} listed", wrong, 0
        done = Ended(words, log)
    text = log.read_text(errors="replace")
    kinds, room, more = judge(row, limits, done.took, done.memory, done.code, text, out)
    wrong += more
    if ORDERS.intersection(map(ord, text)):
        wrong.append("the run writes control characters")
    return f"{name:36} {kinds:13} {done.took:6.1f} s {done.seen:6.0f} MiB {room:6.1f} MiB", wrong, done.seen


def inputs():
    """The limits, and the rows of the sections that name this file."""
    sections = tomllib.loads((HERE / "inputs.toml").read_text())
    limits, rows = sections.pop("limits"), {}
    for section in sections.values():
        common = {key: value for key, value in section.items() if not isinstance(value, dict)}
        if common.get("by") == OURS:
            rows |= {name: {**common, **row} for name, row in section.items() if isinstance(row, dict)}
    return limits, rows


def main():
    folder, *chosen = sys.argv[1:]
    folder = Path(folder).absolute()
    limits, rows = inputs()
    different = {name for name, made in DEVICES.items()} ^ set(rows)
    demand(not different, f"listed and not made, or made and not listed: {', '.join(sorted(different))}")
    unknown = set(chosen) - set(rows)
    demand(not unknown, f"no such devices: {', '.join(sorted(unknown))}")
    # What a hostile device does is never right, nor is it what the specification speaks of.
    outcomes = {row.get("outcome", "error") for row in rows.values()}
    demand(outcomes <= {"error", "inconclusive"}, f"a device is listed that comes to {', '.join(sorted(outcomes))}")
    cases(folder, rows)
    began, bad, peak = time.monotonic(), [], 0
    for name in chosen or rows:
        line, wrong, memory = run(folder, name, rows[name], limits)
        print("\n".join([line, *(f"    {what}" for what in wrong)]), flush=True)
        peak = max(peak, memory)
        if wrong:
            bad.append(name)
    total = len(chosen or rows)
    print(f"{total} devices in {time.monotonic() - began:.0f} s, at most {peak:.0f} MiB of memory")
    demand(not bad, f"not as listed: {', '.join(bad)}")


if __name__ == "__main__":
    main()
