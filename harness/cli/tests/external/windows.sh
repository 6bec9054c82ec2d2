#!/usr/bin/env bash
# That `dmsc` compiles for Windows, with cards in PC/SC readers: checked where the standard library of that target is
# installed (`rustup target add x86_64-pc-windows-gnu`), and said plainly where it is not.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

target=x86_64-pc-windows-gnu
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
    echo "not checked: the standard library of $target is not installed here; \`rustup target add $target\` gets it"
    exit 0
fi
# libusb is C, and compiled for the target.
if ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
    echo "checked without USB: libusb needs x86_64-w64-mingw32-gcc, which is not installed here"
    cargo check --locked -p dmsc --no-default-features --features pcsc --target "$target"
    exit 0
fi
cargo check --locked -p dmsc --features pcsc --target "$target"
