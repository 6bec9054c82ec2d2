#!/bin/bash
# guest_hostile.sh OUT [ID]...: runs against hostile devices on USB, in the guest; see hostile_usb.py. A minute and a half
# when emulated. $DMSC is the program.
#
# Needs what README.md names.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
export DMSC=${DMSC:-${CARGO_TARGET_DIR:-$root/target}/release/dmsc}
if [ "${1:-}" != --inside ]; then
    [ $# -ge 1 ] || { sed -n 's/^# \(guest_hostile.sh OUT.*\): runs.*/usage: \1/p' "$0"; exit 2; }
    mkdir -p "$1"
    out=$(cd "$1" && pwd)
    shift
    exec "$bench/guest" --share "$out" --timeout 900 -- "$0" --inside "$out" "$@"
fi

shift
modprobe gadgetfs
mkdir -p /dev/gadget
mount -t gadgetfs gadget /dev/gadget
exec python3 "$bench/../external/hostile_usb.py" "$@"
