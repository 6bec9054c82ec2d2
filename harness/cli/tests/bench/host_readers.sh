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
"$bench/readers.sh" "Virtual PCD 00 00" 3B9F96801F878031E073FE211B57444D53432D303195 ||
    { tail -n 20 /run/card.log; tail -n 40 /run/pcscd.log; exit 1; }
kill $card
wait $card || true
# Until it has looked again, pcscd has the card that has gone.
stop_pcscd
start_pcscd

# A program that sends TPDUs of T=0 as they are, and fetches itself what a command brings.
"$dmsc" card --link 'vpcd: { level: tpdu }' >>/run/card.log 2>&1 &
card=$!
reader=$(wait_for_reader "Virtual PCD 00 00")
said=$(timeout 120 scriptor -r "$reader" -p T=0 2>&1 <<'END'
00 A4 00 04 02 3F 00
00 C0 00 00 2A
00 C0 00 00 29
00 A4 00 0C 02 2F E2
00 B0 00 00 00
00 B0 00 00 0A
00 20 00 01 00
END
) || true
# Long answers go over several lines.
answers=$(awk '/^</ { one = substr($0, 3); while (one !~ / : /) { getline more; one = one more }
    sub(/ : .*/, "", one); gsub(/ /, "", one); print one }' <<<"$said" | sed 's/^62.*9000$/FCP/' | paste -sd ' ')
expected="6129 6C29 FCP 9000 6C0A 988812010000000010F19000 63C3"
[ "$answers" = "$expected" ] || { echo "scriptor: expected $expected, got $answers"; echo "$said"; exit 1; }
echo "scriptor: $answers"
