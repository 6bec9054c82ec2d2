#!/usr/bin/env python3
"""The harness against DUTs that know nothing of it: clean they fail nothing, and each planted bug is found.

usage: python_duts.py OUT [client|server] [BUG ...]

OUT takes a run folder for each DUT. Without bugs, those of `USUAL`. Several runs go on at once: they mostly wait for
what must not come.
"""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import CONFORMS, FAILS, INCONCLUSIVE, ROOT, demand, demand_exit, dmsc, matrix

# Each bug that a case is there to catch, with items of which at least one must fail.
CLIENT = {
    "session-id-decimal": ["DM_SC-C-001-M"],
    "session-id-padded": ["DM_SC-C-001-M"],
    "accept-any-digest": ["DM_SC-C-001-M"],
    "no-devinfo": ["DM_SC-C-001-M"],
    "alert-1201": ["DM_SC-C-001-M"],
    "no-final": ["DM_SC-C-001-M", "DM_SC-C-004-O"],
    "msg-id-stuck": ["DM_SC-C-001-M"],
    "wrong-content-type": ["DM_SC-C-008-M"],
    "executes-unauthenticated": ["DM_SC-C-001-M"],
    "no-command-status": ["DM_SC-C-001-M"],
    "retries-old-nonce": ["DM_SC-C-001-M"],
    "lone-status": ["DM_SC-C-001-M"],
    "ignores-resp-uri": ["DM_SC-C-001-M", "DM_SC-C-008-M"],
    "executes-duplicates": ["DM_SC-C-001-M", "DM_SC-C-008-M"],
    "accept-any-server-id": ["DM_SC-C-001-M"],
}
SERVER = {
    "notify-version-12": ["DM_SC-S-001-M"],
    "notify-wrong-digest": ["DM_SC-S-001-M", "DM_SC-S-002-M"],
    "notify-wsp-header": ["DM_SC-S-001-M"],
    "notify-reserved-bits": ["DM_SC-S-001-M"],
    "other-session-id": ["DM_SC-S-002-M"],
    "accept-any-cred": ["DM_SC-S-002-M"],
    "commands-before-auth": ["DM_SC-S-002-M"],
    "same-session-id": ["DM_SC-S-001-M"],
    "no-final": ["DM_SC-S-002-M"],
    "no-cred": ["DM_SC-S-002-M"],
    "no-status-of-alert": ["DM_SC-S-002-M"],
    "accept-version-2": ["DM_SC-S-002-M"],
    "no-devinfo-needed": ["DM_SC-S-002-M"],
    "serves-get": ["DM_SC-S-002-M"],
}
# A run takes minutes, so only bugs that are each of their own kind are planted unless named.
USUAL = {
    "client": [
        "session-id-decimal",
        "accept-any-digest",
        "no-devinfo",
        "alert-1201",
        "no-final",
        "wrong-content-type",
        "executes-unauthenticated",
        "no-command-status",
    ],
    "server": ["notify-version-12", "notify-wrong-digest", "other-session-id", "accept-any-cred"],
}
WORKERS = 4


def main():
    out = Path(sys.argv[1]).absolute()
    sides = {"client": CLIENT, "server": SERVER}
    chosen = sys.argv[2:3] or list(sides)
    runs = []
    for side in chosen:
        bugs = sys.argv[3:] or USUAL[side]
        runs += [(side, None, []), *((side, bug, sides[side][bug]) for bug in bugs)]
    jobs = [(out, number, *run) for number, run in enumerate(runs)]
    with ThreadPoolExecutor(WORKERS) as pool:
        complaints = [complaint for complaint in pool.map(lambda job: one(*job), jobs) if complaint]
    demand(not complaints, "\n".join(complaints))
    found = sum(bug is not None for _, bug, _ in runs)
    print(f"{', '.join(f'Python {side}' for side in chosen)}: clean, and {found} planted bugs found")


def one(out, number, side, bug, items):
    """Runs one DUT; returns what is wrong with what the harness made of it."""
    name = f"{side}-{bug or 'clean'}"
    folder = out / name
    dut = write_dut(out, name, number, side, bug)
    try:
        done = dmsc("run", "--dut", dut, "--out", folder, timeout=900)
        demand_exit(done, *((FAILS,) if bug else (CONFORMS, INCONCLUSIVE)))
    except SystemExit as complaint:
        return f"{name}: {complaint}"
    model = matrix(folder)
    bad = [f"{case['id']}: {case['reason']}" for case in model["cases"] if case["outcome"] in ("fail", "error")]
    passed = sum(case["outcome"] == "pass" for case in model["cases"])
    if not bug:
        return f"{name}: {len(bad)} fail, {passed} pass: {bad[:5]}" if bad or not passed else None
    failed = [row["item"] for row in model["rows"] for cell in row["cells"] if cell["state"] == "fail"]
    if not set(items) & set(failed):
        return f"{name}: {failed} fail, not any of {items}"
    print(f"  {name}: {len(bad)} cases fail, of {', '.join(item for item in failed if item.startswith('DM_SC'))}")
    return None


def write_dut(out, name, number, side, bug):
    """The DUT file of the fixtures with a state and a port of its own, and with the bug in each of its commands."""
    source = ROOT / f"fixtures/duts/python-{side}.yaml"
    text = source.read_text()
    state = out / f"{name}.state.json"
    # A reset that meets a process of the case before must not be that of another run.
    text = text.replace(f"target/dut/python-{side}.json", str(state)).replace("34516", str(34516 + number))
    text = text.replace(f"ics: python-{side}.ics.yaml", f"ics: {source.with_name(f'python-{side}.ics.yaml')}")
    if bug:
        text, planted = re.subn(rf"^( +)- (--state={re.escape(str(state))})$", rf"\1- \2\n\1- --bug={bug}", text, flags=re.MULTILINE)
        demand(planted, f"{source} has no command to plant a bug in")
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.dut.yaml"
    path.write_text(text)
    return path


if __name__ == "__main__":
    main()
