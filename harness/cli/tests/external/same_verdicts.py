#!/usr/bin/env python3
"""Runs over different links give the same verdict for every case that applies to both.

usage: same_verdicts.py BASE FOLDER...

BASE is the run in one process. A case that differs is listed with the reason, which has to be that it does not apply to
the link, or one that is known below; anything else is an error. How often a link was lost on the way is told, too.
"""

import sys
from collections import Counter
from pathlib import Path

from common import demand, matrix

# Cases that the link itself changes, and why: they may be inconclusive there, and nothing else.
KNOWN = {
    "DM_SC-D-001-M/lost-response": "behind a reader or over ICCD a terminal cannot give up a command whose response is lost",
}

VERDICTS = {"pass", "inconclusive", "fail", "error"}


def cases(folder):
    found = matrix(folder)
    kinds = [dut["kind"] for dut in found["duts"]]
    links = sorted({dut["link"] for dut in found["duts"]})
    return {(kinds[case["dut"]], case["id"]): case for case in found["cases"]}, links


def main():
    base, _ = cases(sys.argv[1])
    bad = []
    for folder in sys.argv[2:]:
        other, links = cases(folder)
        same, apart, gaps = 0, Counter(), 0
        demand(other, f"{folder} has no cases")
        for key, case in other.items():
            known = base.get(key)
            demand(known is not None, f"{key} of {folder} is not in {sys.argv[1]}")
            gaps += sum(remark.startswith("begun again:") for remark in case["remarks"])
            if case["outcome"] == known["outcome"]:
                same += 1
            elif case["outcome"] == "not-applicable":
                apart["not applicable: " + case["reason"]] += 1
            elif case["outcome"] == "inconclusive" and key[1].split("[")[0] in KNOWN:
                apart["inconclusive: " + KNOWN[key[1].split("[")[0]]] += 1
            else:
                bad.append(f"{folder}: {key[1]}: {known['outcome']} in one process, here {case['outcome']}: {case['reason']}")
        ran = sum(case["outcome"] in VERDICTS for case in other.values())
        print(f"{Path(folder).name}: {', '.join(links)}: {ran} cases ran, {same} of {len(other)} outcomes the same, {gaps} gaps")
        for reason, count in apart.most_common():
            print(f"  {count:>3} {reason}")
        demand(ran > 0, f"no case ran in {folder}")
    demand(not bad, "verdicts differ:\n" + "\n".join(bad))


if __name__ == "__main__":
    main()
