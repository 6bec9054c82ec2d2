#!/bin/bash
# guest_readers.sh [DMSC]: `dmsc card --gadget` in the guest, used through pcscd and its CCID driver by opensc-tool,
# pcsc_scan and pyscard, in the variants that the driver speaks best: bulk and control B.
#
# Needs what README.md names, and Debian's pcscd, libccid, opensc, pcsc-tools and python3-pyscard.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
dmsc=${1:-${DMSC:?name the program dmsc}}
if [ "${2:-}" != --inside ]; then
    exec "$bench/guest" --timeout 600 -- "$0" "$dmsc" --inside
fi

. "$bench/lib.sh"
add_reader 0x1D6B 0x0105 "dmsc UICC"
for variant in bulk control-b; do
    start_pcscd
    "$dmsc" card --gadget $variant >/run/card.log 2>&1 &
    card=$!
    echo "-- $variant"
    "$bench/readers.sh" "dmsc UICC" 3B9F96801F878031E073FE211B57444D53432D303195 ||
        { tail -n 20 /run/card.log; tail -n 60 /run/pcscd.log; exit 1; }
    kill -TERM $card
    wait $card
    stop_pcscd
done
