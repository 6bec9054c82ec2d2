#!/usr/bin/env python3
"""The harness against DUTs that know nothing of it: clean they fail nothing, and every planted bug is found.

usage: python_duts.py OUT [client|server] [BUG ...]

OUT takes a run folder for each DUT. A clean DUT runs the whole suite, one with a bug the cases that are there to catch
it. The runs take turns on all cores.
"""

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dut"))
from common import CONFORMS, FAILS, INCONCLUSIVE, ROOT, demand, demand_exit, dmsc, matrix  # noqa: E402
from dm_client import BUGS as CLIENT_BUGS  # noqa: E402
from dm_server import BUGS as SERVER_BUGS  # noqa: E402

# For each bug: what the harness makes of it, and the case that does. Each case passes with the clean DUT, without a
# remark where a remark is all that the bug gets. `inconclusive` and `remark`: no document that was read forbids it.
CLIENT = {
    "session-id-decimal": ("fail", "DM_SC-C-001-M/session-id"),
    "session-id-padded": ("fail", "DM_SC-C-001-M/session-id"),
    "accept-any-digest": ("fail", "DM_SC-C-001-M/wrong-digest"),
    "accept-any-server-id": ("fail", "DM_SC-C-001-M/unknown-server"),
    "accept-version-12": ("remark", "DM_SC-C-001-M/other-versions"),
    "no-devinfo": ("fail", "DM_SC-C-001-M/package1-structure"),
    "alert-1201": ("fail", "DM_SC-C-001-M/server-initiated-alert"),
    "no-final": ("fail", "DM_SC-C-001-M/package1-structure"),
    "msg-id-stuck": ("fail", "DM_SC-C-001-M/package3-header"),
    "wrong-content-type": ("fail", "DM_SC-C-008-M/media-type"),
    "no-accept": ("remark", "DM_SC-C-008-M/request-headers"),
    "executes-unauthenticated": ("fail", "DM_SC-C-001-M/missing-server-credentials"),
    "no-command-status": ("fail", "DM_SC-C-001-M/one-status-each"),
    "retries-old-nonce": ("fail", "DM_SC-C-001-M/client-challenged"),
    "lone-status": ("fail", "DM_SC-C-001-M/lone-status"),
    "ignores-resp-uri": ("fail", "DM_SC-C-001-M/resp-uri"),
    "executes-duplicates": ("inconclusive", "DM_SC-C-008-M/repeated-response"),
    "no-resync": ("fail", "DM_SC-C-002-O/default-nonce"),
    "no-next-message": ("fail", "DM_SC-C-004-O/next-message"),
}
SERVER = {
    "notify-version-12": ("fail", "DM_SC-S-001-M/version"),
    "notify-wrong-digest": ("fail", "DM_SC-S-001-M/digest"),
    "notify-wsp-header": ("fail", "DM_SC-S-001-M/bare-package0"),
    "notify-reserved-bits": ("fail", "DM_SC-S-001-M/reserved-bits"),
    "same-session-id": ("fail", "DM_SC-S-001-M/session-ids-differ"),
    "other-session-id": ("fail", "DM_SC-S-002-M/session-id"),
    "no-final": ("fail", "DM_SC-S-002-M/status-for-package1"),
    "no-cred": ("fail", "DM_SC-S-002-M/client-challenge"),
    "accept-any-cred": ("fail", "DM_SC-S-002-M/wrong-credentials"),
    "stale-challenge": ("inconclusive", "DM_SC-S-002-M/wrong-credentials"),
    "commands-before-auth": ("fail", "DM_SC-S-002-M/no-credentials"),
    "no-status-of-alert": ("fail", "DM_SC-S-002-M/status-for-package1"),
    "accept-version-2": ("inconclusive", "DM_SC-S-002-M/unknown-proto"),
    "no-devinfo-needed": ("remark", "DM_SC-S-002-M/without-devinfo"),
    "advance-on-duplicate": ("inconclusive", "DM_SC-S-002-M/repeated-request"),
    "serves-get": ("fail", "DM_SC-S-002-M/other-method"),
}
FINDINGS = {"client": CLIENT, "server": SERVER}
PLANTED = {"client": CLIENT_BUGS, "server": SERVER_BUGS}
# Bugs in what an optional item asks for, of which there is no case yet.
NO_CASE = {"client": {}, "server": {}}
# stunnel stands before the DUT, and the account is one of HTTPS.
TLS_ACCOUNT = (r"^ixit:$", "ixit:\n  address: https://{host}:{port}/OMA/DM")
CERTIFICATE_ACCOUNT = (r"^ixit:$", "ixit:\n  address: https://{host}:{port}/OMA/DM\n  tls: certificates")
CERTIFICATE_WRAP = r"\1- python3\n\1- ../../harness/cli/tests/dut/over_tls.py\n\1- {side}\n\1- '{{host}}:{{port}}'\n\1- --versions=TLSv1.2-TLSv1.3\n{options}\1- --\n\1- python3\n\1- \2\n\1- {plain}\n"
CERTIFICATES = "../../fixtures/certificates"
TLS_WRAP = r"\1- python3\n\1- ../../harness/cli/tests/dut/over_tls.py\n\1- {side}\n\1- '{{host}}:{{port}}'\n\1- --\n\1- python3\n\1- \2\n\1- {plain}\n"
# Clean DUTs that are set up otherwise than the file of the fixtures has it: what is replaced in it.
SETUPS = {
    "client": {
        # The account names a server that is somewhere else; where to connect the client is told apart.
        "elsewhere": [
            (r"--address=http://(\{host\}:\{port\})/OMA/DM", r"--connect=\1"),
            (r"^ixit:$", "ixit:\n  address: http://127.0.0.1:3516/OMA/DM"),
        ],
        "over-tls": [
            (r"^( +)- python3\n +- (.*dm_client.py)\n", TLS_WRAP.format(side="client", plain="--connect={plain}")),
            ("--address=http:", "--address=https:"),
            TLS_ACCOUNT,
        ],
        "over-certificates": [
            (
                r"^( +)- python3\n +- (.*dm_client.py)\n",
                CERTIFICATE_WRAP.format(side="client", plain="--connect={plain}", options=rf"\1- --root={CERTIFICATES}/root.pem\n"),
            ),
            ("--address=http:", "--address=https:"),
            CERTIFICATE_ACCOUNT,
        ],
    },
    "server": {
        # Nothing makes the server send a notification.
        "unwoken": [(r"^    wake:\n(      - .*\n)+", "")],
        "over-tls": [
            (r"^( +)- python3\n +- (.*dm_server.py)\n +- --listen=.*\n", TLS_WRAP.format(side="server", plain="--listen={plain}")),
            ("--address=http:", "--address=https:"),
            TLS_ACCOUNT,
        ],
        "over-certificates": [
            (
                r"^( +)- python3\n +- (.*dm_server.py)\n +- --listen=.*\n",
                CERTIFICATE_WRAP.format(
                    side="server",
                    plain="--listen={plain}",
                    options=rf"\1- --certificate-key={CERTIFICATES}/server.key\n\1- --certificates\n\1- {CERTIFICATES}/valid.pem\n\1- {CERTIFICATES}/intermediate.pem\n",
                ),
            ),
            ("--address=http:", "--address=https:"),
            CERTIFICATE_ACCOUNT,
        ],
    },
}
# What the statement of such a DUT claims besides.
CLAIMS = {
    "client": dict.fromkeys(["over-tls", "over-certificates"], ["DM_SC-C-009-O", "DM-SEC-C-014"]),
    "server": dict.fromkeys(["over-tls", "over-certificates"], ["DM_SC-S-006-O", "SCWS-S-017"]),
}
# Cases of a clean DUT that may stay inconclusive, since what stands before it is not always what the case asks for:
# stunnel tells a connection that ends without close_notify from a whole one only while octets of it are still to be
# passed on.
UNSURE = {"client": {"over-tls": ["DM_SC-C-009-O/cut-response"]}}
# The cases that it runs, where that is not the whole suite: a server is waited for often.
PARTS = {
    "client": {"over-certificates": ["--item", "C-009"]},
    "server": {"over-tls": ["--item", "S-006"], "over-certificates": ["--item", "S-006"]},
}
# A run now and then waits for what must not come; the long ones have several cases at once.
WORKERS = (os.cpu_count() or 1) + 1
JOBS = 3


