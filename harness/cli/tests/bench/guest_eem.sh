#!/bin/bash
# guest_eem.sh [CARGO-OPTION]...: EEM over a real USB stack, in the guest (harness/link/tests/eem_guest.rs): our side
# against Linux's drivers and against itself, at both speeds, and how fast. Three minutes when emulated. For figures give
# `--release`, and more octets than are needed otherwise: DMSC_EEM_KIB=8192.
#
# Needs what README.md names.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)

# Built outside; cargo tells where.
program=$(cargo test --quiet --package dmsc-link --test eem_guest --no-run --message-format json "$@" |
    sed -n 's/.*"name":"eem_guest".*"executable":"\([^"]*\)".*/\1/p')

for speed in high full; do
    # At full speed dummy_hcd carries little.
    amount=$([ $speed = high ] && echo 2048 || echo 128)
    DMSC_EEM_KIB=${DMSC_EEM_KIB:-$amount} "$bench/guest" --speed $speed --timeout 600 -- \
        "$program" --ignored --nocapture --test-threads=1 --skip peer
done
