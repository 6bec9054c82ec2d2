#!/bin/bash
# links.sh OUT DUT...: runs the suite against DUTs of the folder duts/ beside this script, each into a run folder of its
# name under OUT, and compares the verdicts with those of the run in OUT/../whole or $DMSC_WHOLE.
#
# A DUT over PC/SC runs on this machine, in a /run and network of its own; any other in a guest with a USB stack of its
# own. Two guests run side by side where several DUTs are given. $DMSC is the program, built with the feature pcsc.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
[ $# -ge 2 ] || { sed -n 's/^# \(links.sh OUT.*\): runs.*/usage: \1/p' "$0"; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
: "${DMSC:=${CARGO_TARGET_DIR:-$root/target}/release/dmsc}"
whole=${DMSC_WHOLE:-$(dirname "$out")/whole}
cd "$root"

# one DUT: the suite against it; whatever comes of it is for the comparison to judge.
one() {
    local code=0 began=$SECONDS
    rm -rf "$out/$1"
    timeout 900 "$DMSC" run --unattended --seed 1 --dut "$bench/duts/$1.yaml" --out "$out/$1" >"$out/$1.txt" 2>&1 || code=$?
    echo "$1: exit $code after $((SECONDS - began)) s"
    case $code in 0 | 1 | 2 | 4) ;; *) tail -n 20 "$out/$1.txt"; return 1 ;; esac
}

if [ "${DMSC_LINKS:-}" = here ]; then
    for dut in "$@"; do
        if grep -q 'pcsc:' "$bench/duts/$dut.yaml"; then
            . "$bench/host.sh"
            start_pcscd "$out/pcscd.log"
            one "$dut"
            stop_pcscd
        else
            one "$dut"
        fi
    done
    exit
fi

host=() guest=()
for dut in "$@"; do
    if grep -q 'pcsc:' "$bench/duts/$dut.yaml"; then host+=("$dut"); else guest+=("$dut"); fi
done
# $1: which of two halves; the rest: all. The halves are dealt so that long and short runs alternate.
half() {
    local turn=$1 dut dealt=()
    shift
    for dut in "$@"; do
        [ $((turn % 2)) -ne 0 ] || dealt+=("$dut")
        turn=$((turn + 1))
    done
    [ ${#dealt[@]} -eq 0 ] ||
        DMSC_LINKS=here "$bench/guest" --share "$out" --speed high --timeout 1500 -- "$bench/links.sh" "$out" "${dealt[@]}"
}
if [ ${#host[@]} -gt 0 ]; then
    (. "$bench/host.sh"; DMSC_LINKS=here in_own_world "$bench/links.sh" "$out" "${host[@]}")
fi
if [ ${#guest[@]} -gt 0 ]; then
    half 0 "${guest[@]}" &
    first=$!
    half 1 "${guest[@]}"
    wait "$first"
fi
python3 "$bench/../external/same_verdicts.py" "$whole" "${@/#/$out/}"