def main():
    out = Path(sys.argv[1]).absolute()
    chosen = sys.argv[2:3] or list(FINDINGS)
    runs = [(side, *run) for side in chosen for run in runs_of(side, sys.argv[3:])]
    with ThreadPoolExecutor(WORKERS) as pool:
        done = list(pool.map(lambda job: one(out, *job), enumerate(runs)))
    models = {(side, name): model for (side, name, _), (model, _) in zip(runs, done)}
    complaints = [complaint for _, complaint in done if complaint]
    for side, bug, planted in runs:
        if planted and not complaints:
            complaints += missed(side, bug, models[side, bug], models[side, "clean"])
    demand(not complaints, "\n".join(complaints))
    for side in chosen:
        found = sum(of == side and planted for of, _, planted in runs)
        print(f"Python {side}: clean, and {found} of {len(PLANTED[side])} planted bugs found")
        for bug, item in NO_CASE[side].items():
            print(f"  {bug}: there is no case of {item} yet")


def runs_of(side, bugs):
    """The runs of a side: names, and whether each is that of a bug."""
    planted, looked_for = set(PLANTED[side]), {*FINDINGS[side], *NO_CASE[side]}
    demand(planted == looked_for, f"bugs of the {side} that nobody looks for, or that are not there: {planted ^ looked_for}")
    for bug, item in NO_CASE[side].items():
        demand(not list((ROOT / "testcases").glob(f"{item}/*.yaml")), f"{item} has cases now: name the one that finds {bug}")
    setups = [] if bugs else SETUPS[side]
    return [("clean", False), *((name, False) for name in setups), *((bug, True) for bug in bugs or FINDINGS[side])]


