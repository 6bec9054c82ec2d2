#!/bin/bash
# host_overhead.sh: what the link, and what a whole run with its record, add to an APDU through pcscd; half a minute. The
# figures are for a reader: nothing is demanded of them.
#
# All on one processor: what it costs to wake a program on another one is several times what is measured here, and
# differs from run to run.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
. "$bench/host.sh"
# Built outside, where there is a network.
cargo bench --quiet --package dmsc --features pcsc --bench apdu --no-run
cargo bench --quiet --package dmsc-link --features pcsc --bench pcsc --no-run
in_own_world "$0" "$@"
export DMSC_BENCH=host
taskset --cpu-list 0 cargo bench --offline --quiet --package dmsc --features pcsc --bench apdu
taskset --cpu-list 0 cargo bench --offline --quiet --package dmsc-link --features pcsc --bench pcsc
