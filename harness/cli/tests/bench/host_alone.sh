#!/bin/bash
# host_alone.sh [CASE]...: the suite, or what is chosen of it by item or case (DM_SC-S-002-M), against a card that lives
# on from case to case as a real one does: the reference card, played by `dmsc card` in a process of its own, behind the
# system's pcscd. Time is the wall's: two minutes for DM_SC-S-002-M. $DMSC is the program, built with the feature pcsc.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
. "$bench/host.sh"
in_own_world "$0" "$@"
: "${DMSC:=${CARGO_TARGET_DIR:-$root/target}/release/dmsc}"
out=${CARGO_TARGET_DIR:-$root/target}/ci/alone
rm -rf "$out"
mkdir -p "$out"
start_pcscd "$out/pcscd.log"
"$DMSC" card --vpcd >"$out/card.log" 2>&1 &
card=$!
reader=$(wait_for_reader "Virtual PCD 00 00")
cat >"$out/card.yaml" <<END
dut: 1
name: card that lives on
kind: card
link: { pcsc: { reader: '$reader' } }
ics: $root/fixtures/duts/reference-card.ics.yaml
END
code=0
"$DMSC" run --unattended --seed 1 --dut "$out/card.yaml" --out "$out/run" "${@/#/--case=}" || code=$?
kill "$card"
stop_pcscd
exit "$code"
