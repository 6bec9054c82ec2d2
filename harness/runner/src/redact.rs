//! Secrets of a DUT file, kept out of what leaves the process: in text, as XML and addresses write it, in hexadecimal and
//! base64, in what a DUT sends or prints, in command lines and messages.
//!
//! The keys of the reference DUTs are published with them, and stay as they are.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dmsc_engine::account::Account;
use dmsc_language::dut::{Dut, LinkSpec};
use dmsc_octets::to_hex;
use dmsc_report::journal::{Check, Event, Message};
use serde_json::Value;

use crate::outcome::CaseResult;

/// Octets of the shortest secret that is looked for: fewer stand in too much that is none.
const SHORTEST: usize = 4;

/// What stands for a secret in a text.
const SECRET: &str = "(secret)";

/// Takes the secrets of a DUT out of what is recorded and said.
#[derive(Debug, Default)]
pub struct Redactor {
    /// The secrets as they may stand in a text, longest first.
    texts: Vec<String>,
    /// The secrets as they may stand in octets.
    octets: Vec<Vec<u8>>,
}

impl Redactor {
    /// For the secrets of a DUT: none where they are to be shown, or are those of a reference DUT.
    pub fn of(dut: &Dut) -> Redactor {
        let published = match &dut.link {
            LinkSpec::Builtin(_) => true,
            LinkSpec::Device(device) => device.bench.is_some(),
            LinkSpec::Tcp(_) => false,
        };
        if published || dut.shows_secrets {
            return Redactor::default();
        }
        let accounts = std::iter::once(&dut.ixit.account).chain(&dut.ixit.other_account);
        Redactor::hiding(accounts.flat_map(secrets))
    }

    /// Whether there is nothing to be hidden.
    pub(crate) fn is_idle(&self) -> bool {
        self.texts.is_empty()
    }

    fn hiding<'s>(secrets: impl Iterator<Item = Cow<'s, [u8]>>) -> Redactor {
        let mut redactor = Redactor::default();
        for secret in secrets.filter(|secret| secret.len() >= SHORTEST) {
            let hex = to_hex(&secret);
            let plain = std::str::from_utf8(&secret).into_iter().flat_map(written);
            let base64 = (0..3).filter_map(|before| inside_base64(&secret, before));
            redactor.texts.extend(plain.chain([hex.to_lowercase(), hex]).chain(base64));
            redactor.octets.push(secret.into_owned());
        }
        redactor.octets.extend(redactor.texts.iter().map(|text| text.as_bytes().to_owned()));
        // Octets of octets: how a body is shown in fields.
        let of_fields: Vec<String> = redactor.octets.iter().map(|octets| to_hex(octets)).collect();
        redactor.texts.extend(of_fields);
        redactor.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        redactor.texts.dedup();
        redactor.octets.sort_by_key(|octets| std::cmp::Reverse(octets.len()));
        redactor.octets.dedup();
        redactor
    }

    /// A text without secrets.
    pub fn text(&self, text: &mut String) {
        for secret in &self.texts {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), SECRET);
            }
        }
    }

    /// Octets without secrets, as many as before: places in them stay what they are.
    fn octets(&self, octets: &mut [u8]) {
        for secret in &self.octets {
            let mut at = 0;
            while let Some(found) = find(octets.get(at..).unwrap_or_default(), secret) {
                let begin = at.saturating_add(found);
                at = begin.saturating_add(secret.len());
                octets.get_mut(begin..at).unwrap_or_default().fill(b'*');
            }
        }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.value(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.value(value)),
            _ => {}
        }
    }

    /// An event of the journal without secrets.
    pub fn event(&self, mut event: Event) -> Event {
        if self.is_idle() {
            return event;
        }
        match &mut event {
            Event::Message(message) => self.message(message),
            Event::Check(check) => self.check(check),
            Event::CaseStarted(started) => started.gap.iter_mut().for_each(|gap| self.text(&mut gap.what)),
            Event::CaseFinished(finished) => {
                finished.outcome.reason.iter_mut().for_each(|reason| self.text(reason));
                finished.remarks.iter_mut().for_each(|remark| self.text(remark));
            }
            Event::Run(_) | Event::RunFinished(_) => {}
        }
        event
    }

    fn message(&self, message: &mut Message) {
        self.octets(&mut message.octets.0);
        message.fields.iter_mut().for_each(|fields| self.value(fields));
        message.context.values_mut().for_each(|field| self.value(field));
        message.written.values_mut().for_each(|text| self.text(text));
        message.note.iter_mut().for_each(|note| self.text(note));
    }

    /// A check without secrets.
    pub fn check(&self, check: &mut Check) {
        for text in [&mut check.what, &mut check.expected, &mut check.got] {
            self.text(text);
        }
        check.hint.iter_mut().for_each(|hint| self.text(hint));
        check.octets.iter_mut().for_each(|octets| self.octets(&mut octets.0));
    }

    /// What came of a case, without secrets.
    pub(crate) fn result(&self, result: &mut CaseResult) {
        self.text(&mut result.reason);
        result.remarks.iter_mut().for_each(|remark| self.text(remark));
        result.interrupted.iter_mut().for_each(|what| self.text(what));
    }
}

