#!/bin/bash
# host_awkward.sh [CARD]...: runs against cards that are no use, or those of the given names: see awkward_cards.py. Two
# minutes.
#
# Needs Debian's pcscd and vsmartcard-vpcd, and a dmsc built with the feature pcsc: the one that DMSC names. No root, no
# USB.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
. "$bench/host.sh"
in_own_world "$0" "$@"
: "${DMSC:=${CARGO_TARGET_DIR:-$root/target}/release/dmsc}"
out=${CARGO_TARGET_DIR:-$root/target}/ci/awkward
rm -rf "$out"
mkdir -p "$out"
start_pcscd "$out/pcscd.log"
trap stop_pcscd EXIT
$bench_python "$bench/awkward_cards.py" "$DMSC" "$out" "$@"
