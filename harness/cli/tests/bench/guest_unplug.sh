#!/bin/bash
# guest_unplug.sh COUNT: runs against a UICC on USB that is unbound from its controller COUNT times; see unplug.py. Ten
# seconds each. $DMSC is the program.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
[ $# -eq 1 ] || { sed -n 's/^# \(guest_unplug.sh COUNT\): runs.*/usage: \1/p' "$0"; exit 2; }
out=${CARGO_TARGET_DIR:-$root/target}/ci/unplug-gadget
mkdir -p "$out"
export DMSC=${DMSC:-${CARGO_TARGET_DIR:-$root/target}/release/dmsc}
"$bench/guest" --share "$out" --speed high --timeout $((60 + $1 * 30)) -- \
    python3 "$bench/../external/unplug.py" "$out" "$1" gadget
