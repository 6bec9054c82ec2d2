#!/usr/bin/env python3
"""Runs against process DUTs are ended at random moments and taken up again: nobody is left behind, and the verdicts are
those of a run that nobody ended.

usage: kills.py OUT SIGNAL=COUNT...

SIGNAL is KILL, INT, TERM or HUP. Each is sent COUNT times, in a random order and to the DM client and the DM server in
turn; a run goes on with --resume until it comes to its end, and then the next begins. DMSC_SEED chooses the moments.
A run that waits for a person to act at the device is ended, too.
"""

import os
import pty
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from common import DMSC, ROOT, demand, journals, matrix

# What is run against each: cases with one session and with several, passed and failed ones, and such as wait.
DUTS = {
    "client": ("python-client", ["DM_SC-C-001-M/client-c*", "DM_SC-C-001-M/wrong-*", "DM_SC-C-008-M/ch*"]),
    "server": ("python-server", ["DM_SC-S-002-M/cl*", "DM_SC-S-001-M/*digest*", "DM_SC-S-005-O/c*"]),
}
# Within how many seconds after it began a run is ended.
SPAN = 1.0
# How long an orphan may take to go, on a machine under load; one that stays, stays for ever.
GONE = 10


def dut_file(kind, out):
    """The DUT with a port and a state of its own, so that it is nobody else's."""
    duts = ROOT / "fixtures/duts"
    text = (duts / f"{DUTS[kind][0]}.yaml").read_text().replace("2451{job}", "2461{job}")
    text = text.replace("../../target/dut/", f"{out}/").replace("../../", f"{ROOT}/").replace("ics: ", f"ics: {duts}/")
    path = out / f"{kind}.yaml"
    path.write_text(text)
    return path


def command(dut, cases, out, resumed, jobs):
    words = [DMSC, "run", "--unattended", "--seed", "1", "--dut", dut, "--jobs", str(jobs)]
    for case in cases:
        words += ["--case", case]
    return [*map(str, words), "--resume" if resumed else "--out", str(out)]


def begin(words):
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def demand_end_while_asking(out):
    """SIGINT while a person is asked: the run ends at once, and in good order."""
    person, its = pty.openpty()
    folder = out / "asked"
    words = command(dut_file("client", out), ["DM_SC-C-001-M/started-by-user"], folder, False, 1)
    words.remove("--unattended")
    run = subprocess.Popen(words, cwd=ROOT, stdin=its, stderr=its, stdout=subprocess.DEVNULL)
    os.close(its)
    said = b""
    while b"Enter when done" not in said:
        said += os.read(person, 4096)
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    while run.poll() is None and time.monotonic() - began < GONE:
        if select.select([person], [], [], 0.1)[0]:
            said += read_or_end(person)
    took = time.monotonic() - began
    demand(run.poll() == 130, f"while a person was asked, SIGINT came to {run.poll()}:\n{said.decode(errors='replace')}")
    while part := read_or_end(person):
        said += part
    demand(f"--resume {folder}".encode() in said, f"the way to go on is not told:\n{said.decode(errors='replace')}")
    os.close(person)
    demand_nobody_left(run.pid, folder.name)
    return took


