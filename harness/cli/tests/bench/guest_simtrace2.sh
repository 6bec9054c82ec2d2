#!/bin/bash
# guest_simtrace2.sh: the card in a handset's slot through a SIMtrace2 board, in the guest: the driver over libusb against
# a board over FunctionFS with an echo card and a handset (harness/link/tests/simtrace2_loop.rs). Half a minute when
# emulated.
#
# Needs what README.md names.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)

# Built outside; cargo tells where.
program=$(cargo test --quiet --package dmsc-link --test simtrace2_loop --no-run --message-format json |
    sed -n 's/.*"name":"simtrace2_loop".*"executable":"\([^"]*\)".*/\1/p')

"$bench/guest" --timeout 600 -- "$program" --ignored --nocapture --test-threads=1
