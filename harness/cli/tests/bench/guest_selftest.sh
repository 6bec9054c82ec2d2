#!/bin/bash
# Shows that the bench does what it is for: how `guest` passes on what its command does, and that a gadget in the guest
# meets the kernel's network driver, libusb and pcscd. Needs what README.md names; takes about a minute when emulated.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
guest=$bench/guest
passed=0 failed=0

# check NAME COMMAND...: counts it, and goes on.
check() {
    local name=$1 code
    shift
    # Not in a condition, where `set -e` would have no effect.
    set +e; (set -e; "$@"); code=$?; set -e
    if [ "$code" = 0 ]; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
    fi
}

same() { [ "$1" = "$2" ] || { echo "expected: $1"; echo "got:      $2"; return 1; }; }

# --- On the caller's machine ---

outside() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir "$scratch/shared dir"
    cd "$scratch"
    export BENCH_WORD="a word"

    local code=0
    "$guest" --speed full --share "shared dir" "$bench/guest_selftest.sh" --passes "two  words" '' >out 2>err || code=$?
    check "exit status"                      same 42 "$code"
    printf '%s\n' "$PWD" "a word" "2 arguments: two  words|" >expected
    check "directory, environment, arguments" diff expected <(head -n 3 out)
    check "standard error"                   same "to standard error" "$(<err)"
    check "root in the guest"                grep -qx 'user 0' out
    check "full speed"                       grep -qx 'speed 12' out
    check "a file in a shared directory"     grep -qx "from the guest" "shared dir/file"
    check "no other file"                    test ! -e "$scratch/file"

    code=0
    "$guest" --timeout 10 -- sleep 1000 >out 2>err || code=$?
    check "timeout: exit status"             same 124 "$code"
    check "timeout: message"                 grep -q '^guest: timeout after 10 s, .*: sleep 1000$' err

    code=0
    "$guest" -- sh -c 'echo c >/proc/sysrq-trigger' >out 2>err || code=$?
    check "panic: exit status"               same 125 "$code"
    check "panic: message"                   grep -q "^guest: the guest's kernel panicked while it ran: sh -c" err

    "$guest" -- "$bench/guest_selftest.sh" --usb >out 2>&1 || true
    grep -v ' passed, ' out || true
    read -r inner_passed inner_failed < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' out) ||
        { inner_passed=0 inner_failed=1; echo "FAILED  the USB part did not reach its end"; }
    passed=$((passed + inner_passed)) failed=$((failed + inner_failed))
    end
}

end() { echo "$passed passed, $failed failed"; [ "$failed" = 0 ]; }

# --- In the guest ---

# What a command sees; with a process left behind that holds the streams.
passes() {
    # shellcheck source=lib.sh
    . "$bench/lib.sh"
    pwd
    echo "$BENCH_WORD"
    echo "$# arguments: $1|$2"
    echo "to standard error" >&2
    echo "user $(id -u)"
    echo "from the guest" >file
    echo "from the guest" >"shared dir/file"
    sleep 1000 &
    eem_gadget eem0
    echo "speed $(</sys/bus/usb/devices/1-1/speed)"
    exit 42
}

usb() {
    # shellcheck source=lib.sh
    . "$bench/lib.sh"
    check "an EEM gadget is enumerated"               eem_plugged
    check "ping over EEM, IPv4 and IPv6"              eem_ping
    check "an EEM gadget is unplugged"                eem_unplugged
    check "FunctionFS takes descriptors"              reader_gadget
    exec 8< <(exec "$bench/ccid_gadget.py" /dev/ffs)
    read -r -t 60 _ <&8
    add_reader 0x1D6B 0x0104 "Bench card"
    start_pcscd /run/pcscd-1.log
    check "pcscd without the reader"                  wait_for_no_reader "Bench card"
    check "a reader plugged in while pcscd runs"      plugged
    check "pcsc_scan lists it"                        listed
    check "an APDU there and back"                    exchanged
    check "a reader unplugged"                        unplugged
    check "plugged in again"                          plugged
    stop_pcscd
    start_pcscd
    check "a reader found when pcscd starts"          wait_for_reader "Bench card"
    check "the log of pcscd has APDUs"                grep -q 'APDU: 00 A4 04 00' /run/pcscd-1.log
    stop_pcscd
    end
}

eem_plugged() {
    eem_gadget eem0
    same eem0 "$(ls /sys/kernel/config/usb_gadget)"
    same cdc_eem "$(basename "$(readlink "/sys/class/net/$host_interface/device/driver")")"
    same 480 "$(</sys/bus/usb/devices/1-1/speed)"
    echo "$card_interface $host_interface" >/run/interfaces
}

# Both ends are interfaces of one kernel, which would not use the wire between addresses of its own: the card's end goes
# into a namespace.
eem_ping() {
    local card host
    read -r card host </run/interfaces
    ip netns add card
    ip link set "$card" netns card
    ip -n card address add 192.0.2.1/24 dev "$card"
    ip -n card address add 2001:db8::1/64 dev "$card" nodad
    ip -n card link set "$card" up
    ip address add 192.0.2.2/24 dev "$host"
    ip address add 2001:db8::2/64 dev "$host" nodad
    ip link set "$host" up
    busybox ping -c 3 -i 0.2 -W 20 192.0.2.1 | grep ' 0% packet loss'
    busybox ping -6 -c 3 -i 0.2 -W 20 2001:db8::1 | grep ' 0% packet loss'
    # The wire's own counters: it was used.
    [ "$(<"/sys/class/net/$host/statistics/rx_packets")" -ge 6 ]
}

eem_unplugged() {
    remove_gadget eem0
    wait_for_no_device /sys/bus/usb/devices/1-1
    ip netns delete card
}

gadget=/sys/kernel/config/usb_gadget/reader

reader_gadget() {
    mkdir -p $gadget/functions/ffs.reader $gadget/configs/c.1 /dev/ffs
    echo 0x1d6b >$gadget/idVendor
    echo 0x0104 >$gadget/idProduct
    ln -s $gadget/functions/ffs.reader $gadget/configs/c.1/
    mount -t functionfs reader /dev/ffs
}

plugged() {
    echo dummy_udc.0 >$gadget/UDC
    wait_for_reader "Bench card"
}

unplugged() {
    echo >$gadget/UDC
    wait_for_no_reader "Bench card"
}

listed() { pcsc_scan -r | grep 'Bench card'; }

exchanged() {
    opensc-tool -r "$(wait_for_reader "Bench card")" -a -s "00 A4 04 00" | tee /run/exchange
    grep -q '^3b:9f:95:80' /run/exchange
    grep -q 'SW1=0x90, SW2=0x00' /run/exchange
}

case ${1:-} in
    --passes) shift; passes "$@" ;;
    --usb) usb ;;
    *) outside ;;
esac
