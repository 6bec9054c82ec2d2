"""What the outside checks share: where things are, how `dmsc` is called, and how a check ends."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
DMSC = os.environ.get("DMSC", str(TARGET / "release" / "dmsc"))

# How `dmsc` ends.
CONFORMS, FAILS, INCONCLUSIVE, INPUT, RIG = range(5)


def demand(holds, complaint):
    """Ends the check unless the condition holds."""
    if not holds:
        sys.exit(f"{Path(sys.argv[0]).name}: {complaint}")


def dmsc(*words, timeout=600):
    """Runs `dmsc` in the folder of the workspace, without standard input."""
    command = [DMSC, *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
    )


def demand_exit(done, *allowed):
    shown = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
    demand(done.returncode in allowed, f"`{' '.join(done.args)}` ended with {done.returncode}, not {allowed}:\n{shown}")


def matrix(folder):
    return json.loads((Path(folder) / "matrix.json").read_text())


def journals(folder):
    """The events of each journal of a run folder: of its closed parts, which are packed, and of the one still written."""
    parts = {}
    for path in Path(folder).glob("journal*.jsonl*"):
        stem, *number = path.name.removesuffix(".gz").removesuffix(".jsonl").split(".")
        parts.setdefault(stem, []).append((int(number[0]) if number else sys.maxsize, path))
    for _, ours in sorted(parts.items()):
        yield [event for _, path in sorted(ours) for event in events(path)]


def events(path):
    """The events in a part of a journal."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def cases(folder):
    """Each case of a run folder that was begun: what passed, with all fields, and what was judged, as `dmsc` tells it."""
    done = dmsc("report", "log", folder, "*", "--json")
    demand_exit(done, CONFORMS)
    for line in done.stdout.splitlines():
        case = json.loads(line)
        if case["entries"]:
            yield case


def outcomes(folder):
    """How many cases came to each outcome."""
    counts = {}
    for case in matrix(folder)["cases"]:
        counts[case["outcome"]] = counts.get(case["outcome"], 0) + 1
    return counts


def scr_items():
    """The items of appendix B, by name, from the data that the harness reads too."""
    lines = (ROOT / "fixtures/scr/items.yaml").read_text().splitlines()
    return [line.removeprefix("- id:").strip() for line in lines if line.startswith("- id:")]
