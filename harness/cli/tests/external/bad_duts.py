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
        says(out, kind, "yes", (FAILS, RIG))
        says(out, kind, "silent", (FAILS, INCONCLUSIVE, RIG))


def three_faults(out, kind):
    """Three faults leave three marks or more; what they do not touch still passes."""
    clean = run(out, kind, f"{kind}-clean", f"builtin: {kind}")
    demand_exit(clean, CONFORMS, INCONCLUSIVE)
    before = outcomes(out / f"{kind}-clean")
    demand(not before.get("fail") and not before.get("error"), f"the reference {kind} by itself: {before}")
    faults = spread(faults_of(kind))
    done = run(out, kind, f"{kind}-three-faults", f"builtin: {kind}", f"faults: [{', '.join(faults)}]\n")
    demand_exit(done, FAILS)
    counts = outcomes(out / f"{kind}-three-faults")
    demand(counts.get("fail", 0) >= len(faults), f"{faults} together: {counts}")
    print(f"{kind} with {', '.join(faults)}: {counts}")


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


def faults_of(kind):
    """The names of the faults of one side, from the data."""
    names = []
    for path in sorted((ROOT / "fixtures/faults").glob("*.yaml")):
        for entry in re.split(r"^- ", path.read_text(), flags=re.MULTILINE)[1:]:
            name, side = (re.search(rf"^ *{key}: *([\w-]+)", entry, re.MULTILINE) for key in ("id", "side"))
            if name and side and side[1] == kind:
                names.append(name[1])
    demand(len(names) >= 3, f"fixtures/faults has {len(names)} faults of a {kind}")
    return names


def spread(names):
    """Three that stand far apart in the files, so that they are likely to touch different things."""
    return [names[0], names[len(names) // 2], names[-1]]


if __name__ == "__main__":
    main()
