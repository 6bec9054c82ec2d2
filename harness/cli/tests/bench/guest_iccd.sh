#!/bin/bash
# guest_iccd.sh: the USB card by ICCD, in the guest: against the terminal of this project (harness/link/tests/
# iccd_loop), then against pcscd with its CCID driver (iccd_pcscd.rs). Two minutes when emulated.
#
# Needs what README.md names, and Debian's `opensc`.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)

# Built outside; cargo tells where.
program() {
    cargo test --quiet --package dmsc-link --test "$1" --no-run --message-format json |
        sed -n "s/.*\"name\":\"$1\".*\"executable\":\"\([^\"]*\)\".*/\1/p"
}

for name in iccd_loop iccd_pcscd; do
    "$bench/guest" --timeout 600 -- "$(program $name)" --ignored --test-threads=1
done
