#!/bin/bash
# host_readers.sh [DMSC]: `dmsc card` in the virtual reader of vsmartcard, used by opensc-tool, pcsc_scan and pyscard.
#
# Needs Debian's pcscd, vsmartcard-vpcd, opensc, pcsc-tools and python3-pyscard, and a dmsc: the one named, or the one
# that DMSC names. No root, no USB.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
. "$bench/host.sh"
in_own_world "$0" "$@"

dmsc=${1:-${DMSC:?name the program dmsc}}
start_pcscd
"$dmsc" card --vpcd >/run/card.log 2>&1 &
card=$!
# The world ends with this script; what it leaves running would hold the caller's output open.
trap 'kill $card || true; stop_pcscd' EXIT
"$bench/readers.sh" "Virtual PCD 00 00" 3B9F96801F878031E073FE211B674A4C753034054BA9 ||
    { tail -n 20 /run/card.log; tail -n 40 /run/pcscd.log; exit 1; }
