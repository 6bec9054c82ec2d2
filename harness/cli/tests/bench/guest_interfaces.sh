#!/bin/bash
# guest_interfaces.sh: a card whose DUT file names USB and ISO, in the guest: with the card on both, a run and a terminal
# take USB and leave the reader alone; with the card in the reader only, they take ISO (DM_SC TS 5.1). And its EEM
# interface left to Linux's own driver, with the card taken off the bus meanwhile. A minute and a half when emulated. $DMSC
# is the program, built with the feature pcsc.
#
# Needs what README.md names, and Debian's pcscd and vsmartcard-vpcd.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$bench/../../../.." && pwd)
export DMSC=${DMSC:-${CARGO_TARGET_DIR:-$root/target}/release/dmsc}
[ "${1:-}" = --inside ] || exec "$bench/guest" --timeout 600 -- "$0" --inside

. "$bench/lib.sh"
start_pcscd
"$DMSC" card --vpcd >/run/reader.log 2>&1 &
wait_for_reader "Virtual PCD 00 00" >/dev/null
"$DMSC" card --link 'gadget: { eem: {} }' >/run/usb.log 2>&1 &
usb=$!
wait_for_device /sys/bus/usb/devices/1-1:1.0
cat >/run/card.yaml <<END
dut: 1
name: card with both
kind: card
link: { usb: { eem: {}, iso: { reader: Virtual PCD 00 00 } } }
nonces: nonces.yaml
ics: $root/fixtures/duts/reference-card.ics.yaml
END

fail() { echo "$*"; tail -n 20 /run/*.txt /run/reader.log /run/usb.log; exit 1; }

# The journal of the run, packed or not.
journal() { for part in /run/out/journal*; do case $part in *.gz) zcat "$part" ;; *) cat "$part" ;; esac; done; }

# used EXPECTED INTERFACE: a run, and then a terminal, over the interface that they are expected to take. Each card tells
# every message: where the reader is not used, that card hears nothing.
used() {
    local before after
    before=$(wc -l </run/reader.log)
    rm -rf /run/out
    "$DMSC" run --unattended --dut /run/card.yaml --case DM_SC-S-002-M/right-credentials --out /run/out >/run/run.txt 2>&1 ||
        fail "the run over $2 came to $?"
    grep -q "^card with both: $1" /run/run.txt || fail "the run did not take $2"
    journal | grep '"link":"'"$1" >/run/found.txt || fail "the journal does not say $2"
    "$DMSC" terminal --usb --reader 'Virtual PCD 00 00' --for '2 s' >/run/terminal.txt 2>&1 || fail "a terminal over $2 came to $?"
    grep -q " response .*sw='9000'" /run/terminal.txt || fail "the terminal did not reach the card"
    after=$(wc -l </run/reader.log)
    case $2 in
        USB) [ "$before" = "$after" ] || fail "something passed over ISO" ;;
        ISO) [ "$before" -lt "$after" ] || fail "nothing passed over ISO" ;;
    esac
    grep -h '^card with both' /run/run.txt | head -n 1
    grep -h -o 'pass.*' /run/run.txt | tail -n 1
}

used 'USB UICC with EEM' USB
# Linux's driver has the EEM interface as long as nobody takes it, and TCP/IP of its own.
interface=$(ls /sys/bus/usb/devices/1-1:1.*/net)
ip link set "$interface" up
sed -i "s|eem: {}|eem: { system: '[fe80::ff:fe00:2]:443' }|" /run/card.yaml
used "USB UICC with EEM by the system's own driver" USB

# Taken off the bus again and again: connections do not notice, and a silence of theirs is not the card's.
echo 'SUBSYSTEM=="net", ACTION=="add", RUN+="/usr/sbin/ip link set $name up"' >/etc/udev/rules.d/99-up.rules
udevadm control --reload
rm -rf /run/out
code=0
"$DMSC" run --unattended --dut /run/card.yaml --case 'DM_SC-S-002-M/client*' --case 'DM_SC-S-002-M/package*' \
    --case 'DM_SC-S-002-M/r*' --out /run/out >/run/run.txt 2>&1 &
run=$!
# A guest takes its time to start the program; which interface is there counts when the run begins.
until grep -q '"case-started"' /run/out/journal.jsonl 2>/dev/null || ! kill -0 $run 2>/dev/null; do sleep 0.2; done
while sleep 7 && kill -0 $run 2>/dev/null; do
    for udc in /sys/kernel/config/usb_gadget/*/UDC; do echo "" >"$udc" || true; done
done
wait $run || code=$?
journal | grep '"gap":{' >/run/found.txt || fail "no gap was recorded"
case $code in 0 | 2) ;; *) grep -h -A3 -E '^(fail|error)' /run/run.txt; fail "the run of a card that was unplugged came to $code" ;; esac
echo "unplugged $(wc -l </run/found.txt) times: exit $code, $(tail -n 2 /run/run.txt | head -n 1)"

kill -TERM "$usb"
wait "$usb"
wait_for_no_device /sys/bus/usb/devices/1-1
# The card in the reader is another process, with nonces of its own.
rm /run/nonces.yaml
used 'PC/SC' ISO
