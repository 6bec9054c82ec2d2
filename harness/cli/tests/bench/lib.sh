# shellcheck shell=bash
# What commands in the guest need again and again; to be sourced by bash: . "$(dirname "$0")/lib.sh"
#
# Waiting is for events, with a bound in seconds that is only reached when something is wrong. Under emulation on a busy
# machine everything may take ten times as long as on a quiet one; the bounds allow for that.

# Debian's own interpreter: it is the one that sees Debian's packages (python3-pyscard).
bench_python=/usr/bin/python3

# add_reader VENDOR PRODUCT NAME: makes the CCID driver take on a USB device that its list lacks, for example
# `add_reader 0x1D6B 0x0104 "Bench card"`. To be called before start_pcscd. Writes to the guest's own copy of the list.
#
# pcscd picks a driver by vendor and product alone, never by class, so a gadget has to be on the list to be tried at all.
# The three arrays of the list run in parallel.
add_reader() {
    local list=/etc/libccid_Info.plist
    sed -i -e "/<key>ifdVendorID</{n;s|\$|<string>$1</string>|}" \
        -e "/<key>ifdProductID</{n;s|\$|<string>$2</string>|}" \
        -e "/<key>ifdFriendlyName</{n;s|\$|<string>$3</string>|}" "$list"
}

# start_pcscd [LOG [OPTION]...]: starts pcscd with its debug log, APDUs included, in LOG (/run/pcscd.log). Clients can
# connect when this returns: the socket is made here and handed over, as systemd would, so there is nothing to wait for.
# Readers plugged in before are found, those plugged in later too: udevd runs in the guest and passes the events on.
start_pcscd() {
    local log=${1:-/run/pcscd.log}
    [ $# -eq 0 ] || shift
    # The log level of the CCID driver is in its list: 1 critical, 2 information, 4 exchanges, 8 each USB transfer.
    sed -i '/<key>ifdLogLevel</{n;s|<string>.*</string>|<string>0x000F</string>|}' /etc/libccid_Info.plist
    run_pcscd "$log" "$@"
}

# run_pcscd LOG [OPTION]...: pcscd, as it is set up.
run_pcscd() {
    local log=$1
    shift
    mkdir -p /run/pcscd
    local ready
    # The fifo tells that the socket is there: it ends when exec closes it.
    ready=$(mktemp -u /run/pcscd/ready-XXXXXX)
    mkfifo "$ready"
    $bench_python -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("/run/pcscd/pcscd.comm")
os.chmod("/run/pcscd/pcscd.comm", 0o666)
s.listen(16)
open(sys.argv[1], "w").close()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp("pcscd", ["pcscd", "--foreground", "--debug", "--apdu"] + sys.argv[2:])
' "$ready" "$@" >"$log" 2>&1 &
    pcscd_process=$!
    read -r <"$ready" || true
    rm "$ready"
    kill -0 "$pcscd_process"
}

# stop_pcscd: ends what start_pcscd started.
stop_pcscd() {
    kill "$pcscd_process"
    wait "$pcscd_process" || true
    rm -f /run/pcscd/pcscd.comm
}

# wait_for_reader PATTERN [SECONDS]: waits (60) until pcscd has a reader whose name contains PATTERN and a card is in it;
# prints the whole name.
wait_for_reader() { pcsc_wait present "$@"; }

# wait_for_no_reader PATTERN [SECONDS]: waits (60) until pcscd has no reader whose name contains PATTERN.
wait_for_no_reader() { pcsc_wait gone "$@"; }

pcsc_wait() {
    $bench_python -c '
import sys, time
from smartcard.scard import *

wanted, pattern, bound = sys.argv[1], sys.argv[2], float(sys.argv[3])
end = time.monotonic() + bound
PLUG = "\\\\?PnP?\\Notification"

def must(result, *but):
    if result not in (SCARD_S_SUCCESS, *but):
        sys.exit(f"pcscd: {SCardGetErrorMessage(result)}")

result, context = SCardEstablishContext(SCARD_SCOPE_SYSTEM)
must(result)
while True:
    try:
        result, readers = SCardListReaders(context, [])
    except SystemError:
        # pyscard asks for the length first; a reader that comes between makes it read names that nobody wrote.
        continue
    if result == SCARD_E_INSUFFICIENT_BUFFER:
        continue
    must(result, SCARD_E_NO_READERS_AVAILABLE)
    found = next((r for r in readers if pattern in r), None)
    # The count of readers that we know of: if it is not the present one, the wait ends at once.
    watched = [(PLUG, len(readers) << 16)]
    if wanted == "gone":
        if found is None:
            sys.exit(0)
    elif found is not None:
        result, states = SCardGetStatusChange(context, 0, [(found, SCARD_STATE_UNAWARE)])
        must(result, SCARD_E_TIMEOUT, SCARD_E_UNKNOWN_READER)
        if states and states[0][1] & SCARD_STATE_PRESENT:
            print(found)
            sys.exit(0)
        if states:
            watched.append((found, states[0][1] & ~SCARD_STATE_CHANGED))
    left = end - time.monotonic()
    if left <= 0:
        sys.exit(f"after {bound:g} s not {wanted}: a reader *{pattern}*; pcscd has {readers}")
    # With no reader known pcscd takes any count for the first one, and a plug just before the call goes unseen: so look
    # again after a second at the latest.
    result, _ = SCardGetStatusChange(context, int(min(left, 1.0) * 1000) + 1, watched)
    must(result, SCARD_E_TIMEOUT, SCARD_E_UNKNOWN_READER)
' "$1" "$2" "${3:-60}"
}

# wait_for_device PATH [SECONDS]: waits (60) until the kernel has this device, for example /sys/class/net/usb1 or
# /sys/bus/usb/devices/1-1, and udevd is done with it.
wait_for_device() { udevadm wait --timeout="${2:-60}" "$1"; }

# wait_for_no_device PATH [SECONDS]: waits (60) until the kernel has it no more.
wait_for_no_device() { udevadm wait --removed --timeout="${2:-60}" "$1"; }

# eem_gadget NAME: makes a gadget with the kernel's EEM function and plugs it in. Sets `card_interface` and
# `host_interface` to the two network interfaces when both are there.
eem_gadget() {
    local gadget=/sys/kernel/config/usb_gadget/$1
    mkdir -p "$gadget/configs/c.1" "$gadget/functions/eem.$1"
    echo 0x1d6b >"$gadget/idVendor"
    echo 0x0102 >"$gadget/idProduct"
    ln -s "$gadget/functions/eem.$1" "$gadget/configs/c.1/"
    echo dummy_udc.0 >"$gadget/UDC"
    card_interface=$(<"$gadget/functions/eem.$1/ifname")
    # The driver's interface is below the USB device; its name is known when the device is bound.
    wait_for_device /sys/bus/usb/devices/1-1:1.0
    udevadm settle
    host_interface=$(ls /sys/bus/usb/devices/1-1:1.0/net)
}

# remove_gadget NAME: unplugs a gadget that was made in configfs and takes it apart.
remove_gadget() {
    local gadget=/sys/kernel/config/usb_gadget/$1
    if [ -n "$(<"$gadget/UDC")" ]; then echo >"$gadget/UDC"; fi
    find "$gadget/configs" -type l -delete
    rmdir "$gadget"/configs/*/strings/* 2>/dev/null || true
    rmdir "$gadget"/configs/* "$gadget"/functions/* 2>/dev/null || true
    rmdir "$gadget"/strings/* 2>/dev/null || true
    rmdir "$gadget"
}
