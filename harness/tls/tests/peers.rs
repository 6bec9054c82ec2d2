//! Both sides against programs that nobody here wrote: GnuTLS with both suites, OpenSSL with the one that Debian's has, and
//! Wireshark, which reads a connection with the key log.
//!
//! `cargo test -p dmsc-tls --test peers -- --ignored`, or `harness/cli/tests/external/tls_peers.sh`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests, whose failure it is")]

mod peers {
    pub(crate) mod glue;
    mod gnutls;
    mod openssl;
    mod wireshark;
}
