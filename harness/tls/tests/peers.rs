//! Both sides against programs that nobody here wrote: GnuTLS with both suites, and OpenSSL with the one that Debian's has.
//!
//! `cargo test -p dmsc-tls --test peers -- --ignored`, or `harness/cli/tests/external/tls_peers.sh`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests, whose failure it is")]

mod peers {
    pub(crate) mod glue;
    mod gnutls;
    mod openssl;
}
