#!/usr/bin/env python3
"""Two run folders hold the same reports, but for what tells when and on which machine they were made.

usage: same_reports.py FOLDER FOLDER

Shards that are merged must read like the run that was never split.
"""

import difflib
import re
import sys
from pathlib import Path

from common import demand

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# How long a case took, and on which machine, says nothing of the DUT.
JUNIT = re.compile(r' (time|timestamp|hostname)="[^"]*"')


def level(name, text):
    text = INSTANT.sub("(instant)", text)
    return JUNIT.sub("", text) if name == "junit.xml" else text


def main():
    one, other = map(Path, sys.argv[1:3])
    names = ["junit.xml", *sorted(path.name for path in one.glob("matrix.*"))]
    demand(len(names) == 5, f"{one} has {names}, not junit.xml and four matrices")
    for name in names:
        texts = [level(name, (folder / name).read_text()).splitlines() for folder in (one, other)]
        difference = list(difflib.unified_diff(*texts, str(one / name), str(other / name), n=1, lineterm=""))
        demand(not difference, "the reports differ:\n" + "\n".join(difference[:30]))
    print(f"{', '.join(names)} agree")


if __name__ == "__main__":
    main()
