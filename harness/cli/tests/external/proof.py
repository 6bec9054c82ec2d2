#!/usr/bin/env python3
"""`dmsc prove` holds: the references pass all, each fault is caught, and each case is failed by some fault.

usage: proof.py JSON

The exit code alone could lie, so the JSON is counted again.
"""

import json
import sys
from pathlib import Path

from common import CONFORMS, demand, demand_exit, dmsc


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
    print(f"{proof['cases']} cases, {len(proof['faults'])} faults: each case can fail, each fault is caught")


if __name__ == "__main__":
    main()
