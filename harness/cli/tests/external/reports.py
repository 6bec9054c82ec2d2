#!/usr/bin/env python3
"""A run folder has every report, and two JUnit readers that nobody here wrote count what matrix.json counts.

usage: reports.py FOLDER

Needs the packages junitparser and junit2html.
"""

import csv
import sys
from pathlib import Path

from common import CONFORMS, demand, demand_exit, dmsc, journals, matrix, outcomes, scr_items
from junit2htmlreport.parser import Junit
from junitparser import Error, Failure, JUnitXml, Skipped


# What leaves a log in the run folder.
MISSED = ("fail", "error", "inconclusive")


def main():
    folder = Path(sys.argv[1])
    for name in ("junit.xml", "matrix.html", "matrix.md", "matrix.csv", "matrix.json"):
        demand((folder / name).is_file() and (folder / name).stat().st_size, f"{folder / name} is missing or empty")
    demand(list(journals(folder)), f"{folder} has no journal")
    model = matrix(folder)
    for case in model["cases"]:
        demand(("log" in case) == (case["outcome"] in MISSED), f"{case['id']} is {case['outcome']}, log: {case.get('log')}")
        demand("log" not in case or (folder / case["log"]).is_file(), f"{case['id']} has no log")
    first = next(case["id"] for case in model["cases"] if case["outcome"] == "pass")
    log = dmsc("report", "log", folder, first)
    demand_exit(log, CONFORMS)
    demand(log.stdout.startswith(f"case:     {first}\n"), f"that is no log of {first}: {log.stdout[:200]}")
    demand(set(scr_items()) <= {row["item"] for row in model["rows"]}, "matrix.json leaves items out")
    rows = list(csv.reader((folder / "matrix.csv").open(newline="")))
    markdown = (folder / "matrix.md").read_text().replace("\\_", "_")
    for item in scr_items():
        demand(any(item in row for row in rows), f"matrix.csv has no row of {item}")
        demand(item in markdown, f"matrix.md has no row of {item}")

    found = outcomes(folder)
    unshown = sum(is_unshown(case, model) for case in model["cases"])
    errors = found.get("error", 0) + unshown
    skipped = sum(found.get(name, 0) for name in ("inconclusive", "not-applicable", "not-run")) - unshown
    # Items that no case explains have a test case of their own, which is an error.
    items = sorted(name for name in by_junitparser(folder)[1] if name.endswith(" as a whole"))
    expected = (len(model["cases"]) + len(items), found.get("fail", 0), errors + len(items), skipped)
    names = sorted([case["id"] for case in model["cases"]] + items)
    tests, failures, errors, skipped = expected
    demand(tests, "no case at all")
    for reader, (counts, read), wanted in (
        ("junitparser", by_junitparser(folder), expected),
        ("junit2html", by_junit2html(folder), (tests, failures + errors, skipped)),
    ):
        demand(counts == wanted, f"{reader} counts {counts}, matrix.json {wanted}")
        demand(sorted(read) == names, f"{reader} reads other names than those of matrix.json")
    print(f"{tests} cases, {failures} failures, {errors} errors, {skipped} skipped: matrix.json, junitparser and junit2html agree")


def is_unshown(case, model):
    """Whether it is claimed, and nothing was shown: the table of gates in the README."""
    gap = case["outcome"] == "inconclusive" or case["outcome"] == "not-run" and case.get("code") != "not-selected"
    return gap and model["duts"][case["dut"]]["ics"].get(case["item"], False)


def by_junitparser(folder):
    """Counted from the cases, and equal to the totals that the file states."""
    xml = JUnitXml.fromfile(str(folder / "junit.xml"))
    cases = [case for suite in xml for case in suite]
    kinds = [type(result) for case in cases for result in case.result]
    counts = (len(cases), kinds.count(Failure), kinds.count(Error), kinds.count(Skipped))
    demand((xml.tests, xml.failures, xml.errors) == counts[:3], "junit.xml states totals that it does not hold")
    stated = tuple(sum(getattr(suite, name) for suite in xml) for name in ("tests", "failures", "errors", "skipped"))
    demand(stated == counts, f"the suites of junit.xml state {stated}, they hold {counts}")
    return counts, [case.name for case in cases]


def by_junit2html(folder):
    """It counts errors among the failures."""
    report = Junit(filename=str(folder / "junit.xml"))
    cases = [case for suite in report.suites for case in suite.all()]
    counts = (len(cases), sum(case.failed() for case in cases), sum(bool(case.skipped) for case in cases))
    return counts, [case.name for case in cases]


if __name__ == "__main__":
    main()
