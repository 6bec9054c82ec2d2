#!/bin/sh
# The TLS of `dmsc-tls`, client and server, against programs that nobody here wrote: GnuTLS (both suites, TLS 1.0 to 1.2)
# and OpenSSL (PSK-AES128-CBC-SHA, as Debian's is built without 3DES). Handshakes, resumption, renegotiation, data, and
# handshakes that must fail with a certain alert. Wireshark reads connections of ours with their key log.
#
# Needs gnutls-cli and gnutls-serv (Debian: gnutls-bin), openssl and tshark in the PATH, and ports of 127.0.0.1. No root.
set -eu
cd "$(dirname "$0")/../../../.."
for program in gnutls-cli gnutls-serv openssl tshark; do
    command -v "$program" >/dev/null || { echo "there is no $program; apt install gnutls-bin openssl tshark"; exit 1; }
done
gnutls-cli --version | head -n 1
openssl version
cargo test --quiet --package dmsc-tls --test peers -- --ignored --test-threads 1
