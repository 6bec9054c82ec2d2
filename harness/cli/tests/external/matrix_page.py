#!/usr/bin/env python3
"""matrix.html works in a browser: every SCR item is there, its details open, nothing is fetched, and it can be seen.

usage: matrix_page.py FOLDER SCREENSHOT.png

Needs Chromium. The page has no script of its own; a copy gets one that does what a reader's mouse would do.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import demand, matrix, scr_items

# Clicks each item's summaries, looks whether the list behind them takes room, and writes down what it saw.
PROBE = """
<script>
const seen = {};
for (const head of document.querySelectorAll('#matrix ~ .wide th[scope="row"]')) {
  const name = head.firstChild.textContent.trim();
  const found = { details: 0, opened: 0, height: head.getBoundingClientRect().height };
  for (const details of head.parentElement.querySelectorAll('details')) {
    found.details += 1;
    details.querySelector('summary').click();
    const inner = details.querySelector('ul');
    if (details.open && inner && inner.getBoundingClientRect().height > 0) found.opened += 1;
  }
  seen[name] = found;
}
const links = [...document.querySelectorAll('a[href^="#"]')];
const broken = links.filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map(a => a.hash);
const fetched = performance.getEntriesByType('resource').map(entry => entry.name);
const result = document.createElement('pre');
result.id = 'probe';
result.textContent = JSON.stringify({ seen, broken, fetched });
document.body.append(result);
</script>
"""


def main():
    folder, picture = Path(sys.argv[1]), Path(sys.argv[2]).absolute()
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    demand(browser, "no Chromium; install the package chromium")
    page = (folder / "matrix.html").read_text()
    with tempfile.TemporaryDirectory() as work:
        copy = Path(work) / "matrix.html"
        copy.write_text(page.replace("</body>", PROBE + "</body>"))
        found = json.loads(unescape(re.search(r'<pre id="probe">(.*?)</pre>', run(browser, work, "--dump-dom", copy.as_uri()), re.DOTALL)[1]))
        picture.parent.mkdir(parents=True, exist_ok=True)
        run(browser, work, f"--screenshot={picture}", "--window-size=1280,2600", (folder / "matrix.html").absolute().as_uri())
    seen = found["seen"]
    missing = [item for item in scr_items() if not seen.get(item, {}).get("height")]
    demand(not missing, f"not on the page: {missing}")
    closed = [item for item, at in seen.items() if at["opened"] != at["details"]]
    demand(not closed, f"details that do not open: {closed}")
    has_more = [row["item"] for row in matrix(folder)["rows"] if any(cell["cases"] for cell in row["cells"])]
    bare = [item for item in has_more if not seen[item]["details"]]
    demand(has_more and not bare, f"cases that the page does not tell of: {bare}")
    demand(not found["broken"], f"links that lead nowhere: {found['broken'][:5]}")
    demand(not found["fetched"], f"the page fetches {found['fetched'][:5]}")
    demand(picture.stat().st_size > 10_000, "the screenshot is empty")
    print(f"{len(seen)} items, {sum(at['opened'] for at in seen.values())} details open; {picture}")


def run(browser, work, *more):
    # As root there is no sandbox, and a small /dev/shm ends the browser.
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={work}/profile"]
    done = subprocess.run(
        [browser, *flags, *more], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": work}, check=False
    )
    demand(done.returncode == 0, f"Chromium ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def unescape(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


if __name__ == "__main__":
    main()
