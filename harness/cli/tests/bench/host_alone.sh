#!/bin/bash
# host_alone.sh [ITEM]...: the suite, or what is chosen of it by item (DM_SC-S-002-M), against a card that lives
# on from case to case as a real one does: the reference card, played by `dmsc card` in a process of its own, behind the
# system's pcscd. It does nothing between commands, so time in which nothing is sent to it is not waited for. $DMSC is the
# program, built with the feature pcsc.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
. "$bench/host.sh"
# Built outside, where there is a network.
: "${DMSC_CONFORMANCE:=$(cargo test --quiet --package dmsc --features pcsc --test conformance --no-run \
    --message-format json | sed -n 's/.*"name":"conformance".*"executable":"\([^"]*\)".*/\1/p')}"
export DMSC_CONFORMANCE
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
link: { pcsc: { reader: '$reader', rests: true } }
nonces: nonces.yaml
ics: $root/fixtures/duts/reference-card.ics.yaml
END
code=0
"$DMSC" run --unattended --seed 1 --dut "$out/card.yaml" --out "$out/run" "${@/#/--item=}" || code=$?

# again FILE CODE WHAT: one case more, in a run of its own.
again() {
    local came=0
    "$DMSC" run --unattended --dut "$out/$1" --no-report --case DM_SC-S-001-M/digest >"$out/again.txt" 2>&1 || came=$?
    [ "$came" = "$2" ] || { cat "$out/again.txt"; echo "$3: came to $came, not $2"; exit 1; }
    echo "$3: exit $came"
}
if [ "$code" = 0 ]; then
    again card.yaml 0 "the next run, with the nonces that this one left"
    sed '/^nonces:/d' "$out/card.yaml" >"$out/stale.yaml"
    again stale.yaml 2 "a run that begins with nonces of long ago, inconclusive"
    # Several cases under `cargo test`: each goes on with the nonces that the one before left.
    DMSC_DUT=$out/card.yaml "$DMSC_CONFORMANCE" credentials >"$out/conformance.txt" 2>&1 ||
        { cat "$out/conformance.txt"; exit 1; }
    grep '^test result: ok\. [4-9] passed; 0 failed; 0 ignored' "$out/conformance.txt" ||
        { cat "$out/conformance.txt"; echo "not every case came to a pass under cargo test"; exit 1; }
fi
kill "$card"
stop_pcscd
exit "$code"
