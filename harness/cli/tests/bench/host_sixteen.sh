#!/bin/bash
# host_sixteen.sh: as many readers as pcscd can have (PCSCLITE_MAX_READERS_CONTEXTS is 16), a card in the last: `dmsc devices`
# lists them all, the right one is found by its name, and where a name fits several the run says so. $DMSC is the program,
# built with the feature pcsc.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
. "$bench/host.sh"
in_own_world "$0" "$@"
: "${DMSC:=${CARGO_TARGET_DIR:-$root/target}/release/dmsc}"
out=${CARGO_TARGET_DIR:-$root/target}/ci/sixteen
rm -rf "$out"
mkdir -p "$out/readers"
# Each has two slots, the second at the next port, and a library of its own: one keeps its slots for all that load it.
for number in 0 1 2 3 4 5 6 7; do
    port=$((36000 + 2 * number))
    cp /usr/lib/pcsc/drivers/serial/libifdvpcd.so "$out/libifdvpcd-$number.so"
    cat >"$out/readers/vpcd-$number" <<END
FRIENDLYNAME "Bench $number"
DEVICENAME   /dev/null:$(printf '0x%04X' $port)
LIBPATH      $out/libifdvpcd-$number.so
CHANNELID    $(printf '0x%04X' $port)
END
done
start_pcscd "$out/pcscd.log" --config "$out/readers"
"$DMSC" card --vpcd=127.0.0.1:36015 >"$out/card.log" 2>&1 &
card=$!
reader=$(wait_for_reader "Bench 7 00 01")
"$DMSC" devices --json >"$out/devices.json"
listed=$(grep -o '"Bench [0-7] 00 0[01]"' "$out/devices.json" | sort -u | wc -l)
[ "$listed" = 16 ] || { cat "$out/devices.json"; echo "$listed readers are listed, not 16"; exit 1; }

# run NAME READER CODE WORDS: one case against the card in a reader; how it ends, and what is said.
run() {
    local came=0
    cat >"$out/$1.yaml" <<END
dut: 1
name: $1
kind: card
link: { pcsc: { reader: '$2', appear: 2 s } }
recovery: 1 s
nonces: nonces.yaml
ics: $root/fixtures/duts/reference-card.ics.yaml
END
    "$DMSC" run --unattended --dut "$out/$1.yaml" --no-report --case DM_SC-S-001-M/digest >"$out/$1.txt" 2>&1 || came=$?
    [ "$came" = "$3" ] && grep -qF -- "$4" "$out/$1.txt" || { cat "$out/$1.txt"; echo "$1: came to $came, not $3"; exit 1; }
    echo "$1: exit $came"
}
run by-name "$reader" 0 "1 pass"
run by-pattern "Bench 7*" 0 "1 pass"
run no-such-reader "Nowhere*" 4 "Nowhere"
run without-a-card "Bench 3 00 00" 4 "Bench 3 00 00"
kill "$card"
stop_pcscd
echo "$listed readers"