def read_or_end(terminal):
    """What a terminal has to read; nothing once nobody writes to it any more."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def orphans(pid):
    """The processes that a run has started, by the mark that they have in their environment."""
    mark = f"DMSC_STARTED={pid}-".encode()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environ.read_bytes():
                yield environ.parent.name
        except OSError:
            pass


def demand_nobody_left(pid, when):
    until = time.monotonic() + GONE
    while left := list(orphans(pid)):
        demand(time.monotonic() < until, f"{when}: processes {', '.join(left)} go on")
        time.sleep(0.01)


def verdicts(folder):
    return {case["id"]: case["outcome"] for case in matrix(folder)["cases"] if case["outcome"] != "not-run"}


def end(run, name, folder, when):
    """Ends a run by a signal; gives whether it was still there to be ended."""
    run.send_signal(getattr(signal, f"SIG{name}"))
    _, said = run.communicate(timeout=60)
    said = said.decode(errors="replace")
    demand_nobody_left(run.pid, when)
    if name == "KILL":
        return run.returncode == -signal.SIGKILL
    if run.returncode == -getattr(signal, f"SIG{name}"):
        # So early that nobody listened yet: then there is nothing that could be in disorder.
        demand(not list(folder.glob("journal*")), f"{when}: it was killed by the signal in the middle of a run")
        return True
    if run.returncode != 130:
        # It was over before the signal came.
        demand(run.returncode in (0, 1, 2), f"{when}: it ended with {run.returncode}:\n{said[-2000:]}")
        return False
    demand(f"--resume {folder}" in said, f"{when}: the way to go on is not told:\n{said[-2000:]}")
    notes = matrix(folder)["notes"]
    demand(any(note.endswith("the run was interrupted") for note in notes), f"{when}: the matrix says {notes}")
    return True


def main():
    out = Path(sys.argv[1]).absolute()
    counts = {name: int(count) for name, count in (word.split("=") for word in sys.argv[2:])}
    left = [name for name, count in counts.items() for _ in range(count)]
    randomly = random.Random(int(os.environ.get("DMSC_SEED", "1")))
    randomly.shuffle(left)
    # Where one is ignored, as under nohup or in the background of a script, a run takes none of them in good order.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    asked = demand_end_while_asking(out)
    duts = {kind: (dut_file(kind, out), cases) for kind, (_, cases) in DUTS.items()}
    whole, runs, resumed, late, began = {}, 0, 0, 0, time.monotonic()
    for kind, (dut, cases) in duts.items():
        run = begin(command(dut, cases, out / kind, False, 1))
        _, said = run.communicate(timeout=600)
        demand(run.returncode in (0, 1, 2), f"{kind}: undisturbed it ended with {run.returncode}:\n{said[-2000:]}")
        whole[kind] = verdicts(out / kind)
        demand(len(whole[kind]) >= 10, f"{kind}: only {len(whole[kind])} cases ran")
    while left:
        kind = ["client", "server"][runs % 2]
        folder, over = out / f"{kind}-{runs}", False
        while not over:
            run = begin(command(*duts[kind], folder, folder.exists(), randomly.choice([1, 3])))
            try:
                run.wait(randomly.uniform(0.0, SPAN) if left else 600)
            except subprocess.TimeoutExpired:
                pass
            when = f"{folder.name}, {len(left)} to go"
            if run.poll() is not None:
                _, said = run.communicate()
                demand(run.returncode in (0, 1, 2), f"{when}: it ended with {run.returncode}:\n{said[-2000:]}")
                over = True
            elif end(run, left[-1], folder, f"{when}, SIG{left[-1]}"):
                left.pop()
                resumed += 1
            else:
                late, over = late + 1, True
        demand_nobody_left(run.pid, folder.name)
        found = verdicts(folder)
        differing = {case for case in whole[kind] | found if whole[kind].get(case) != found.get(case)}
        told = [f"{case}: {found.get(case)}, not {whole[kind].get(case)}" for case in sorted(differing)]
        demand(not told, f"{folder.name}: other verdicts than undisturbed: {'; '.join(told)}")
        [*_, events] = journals(folder)
        demand(events[-1]["event"] == "run-finished", f"{folder.name}: its journal has no end")
        shutil.rmtree(folder)
        runs += 1
    ended = ", ".join(f"{count} by SIG{name}" for name, count in counts.items())
    cases = " and ".join(f"{len(cases)} of the {kind}" for kind, cases in whole.items())
    print(
        f"ended {ended}, taken up {resumed} times, {runs} runs to their end, {late} over before the signal came; nobody "
        f"left behind, all verdicts as undisturbed ({cases}); one that asked a person ended in {asked:.1f} s; "
        f"{time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