/// The secrets of an account.
fn secrets(account: &Account) -> Vec<Cow<'_, [u8]>> {
    let texts = [&account.server_secret, &account.client_secret].map(|text| Cow::Borrowed(text.as_bytes()));
    texts.into_iter().chain([Cow::Borrowed(account.psk.key.as_slice())]).collect()
}

/// A text, also as XML may write it (XML 1.0 2.4) and as an address does (RFC 3986 2.1).
fn written(text: &str) -> Vec<String> {
    const ENTITIES: [(char, &str); 4] = [('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&apos;")];
    let ampersands = text.replace('&', "&amp;");
    // But for the first, whether they are needed depends on where the text stands.
    let escaped = (0..1_u8 << ENTITIES.len()).map(|chosen| {
        let chosen = ENTITIES.iter().enumerate().filter(|(bit, _)| chosen & (1 << bit) != 0);
        chosen.fold(ampersands.clone(), |text, (_, (from, to))| text.replace(*from, to))
    });
    let mut all: Vec<String> = escaped.chain([text.to_owned()]).collect();
    for kept in ["", "/", "!$&'()*+,;=:@/?"] {
        all.extend([
            percent(text, kept, |octet| format!("%{octet:02X}")),
            percent(text, kept, |octet| format!("%{octet:02x}")),
        ]);
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// A text in which all is percent-encoded but unreserved characters, and those that are kept.
fn percent(text: &str, kept: &str, encoded: impl Fn(u8) -> String) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || kept.contains(c) {
            out.push(c);
        } else {
            out.extend(c.encode_utf8(&mut [0; 4]).bytes().map(&encoded));
        }
        out
    })
}

/// What a secret makes of base64 text in which so many octets of something else stand before it in its group of three: the
/// characters that depend on nothing but the secret.
fn inside_base64(secret: &[u8], before: usize) -> Option<String> {
    let text = STANDARD.encode([&[0; 2][..before], secret].concat());
    // Those of the first group that the octets before have a part in.
    let first = [0, 2, 3].get(before).copied()?;
    let whole = before.saturating_add(secret.len()).checked_div(3)?.saturating_mul(4);
    text.get(first..whole).filter(|text| text.len() >= SHORTEST).map(str::to_owned)
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut at = 0;
    loop {
        at += octets.get(at..)?.iter().position(|octet| octet == first)?;
        if octets.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hiding(secret: &[u8]) -> Redactor {
        Redactor::hiding([Cow::Borrowed(secret)].into_iter())
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let redactor = hiding(b"s3cr3t-P@ss");
        let basic = STANDARD.encode(b"client1:s3cr3t-P@ss");
        for text in [
            "s3cr3t-P@ss",
            "7333637233742D50407373",
            "7333637233742d50407373",
            &STANDARD.encode(b"s3cr3t-P@ss"),
            &basic,
        ] {
            let mut said = format!("sh -c 'login --password={text}' failed");
            redactor.text(&mut said);
            assert!(said.contains(SECRET), "{text}: {said}");
            let mut octets = format!("Authorization: {text}\r\n").into_bytes();
            let length = octets.len();
            redactor.octets(&mut octets);
            assert_eq!(octets.len(), length);
            assert!(octets.windows(4).any(|four| four == b"****"), "{text}: {}", String::from_utf8_lossy(&octets));
            let mut field = Value::String(to_hex(text.as_bytes()));
            redactor.value(&mut field);
            assert!(field.as_str().is_some_and(|text| text.contains(SECRET)), "{text}: {field}");
        }
    }

    #[test]
    fn xml_and_addresses_write_a_secret_in_their_own_way() {
        let redactor = hiding("a<b>&\"c/é".as_bytes());
        for text in
            ["a&lt;b>&amp;\"c/é", "a&lt;b&gt;&amp;&quot;c/é", "a%3Cb%3E%26%22c%2F%C3%A9", "a%3Cb%3E%26%22c/%C3%A9"]
        {
            let mut said = format!("in {text}.");
            redactor.text(&mut said);
            assert_eq!(said, "in (secret).", "{text}");
        }
    }

    #[test]
    fn what_is_short_or_published_stays() {
        let mut said = "an x in abc".to_owned();
        hiding(b"abc").text(&mut said);
        assert_eq!(said, "an x in abc");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_in_any_text(secret in "[ -~]{6,24}", before in "[ -~]{0,7}", after in "[ -~]{0,7}") {
            let redactor = hiding(secret.as_bytes());
            let mut plain = format!("{before}{secret}{after}");
            redactor.text(&mut plain);
            prop_assert!(!plain.contains(&secret) || SECRET.contains(&secret));
            let mut octets = format!("{before}{secret}{after}").into_bytes();
            redactor.octets(&mut octets);
            prop_assert!(find(&octets, secret.as_bytes()).is_none() || secret.bytes().all(|octet| octet == b'*'));
            // What remains of base64 text says less than four characters of the secret at each end.
            let mut encoded = STANDARD.encode(format!("{before}{secret}{after}").as_bytes());
            redactor.text(&mut encoded);
            prop_assert!(encoded.contains(SECRET), "{encoded}");
        }
    }
}
