#!/usr/bin/env python3
"""`dmsc prove` holds: the references pass all, each fault is caught, each case is failed by some fault, no variant is failed,
and none of the DUTs that `dmsc prove --explore` draws.

usage: proof.py JSON

The exit code alone could lie, so the JSON is counted again.
"""

import json
import sys
from pathlib import Path

from common import CONFORMS, ROOT, demand, demand_exit, dmsc

# Enough to draw everything that can be; more are drawn by hand.
DRAWN = 400


def main():
    path = Path(sys.argv[1]).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    demand_exit(dmsc("prove", "--json", path, timeout=1200), CONFORMS)
    proof = json.loads(path.read_text())
    demand(proof["faults"] and proof["cases"], "nothing was proved")
    demand(not proof["unclean"], f"the references do not pass {proof['unclean'][:5]}")
    missed = [fault["fault"] for fault in proof["faults"] if not fault["caught_by"]]
    demand(not missed, f"faults that no case catches: {missed}")
    demand(not proof["never_failed"], f"cases that no fault fails: {proof['never_failed'][:5]}")
    broken = [fault["fault"] for fault in proof["faults"] if fault["errors"]]
    demand(not broken, f"faults that break the harness: {broken}")
    demand(len(proof["variants"]) >= 120, "variants are missing")
    wrong = [one["variant"] for one in proof["variants"] if one["wrong"] or one["items"] or one["needless"]]
    demand(not wrong, f"variants that are misjudged: {wrong}")
    faults, variants = len(proof["faults"]), len(proof["variants"])
    told = f"{faults} of {faults} faults caught, {variants} of {variants} variants judged rightly, {proof['cases']} cases: the proof holds"
    demand(told in (ROOT / "README.md").read_text(), f"README.md shows other figures than `{told}`")
    explored(path.with_name("explored.json"))
    print(f"{proof['cases']} cases, {len(proof['faults'])} faults: each case can fail, each fault is caught")


def explored(path):
    demand_exit(dmsc("prove", "--explore", str(DRAWN), "--json", path, timeout=1200), CONFORMS)
    found = json.loads(path.read_text())
    demand(found["duts"] == DRAWN and not found["misjudged"] and not found["findings"], f"misjudged: {found['findings']}")
    fewest = min(found["drawn"], key=lambda row: row["count"])
    demand(fewest["count"], f"never drawn: {fewest}")
    print(f"{DRAWN} drawn DUTs; {fewest['choice']} {fewest['alternative']} least often, {fewest['count']} times")


if __name__ == "__main__":
    main()