def one(out, number, run):
    """Runs one DUT; returns the matrix, and what is wrong with what the harness made of a clean DUT."""
    side, name, planted = run
    folder = out / f"{side}-{name}"
    dut = write_dut(out, number, side, name, planted)
    cases = ["--case", FINDINGS[side][name][1]] if planted else PARTS.get(side, {}).get(name, [])
    try:
        done = dmsc("run", "--dut", dut, "--jobs", str(JOBS), "--out", folder, *cases, timeout=900)
        demand_exit(done, CONFORMS, INCONCLUSIVE, *([FAILS] if planted else []))
    except SystemExit as complaint:
        return None, f"{side}-{name}: {complaint}"
    model = matrix(folder)
    if planted:
        return model, None
    unsure = UNSURE.get(side, {}).get(name, [])
    unwanted = [
        case
        for case in model["cases"]
        if case["outcome"] in ("fail", "error") or case["outcome"] == "inconclusive" and case["id"] not in unsure
    ]
    bad = [f"{case['id']}: {case['reason']}" for case in unwanted]
    passed = sum(case["outcome"] == "pass" for case in model["cases"])
    print(f"  {side}-{name}: {passed} pass")
    return model, f"{side}-{name}: {passed} pass, and: {bad}" if bad or not passed else None


def missed(side, bug, model, clean):
    """What is missing where the cases that are there to find a bug did not."""
    wanted, pattern = FINDINGS[side][bug]
    before = {case["id"]: case for case in clean["cases"]}
    ran = [case for case in model["cases"] if case["outcome"] in ("pass", "fail", "inconclusive", "error")]
    if wanted == "remark":
        found = [case for case in ran if set(case["remarks"]) - set(before[case["id"]]["remarks"])]
    else:
        found = [case for case in ran if case["outcome"] == wanted != before[case["id"]]["outcome"]]
    if found:
        return []
    return [f"{side}-{bug}: {pattern} does not come to {wanted}: {[(case['id'], case['outcome'], case['reason']) for case in ran]}"]


def write_dut(out, number, side, name, planted):
    """The DUT file of the fixtures with a state and a port of its own, set up otherwise or with the bug in its commands."""
    source = ROOT / f"fixtures/duts/python-{side}.yaml"
    state = out / f"{side}-{name}.{{job}}.state.json"
    changes = [(re.escape(f"../../target/dut/python-{side}-{{job}}.json"), str(state))]
    changes += [(re.escape("2451{job}"), f"{2400 + number}{{job}}")]
    changes += [(f"ics: python-{side}.ics.yaml", f"ics: {statement(out, side, name)}")]
    changes += [(rf"^( +)- (--state={re.escape(str(state))})$", rf"\1- \2\n\1- --bug={name}")] if planted else SETUPS[side].get(name, [])
    text = source.read_text()
    for pattern, by in changes:
        text, found = re.subn(pattern, by, text, flags=re.MULTILINE)
        demand(found or "2451" in pattern, f"{source} has no `{pattern}`")
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{side}-{name}.dut.yaml"
    path.write_text(text.replace("../../", f"{ROOT}/"))
    return path


def statement(out, side, name):
    """The statement of the fixtures, with what a DUT claims besides."""
    source = ROOT / f"fixtures/duts/python-{side}.ics.yaml"
    claims = CLAIMS[side].get(name)
    if not claims:
        return source
    text = source.read_text()
    for item in claims:
        text, found = re.subn(f"^  {item}: no", f"  {item}: yes", text, flags=re.MULTILINE)
        demand(found, f"{source} does not deny {item}")
    if name == "over-certificates":
        text += "\nfeatures: { certificates: yes }\n"
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{side}-{name}.ics.yaml"
    path.write_text(text)
    return path


if __name__ == "__main__":
    main()
