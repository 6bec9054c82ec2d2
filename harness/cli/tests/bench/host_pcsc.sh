#!/bin/bash
# host_pcsc.sh [ARGUMENT]...: the PC/SC link and the vpcd link against each other, with the system's pcscd between them
# and in every state of distress: harness/link/tests/pcsc_vpcd.rs, to which the arguments go. A minute and a half.
#
# Needs Debian's pcscd, vsmartcard-vpcd and libpcsclite-dev. No root, no USB.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
. "$bench/host.sh"
# Built outside, where there is a network.
cargo test --quiet --package dmsc-link --features pcsc --test pcsc_vpcd --no-run
in_own_world "$0" "$@"
mkdir -p /run/pcscd
DMSC_BENCH=host cargo test --offline --quiet --package dmsc-link --features pcsc --test pcsc_vpcd -- --ignored --nocapture "$@"
