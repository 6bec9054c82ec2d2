//! The hash that all schemes of DM 1.2 begin with.

use ::md5::{Digest as _, Md5};

/// MD5(first ":" second), the inner hash of all schemes.
pub(crate) fn md5_of_pair(first: &[u8], second: &[u8]) -> [u8; 16] {
    Md5::new().chain_update(first).chain_update(b":").chain_update(second).finalize().into()
}
