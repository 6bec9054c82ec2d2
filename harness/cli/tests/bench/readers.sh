#!/bin/bash
# readers.sh READER [ATR]: uses the UICC in a PC/SC reader with programs that share nothing with the harness: opensc-tool,
# pcsc_scan, and pyscard through use_card.py. READER is the reader's name or a part of it, ATR the answer to reset that
# the card must give, in hexadecimal. pcscd runs already. For the host and the guest alike.
#
# Needs Debian's opensc, pcsc-tools and python3-pyscard.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
. "$bench/lib.sh"

[ $# -ge 1 ] || { sed -n 's/^# \(readers.sh READER.*\)/usage: \1/p' "$0"; exit 2; }
reader=$(wait_for_reader "$1")
atr=${2:-}
# Bounds that only a card or a daemon that hangs reaches; emulated, everything takes ten times as long.
limit="timeout 120"

# hexadecimal TEXT: only the digits, in capitals.
hexadecimal() { tr -cd '[:xdigit:]' <<<"$1" | tr a-f A-F; }

# same WHAT EXPECTED FOUND
same() { [ "$2" = "$3" ] || { echo "$1: expected $2, got $3"; exit 1; }; }

$bench_python "$bench/use_card.py" "$reader" ${atr:+--atr "$atr"}

found=$(hexadecimal "$($limit opensc-tool --card-driver default --reader "$reader" --atr)")
echo "opensc-tool: ATR $found"
if [ -n "$atr" ]; then same "opensc-tool --atr" "$(hexadecimal "$atr")" "$found"; fi

# Status word 9000, and 61xx where the reader speaks T=0 and leaves GET RESPONSE to the program.
$limit opensc-tool --card-driver default --reader "$reader" --send-apdu 00:A4:00:04:02:3F:00 |
    grep -E 'SW1=0x(90, SW2=0x00|61)' || { echo "opensc-tool: SELECT MF failed"; exit 1; }

# The name is taken literally: it may hold what a pattern would read otherwise.
scanned=$($limit pcsc_scan -c -n |
    awk -v name=": $reader" 'index($0, name) { seen = 1 } seen && !told && sub(/.*ATR: /, "") { print; told = 1 }')
echo "pcsc_scan: ATR $scanned"
same "pcsc_scan" "$found" "$(hexadecimal "$scanned")"
echo "the card in $reader was used by three programs"
