//! The transport header of auth-MAC, `x-syncml-hmac` (DMSEC 5.4).

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Value of an `x-syncml-hmac` header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MacHeader {
    /// Hash named by the header; absent means MD5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// User name; equals LocName of the message's Source.
    pub username: String,
    /// Base64 of the 16 octets of the mac, as carried.
    pub mac: String,
}

impl MacHeader {
    /// Name of the header field.
    pub const NAME: &'static str = "x-syncml-hmac";

    /// Reads the value of the header: comma-separated parameters, names in any case, in any order.
    ///
    /// # Errors
    /// [`MacHeaderError`] with the octet offset in `value`.
    pub fn parse(value: &str) -> Result<Self, MacHeaderError> {
        let mut scanner = Scanner { value, at: 0 };
        let (mut algorithm, mut username, mut mac) = (None, None, None);
        loop {
            scanner.skip_space();
            let at = scanner.at;
            let name = scanner.take_while(|c| c != '=' && c != ',').trim_end();
            if !scanner.take('=') {
                return Err(MacHeaderError::NoValue { at, name: name.to_owned() });
            }
            scanner.skip_space();
            let quoted = scanner.peek() == Some('"');
            let value = if quoted {
                scanner.quoted()?
            } else {
                // The mac itself ends in `=`, so only a comma closes an unquoted value.
                scanner.unquoted()?.to_owned()
            };
            let end = scanner.at;
            let slot = match name.to_ascii_lowercase().as_str() {
                "algorithm" => &mut algorithm,
                "username" if quoted => &mut username,
                "username" => return Err(MacHeaderError::Unquoted { at }),
                "mac" => &mut mac,
                _ => {
                    return Err(MacHeaderError::Unknown { at, name: name.to_owned() });
                }
            };
            if slot.replace(value).is_some() {
                return Err(MacHeaderError::Twice { at, name: name.to_owned() });
            }
            scanner.skip_space();
            if scanner.at == scanner.value.len() {
                break;
            }
            if let Some(found) = scanner.peek().filter(|next| *next != ',') {
                let found = if scanner.at > end && found.is_ascii_alphabetic() { ' ' } else { found };
                let at = if found == ' ' { end } else { scanner.at };
                return Err(MacHeaderError::Separator { at, found });
            }
            scanner.take(',');
        }
        Ok(Self {
            algorithm,
            username: username.ok_or(MacHeaderError::Missing { name: "username" })?,
            mac: mac.ok_or(MacHeaderError::Missing { name: "mac" })?,
        })
    }

    /// Whether the hash is MD5, the only one DM 1.2 defines.
    #[must_use]
    pub fn is_md5(&self) -> bool {
        self.algorithm.as_deref().is_none_or(|algorithm| algorithm.eq_ignore_ascii_case("MD5"))
    }
}

impl std::fmt::Display for MacHeader {
    /// The value of the header.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(algorithm) = &self.algorithm {
            write!(formatter, "algorithm={algorithm}, ")?;
        }
        let username = self.username.replace('\\', "\\\\").replace('"', "\\\"");
        write!(formatter, "username=\"{username}\", mac={}", self.mac)
    }
}

/// Why a header value is no `x-syncml-hmac`; `at` is the octet offset in the value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MacHeaderError {
    /// A parameter without `=`.
    #[error("x-syncml-hmac, octet {at}: `{name}` has no value; write name=value")]
    NoValue {
        /// Offset.
        at: usize,
        /// The parameter's name.
        name: String,
    },
    /// A parameter that is not defined.
    #[error("x-syncml-hmac, octet {at}: unknown parameter `{name}`; known are algorithm, username, mac")]
    Unknown {
        /// Offset.
        at: usize,
        /// The parameter's name.
        name: String,
    },
    /// A parameter given twice.
    #[error("x-syncml-hmac, octet {at}: `{name}` is given twice")]
    Twice {
        /// Offset.
        at: usize,
        /// The parameter's name.
        name: String,
    },
    /// The user name must be quoted.
    #[error("x-syncml-hmac, octet {at}: username is not quoted; write username=\"...\"")]
    Unquoted {
        /// Offset.
        at: usize,
    },
    /// A quoted value does not end.
    #[error("x-syncml-hmac, octet {at}: the quoted value has no closing quote")]
    Unclosed {
        /// Offset of the opening quote.
        at: usize,
    },
    /// Parameters that are separated by something else than a comma.
    #[error("x-syncml-hmac, octet {at}: {} separates parameters; write a comma", separator(*.found))]
    Separator {
        /// Offset.
        at: usize,
        /// What stands there; white space if nothing else does.
        found: char,
    },
    /// A required parameter is missing.
    #[error("x-syncml-hmac: parameter `{name}` is missing")]
    Missing {
        /// The parameter's name.
        name: &'static str,
    },
}

/// The parameters that are defined.
const NAMES: [&str; 3] = ["algorithm", "username", "mac"];

fn separator(found: char) -> String {
    if found == ' ' { "white space".to_owned() } else { format!("`{}`", found.escape_debug()) }
}

