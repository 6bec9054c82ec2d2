#!/bin/bash
# host_bootstrap.sh [DMSC]: the smart card bootstrap of `dmsc card --bootstrap`, found and read by OpenSC's pkcs15-tool in
# the virtual reader of vsmartcard, is the document that `dmsc bootstrap write` writes; and so is that of a card file with
# what `--as card` writes.
#
# Needs Debian's pcscd, vsmartcard-vpcd and opensc, and a dmsc: the one named, or the one that DMSC names. No root, no USB.
set -euo pipefail
bench=$(cd "$(dirname "$0")" && pwd)
. "$bench/host.sh"
in_own_world "$0" "$@"

dmsc=${1:-${DMSC:?name the program dmsc}}
start_pcscd
card=
trap '[ -z "$card" ] || kill $card || true; stop_pcscd' EXIT

# The card is a UICC, of which OpenSC has no driver: the one for any card, and nothing but what is on the card.
cat >/run/opensc.conf <<'CONF'
app default {
  card_drivers = default;
  force_card_driver = default;
  enable_default_driver = true;
  framework pkcs15 { use_file_caching = no; enable_pkcs15_emulation = no; try_emulation_first = no; }
}
CONF
export OPENSC_CONF=/run/opensc.conf

# read_by_opensc NAME: what pkcs15-tool reads of the object 2.23.43.5.1, to a file.
read_by_opensc() {
    local reader
    reader=$(wait_for_reader "Virtual PCD 00 00")
    timeout 120 pkcs15-tool --reader "$reader" --list-data-objects | grep -B 3 -A 1 '2\.23\.43\.5\.1' ||
        { echo "pkcs15-tool finds no document"; tail -n 20 /run/card.log; exit 1; }
    timeout 120 pkcs15-tool --reader "$reader" --read-data-object 2.23.43.5.1 --output "$1" >/dev/null
}

"$dmsc" bootstrap write --as wbxml -o /run/own >/dev/null 2>&1
"$dmsc" card --vpcd --bootstrap >/run/card.log 2>&1 &
card=$!
read_by_opensc /run/found
cmp /run/own /run/found
"$dmsc" bootstrap read /run/found | grep -A 3 'DM account'
kill $card
wait $card || true
# The reader has a card until pcscd looks again; one that has seen no other knows this is the next.
stop_pcscd
start_pcscd
echo "the card of dmsc card --bootstrap: OpenSC reads the document"

# The same by hand: the application in a card file, and its record in EF.DIR.
"$dmsc" bootstrap write --as card >/run/application
record=$(sed -n "s/.*names it: '\([0-9A-F]*\)'.*/\1/p" /run/application)
{
    cat <<CARD
atr: '3B9F96801F878031E073FE211B57444D53432D303195'
pins: [{ name: pin1, value: '2468', enabled: false }, { name: adm, value: '12345678' }]
rules:
  - { name: public, read: always, update: adm }
  - { name: subscription, read: pin1, update: adm }
files:
  - { id: '2F00', name: EF.DIR, rule: public, records: ['$record'] }
  - id: '7F50'
    name: DF.PKCS15
    files:
CARD
    grep '{ id:' /run/application | sed 's/^/  /'
    echo "applications:"
    grep -v '^#' /run/application | sed 's/^/  /'
} >/run/card.yaml
"$dmsc" card --vpcd --card /run/card.yaml >/run/card.log 2>&1 &
card=$!
read_by_opensc /run/found
cmp /run/own /run/found
echo "the card of a file: OpenSC reads the document"
