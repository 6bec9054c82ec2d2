#!/bin/sh
# Compares this crate's WBXML with libwbxml's (Debian: libwbxml2-utils), on every message of the corpus:
#   theirs  xml2wbxml's octets, read by us, say what our own reading of the XML says;
#   ours    our octets, turned into XML by wbxml2xml, say the same;
# and so do the documents that we turn into the other encoding element for element, read in the same way.
# Exits 1 on any difference, 2 if a tool is missing. Both sides are compared as tree forms.
#
# Two habits of libwbxml are levelled, because they are not what is tested: it rewrites the types
# +xml and +wbxml into one another, and writes line feeds in opaque text as CR LF.
set -u

here=$(cd "$(dirname "$0")" && pwd)
for tool in xml2wbxml wbxml2xml cargo; do
    command -v "$tool" >/dev/null || { echo "$tool is missing; install libwbxml2-utils and Rust" >&2; exit 2; }
done
target=${CARGO_TARGET_DIR:-$here/../../../target}
cargo build --quiet --package dmsc-dm --example wbxml --manifest-path "$here/../Cargo.toml" || exit 2
wbxml=$target/debug/examples/wbxml
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

level() { sed -e 's/dmtnds+wbxml/dmtnds+xml/' -e 's/\\r\\n/\\n/g' "$1"; }

passed=0 failed=0
check() { # what, file to read, name
    if "$wbxml" tree "$2" >"$work/raw" && level "$work/raw" >"$work/found" && diff "$work/own" "$work/found" >"$work/diff"
    then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$3: $1 differ(s)" >&2
        sed 's/^/    /' "$work/diff" >&2
    fi
}

for xml in "$here"/*.xml; do
    name=$(basename "$xml" .xml)
    "$wbxml" tree "$xml" >"$work/raw" || { failed=$((failed + 5)); continue; }
    level "$work/raw" >"$work/own"
    : >"$work/diff"

    xml2wbxml -v 1.2 -n -o "$work/theirs.wbxml" "$xml" >/dev/null 2>&1 || rm -f "$work/theirs.wbxml"
    check "theirs, read by us," "$work/theirs.wbxml" "$name"
    "$wbxml" transcode "$work/theirs.wbxml" >"$work/turned.xml"
    check "theirs, turned into XML by us," "$work/turned.xml" "$name"
    "$wbxml" encode "$xml" >"$work/ours.wbxml"
    wbxml2xml -m 0 -k -o "$work/ours.xml" "$work/ours.wbxml" >/dev/null 2>&1 || rm -f "$work/ours.xml"
    check "ours, read by libwbxml," "$work/ours.xml" "$name"
    "$wbxml" transcode "$xml" >"$work/turned.wbxml"
    check "turned into WBXML by us" "$work/turned.wbxml" "$name"
    wbxml2xml -m 0 -k -o "$work/turned.xml" "$work/turned.wbxml" >/dev/null 2>&1 || rm -f "$work/turned.xml"
    check "turned into WBXML by us and read by libwbxml" "$work/turned.xml" "$name"
    rm -f "$work"/*.wbxml "$work"/*.xml
done

echo "$passed comparisons agree, $failed differ"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
