//! The chain of a journal: each line is bound to all that stand before it.
//!
//! The last member of each line is `chain`: the first eight octets of the SHA-256 over the link of the line before, eight
//! zero octets before the first, and the line without that member and what follows it.

use dmsc_octets::{push_hex, to_hex};
use sha2::{Digest, Sha256};

/// Where the link of a line begins.
const MEMBER: &[u8] = b",\"chain\":\"";
/// What follows its digits.
const END: &[u8] = b"\"}";
/// Octets of a link; two digits each.
const LINK: usize = 8;

/// The link of the last line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Chain([u8; LINK]);

impl Chain {
    /// Adds a line, which is a JSON object with members, with its link and a line feed to `out`.
    pub(super) fn add(&mut self, object: &[u8], out: &mut Vec<u8>) {
        let body = object.strip_suffix(b"}").unwrap_or(object);
        *self = self.after(body);
        out.extend_from_slice(body);
        out.extend_from_slice(MEMBER);
        push_hex(&self.0, out);
        out.extend_from_slice(END);
        out.push(b'\n');
    }

    /// Goes on to a line, given without its line feed; false where it does not follow the one before. In either case the
    /// next line is looked at as following this one.
    pub(super) fn follow(&mut self, line: &[u8]) -> bool {
        let Some((body, link)) = parts(line) else { return false };
        let right = self.after(body).0 == link;
        self.0 = link;
        right
    }

    /// Whether a line has a link, right or wrong.
    pub(super) fn is_in(line: &[u8]) -> bool {
        parts(line).is_some()
    }

    /// A line without its link and without its last brace.
    pub(super) fn without(line: &[u8]) -> &[u8] {
        parts(line).map_or_else(|| line.strip_suffix(b"}").unwrap_or(line), |(body, _)| body)
    }

    fn after(self, body: &[u8]) -> Chain {
        let digest = Sha256::new().chain_update(self.0).chain_update(body).finalize();
        let mut link = [0; LINK];
        link.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Chain(link)
    }
}

/// What the link of a line is made of, and the link.
fn parts(line: &[u8]) -> Option<(&[u8], [u8; LINK])> {
    let line = line.strip_suffix(END)?;
    let (body, digits) = line.split_at_checked(line.len().checked_sub(LINK * 2)?)?;
    let body = body.strip_suffix(MEMBER)?;
    let digits = std::str::from_utf8(digits).ok()?;
    // One way to write it, or a changed letter would go unseen.
    let octets = dmsc_octets::from_hex(digits).ok().filter(|octets| to_hex(octets) == digits)?;
    Some((body, octets.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_bound_to_those_before() {
        let mut out = Vec::new();
        let mut chain = Chain::default();
        chain.add(b"{\"event\":\"run\"}", &mut out);
        chain.add(b"{\"event\":\"check\"}", &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "{\"event\":\"run\",\"chain\":\"3D44F3D43A13EFE4\"}\n{\"event\":\"check\",\"chain\":\"77EFF6D34DD235A5\"}\n"
        );
    }

    #[test]
    fn no_change_of_an_octet_goes_unseen() {
        let mut out = Vec::new();
        let mut chain = Chain::default();
        chain.add(b"{\"event\":\"run\"}", &mut out);
        let line = out.strip_suffix(b"\n").unwrap();
        assert!(Chain::default().follow(line));
        for at in 0..line.len() {
            for change in 1..=255 {
                let mut changed = line.to_vec();
                changed[at] ^= change;
                assert!(!Chain::default().follow(&changed), "{at} {change}");
            }
        }
    }
}
