#!/bin/bash
# host_unplug.sh COUNT MODE...: runs against a card in a reader while pcscd is killed (`pcscd`) or the connection of the
# virtual card is cut (`vpcd`), COUNT times each; see unplug.py. $DMSC is the program, built with the feature pcsc.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
. "$bench/host.sh"
in_own_world "$0" "$@"
exec python3 "$bench/../external/unplug.py" "${CARGO_TARGET_DIR:-$root/target}/ci/unplug" "$@"
