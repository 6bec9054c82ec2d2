#!/bin/sh
# Whether dmsc compiles for Windows, with PC/SC, where the standard library of that target is installed. Where it is not,
# nothing is checked, and that is said.
set -eu
target=x86_64-pc-windows-gnu
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
    echo "not checked: the standard library of $target is not installed (rustup target add $target)"
    exit 0
fi
# libusb is compiled from C.
if ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
    echo "not checked: there is no x86_64-w64-mingw32-gcc (apt install gcc-mingw-w64-x86-64)"
    exit 0
fi
cargo check --quiet --package dmsc --features pcsc --target "$target"
cargo check --quiet --package dmsc --no-default-features --target "$target"
echo "compiles for $target"
