#!/bin/bash
# guest_pcsc.sh: the PC/SC link with a USB reader that is unplugged and a card that is mute, in the guest:
# harness/link/tests/pcsc_usb.rs. Half a minute when emulated.
#
# Needs what README.md names, and Debian's libpcsclite-dev.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)

if [ "${1:-}" != --inside ]; then
    # Built outside; cargo tells where.
    program=$(cargo test --quiet --package dmsc-link --features pcsc --test pcsc_usb --no-run --message-format json |
        sed -n 's/.*"name":"pcsc_usb".*"executable":"\([^"]*\)".*/\1/p')
    exec "$bench/guest" --timeout 600 -- "$0" --inside "$program"
fi

. "$bench/lib.sh"
gadget=/sys/kernel/config/usb_gadget/reader
mkdir -p $gadget/functions/ffs.reader $gadget/configs/c.1 /dev/ffs
echo 0x1d6b >$gadget/idVendor
echo 0x0104 >$gadget/idProduct
ln -s $gadget/functions/ffs.reader $gadget/configs/c.1/
mount -t functionfs reader /dev/ffs
exec 8< <(exec "$bench/ccid_gadget.py" /dev/ffs)
export DMSC_READER_PROCESS=$! DMSC_READER_UDC=$gadget/UDC
read -r -t 60 _ <&8
add_reader 0x1D6B 0x0104 "Bench card"
start_pcscd
echo dummy_udc.0 >$gadget/UDC
"$2" --ignored --nocapture || { tail -n 60 /run/pcscd.log; exit 1; }