struct Scanner<'a> {
    value: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.value.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.at += character.len_utf8();
        }
        found
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_space(&mut self) {
        self.take_while(|c| c == ' ' || c == '\t');
    }

    /// A value without quotes. One with the next parameter in it has another separator than a comma.
    fn unquoted(&mut self) -> Result<&'a str, MacHeaderError> {
        let start = self.at;
        let value = self.take_while(|c| c != ',').trim_end();
        let follows = |at: usize| {
            let next = value.get(at + 1..).unwrap_or_default().trim_start();
            let name = next.split_once('=').map(|(name, _)| name.trim_end());
            name.is_some_and(|name| NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)))
        };
        // Characters of base64 belong to the value.
        let separates = |character: char| {
            character.is_ascii() && !character.is_ascii_alphanumeric() && !matches!(character, '+' | '/' | '=')
        };
        match value.char_indices().find(|(at, character)| separates(*character) && follows(*at)) {
            Some((at, found)) => Err(MacHeaderError::Separator { at: start + at, found }),
            None => Ok(value),
        }
    }

    /// A quoted string (RFC 7230 clause 3.2.6): a backslash takes the next character literally.
    fn quoted(&mut self) -> Result<String, MacHeaderError> {
        let at = self.at;
        let mut text = String::new();
        let mut escaped = false;
        for (index, character) in self.rest().char_indices().skip(1) {
            match character {
                _ if escaped => {
                    text.push(character);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.at = at + index + 1;
                    return Ok(text);
                }
                _ => text.push(character),
            }
        }
        Err(MacHeaderError::Unclosed { at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> MacHeader {
        MacHeader {
            algorithm: Some("MD5".to_owned()),
            username: "client1".to_owned(),
            mac: "G0CjVP7bDvuUZrEeEJCAeQ==".to_owned(),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let text = "algorithm=MD5, username=\"client1\", mac=G0CjVP7bDvuUZrEeEJCAeQ==";
        assert_eq!(header().to_string(), text);
        assert_eq!(MacHeader::parse(text), Ok(header()));
    }

    #[test]
    fn base64_with_the_name_of_a_parameter_in_it_is_one_value() {
        let parsed = MacHeader::parse("mac=G0CjVP7bDvuUZrEeE+mac==, username=\"me\"").unwrap();
        assert_eq!(parsed.mac, "G0CjVP7bDvuUZrEeE+mac==");
    }

    #[test]
    fn order_case_and_space_are_free_and_the_algorithm_optional() {
        let parsed = MacHeader::parse("MAC=G0CjVP7bDvuUZrEeEJCAeQ== ,username = \"a,b\\\"c\"").unwrap();
        assert_eq!(parsed.username, "a,b\"c");
        assert_eq!(parsed.mac, header().mac);
        assert!(parsed.is_md5());
        assert!(!MacHeader { algorithm: Some("SHA1".to_owned()), ..parsed }.is_md5());
    }

    #[test]
    fn faults_are_located() {
        for (value, error) in [
            ("", "x-syncml-hmac, octet 0: `` has no value; write name=value"),
            ("username=me, mac=x", "x-syncml-hmac, octet 0: username is not quoted; write username=\"...\""),
            ("username=\"me", "x-syncml-hmac, octet 9: the quoted value has no closing quote"),
            ("username=\"me\" mac=x", "x-syncml-hmac, octet 13: white space separates parameters; write a comma"),
            ("username=\"me\"; mac=x", "x-syncml-hmac, octet 13: `;` separates parameters; write a comma"),
            ("username=\"me\" ;mac=x", "x-syncml-hmac, octet 14: `;` separates parameters; write a comma"),
            (
                "algorithm=MD5; username=\"me\"; mac=x",
                "x-syncml-hmac, octet 13: `;` separates parameters; write a comma",
            ),
            ("mac=AA==;username=\"me\"", "x-syncml-hmac, octet 8: `;` separates parameters; write a comma"),
            (
                "algorithm=MD5 MAC = AA==, username=\"me\"",
                "x-syncml-hmac, octet 13: white space separates parameters; write a comma",
            ),
            ("username=\"me\"", "x-syncml-hmac: parameter `mac` is missing"),
            ("mac=x", "x-syncml-hmac: parameter `username` is missing"),
            ("mac=x, mac=y", "x-syncml-hmac, octet 7: `mac` is given twice"),
            ("realm=x", "x-syncml-hmac, octet 0: unknown parameter `realm`; known are algorithm, username, mac"),
        ] {
            assert_eq!(MacHeader::parse(value).unwrap_err().to_string(), error);
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails(value in "\\PC{0,40}") {
            if MacHeader::parse(&value).is_ok() {
                prop_assert!(value.to_ascii_lowercase().contains("username"));
            }
        }

        #[test]
        fn any_username_round_trips(username in "\\PC{0,20}") {
            let header = MacHeader { username, ..header() };
            prop_assert_eq!(MacHeader::parse(&header.to_string()), Ok(header));
        }
    }
}
