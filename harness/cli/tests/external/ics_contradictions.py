#!/usr/bin/env python3
"""Statements that contradict themselves are refused, each with the item that it is about; those of the fixtures hold.

usage: ics_contradictions.py
"""

from common import CONFORMS, INPUT, ROOT, demand, demand_exit, dmsc

# The statement, and what its refusal must name.
BROKEN = {
    "c006_without_c007": ["DM_SC-C-006-O", "DM_SC-C-007-O"],
    "d004_without_d002": ["DM_SC-D-004-O", "DM_SC-D-002-O"],
    "mandatory_no": ["DM_SC-C-008-M"],
    "unanswered_line_left_out": ["DM_SC"],
    "external_of_mandatory_no": ["DM_SC"],
    "item_of_another_class": ["DM_SC"],
    "empty_file": [],
}


def main():
    broken = ROOT / "harness/scr/tests/ics_broken"
    for name, needles in BROKEN.items():
        done = dmsc("ics", "check", broken / f"{name}.yaml")
        demand_exit(done, INPUT)
        said = done.stdout + done.stderr
        missing = [needle for needle in needles if needle not in said]
        demand(not missing, f"{name}: not a word of {missing}:\n{said}")
    files = sorted(broken.glob("*.yaml"))
    for path in files:
        demand_exit(dmsc("ics", "check", path), INPUT)
    sound = sorted((ROOT / "fixtures/duts").glob("*.ics.yaml"))
    demand(sound, "no statement in fixtures/duts")
    for path in sound:
        demand_exit(dmsc("ics", "check", path), CONFORMS)
    print(f"{len(files)} wrong statements refused, {len(sound)} right ones taken")


if __name__ == "__main__":
    main()
