#!/usr/bin/env python3
"""DUTs that must not conform: a reference with three faults at once, one that says yes to all, one that says nothing.

usage: bad_duts.py OUT
"""

import re
import sys
from pathlib import Path

from common import CONFORMS, FAILS, INCONCLUSIVE, RIG, ROOT, demand, demand_exit, dmsc, matrix, outcomes


def main():
    out = Path(sys.argv[1]).absolute()
    out.mkdir(parents=True, exist_ok=True)
    for kind in ("card", "terminal"):
        three_faults(out, kind)
        # A card that says yes to all holds no EF.UST: one cause is told, and no case begins.
        says(out, kind, "yes", (FAILS, INCONCLUSIVE, RIG))
        says(out, kind, "silent", (FAILS, INCONCLUSIVE, RIG))


# Three faults of each kind that touch different things, and the items whose cases are there to catch them.
FAULTS = {
    "terminal": {
        "session-id-decimal": ["DM_SC-C-001-M"],
        "no-chunked": ["DM_SC-C-008-M"],
        "devices-swapped": ["DM_SC-D-003-M"],
    },
    "card": {
        "reserved-bits-set": ["DM_SC-S-001-M"],
        "first-port": ["DM_SC-S-001-M"],
        # Who resynchronises nonces has to be believed first, too.
        "serve-unauthenticated": ["DM_SC-S-002-M", "DM_SC-S-003-O"],
    },
}


def three_faults(out, kind):
    """Exactly the items fail whose faults the DUT has; all others that are claimed still pass."""
    clean = run(out, kind, f"{kind}-clean", f"builtin: {kind}")
    demand_exit(clean, CONFORMS)
    faults = FAULTS[kind]
    name = f"{kind}-three-faults"
    demand_exit(run(out, kind, name, f"builtin: {kind}", f"faults: [{', '.join(faults)}]\n"), FAILS)
    states = {}
    for row in matrix(out / name)["rows"]:
        if not row["external"]:
            states.setdefault(row["cells"][0]["state"], set()).add(row["item"])
    expected = {item for items in faults.values() for item in items}
    demand(states.get("fail") == expected, f"{', '.join(faults)}: {states.get('fail')} fail instead of {expected}")
    passed = {
        row["item"]
        for row in matrix(out / f"{kind}-clean")["rows"]
        if not row["external"] and row["cells"][0]["state"] == "pass"
    }
    demand(states.get("pass", set()) == passed - expected, f"{states.get('pass')} pass instead of {passed - expected}")
    print(f"{kind} with {', '.join(faults)}: {', '.join(sorted(expected))} fail, {len(passed - expected)} items pass")


def says(out, kind, builtin, exits):
    """Nothing passes, and nothing is claimed to have been tested well."""
    name = f"{kind}-{builtin}"
    demand_exit(run(out, kind, name, f"builtin: {builtin}"), *exits)
    counts = outcomes(out / name)
    demand(not counts.get("pass"), f"a {kind} that is `{builtin}` passes {counts.get('pass')} cases")
    passed = [row["item"] for row in matrix(out / name)["rows"] for cell in row["cells"] if cell["state"] == "pass"]
    demand(not passed, f"a {kind} that is `{builtin}` passes {passed}")
    print(f"{kind} that is `{builtin}`: {counts}")


def run(out, kind, name, builtin, more=""):
    text = (ROOT / f"fixtures/duts/reference-{kind}.yaml").read_text()
    ics = ROOT / f"fixtures/duts/reference-{kind}.ics.yaml"
    text, changed = re.subn(r"^link:.*$", f"link: {{ {builtin} }}", text, flags=re.MULTILINE)
    demand(changed == 1, f"reference-{kind}.yaml has no line `link:`")
    text = re.sub(r"^ics:.*$", f"ics: {ics}", text, flags=re.MULTILINE)
    path = out / f"{name}.dut.yaml"
    path.write_text(text + more)
    return dmsc("run", "--dut", path, "--out", out / name)


if __name__ == "__main__":
    main()
