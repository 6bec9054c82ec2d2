//! Secrets that stand in documents, kept out of what is said about what is wrong with them.

use dmsc_doc::{Problems, secret_values, seems_to_have};
use dmsc_engine::card::files::FileSystem;

use crate::ixit::{is_secret, may_be_secret};

/// What is wrong with a document, without the secrets in its text, whatever kind of document was wanted: a DUT file or a card
/// that is given in the place of another is shown as if it had been in its own.
#[must_use]
pub fn without_secrets(problems: Problems) -> Problems {
    // A case says `ixit` of what it needs, further in.
    let is_dut = seems_to_have(&problems.source, &|key, first| key == "dut" || (key == "ixit" && first));
    let is_card = seems_to_have(&problems.source, &|key, _| ["pins", "authentication"].contains(&key));
    let hides = |key: &str| {
        let by_kind = (is_dut && may_be_secret(key)) || (is_card && FileSystem::may_be_secret(key));
        by_kind || is_secret(key)
    };
    let secrets = secret_values(&problems.source, &hides);
    problems.hiding(&secrets)
}

/// As [`without_secrets`], of a DUT file.
pub(crate) fn of_dut_file(problems: Problems) -> Problems {
    let secrets = secret_values(&problems.source, &may_be_secret);
    problems.hiding(&secrets)
}

#[cfg(test)]
mod tests {
    use dmsc_doc::{Problem, Source, Span};

    use super::*;

    /// The line of a text that is wrong at its end, as it is shown.
    fn shown(text: &str) -> String {
        let end = Span::new(text.len(), text.len());
        let problems = Problems::new(Source::new("a.yaml", text), vec![Problem::new(end, "wrong")]);
        let told = without_secrets(problems).to_string();
        told.lines().find_map(|line| line.split_once(" | ")).map(|(_, line)| line.to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_dut_file_in_the_place_of_another_shows_no_secrets() {
        for (text, expected) in [
            ("dut: 1\nixit: { server_secret: xyzzy, window: 1 s }", "ixit: { server_secret: *****, window: 1 s }"),
            ("dut: 1\nixit: { server_secret: !xyzzy }", "ixit: { server_secret:*********"),
            ("dut: 1\nixit: { pasword: xyzzy }", "ixit: { pasword: ***** }"),
            ("name: x\nixit: { pasword: xyzzy }", "ixit: { pasword: ***** }"),
            ("client_secret: xyzzy", "client_secret: *****"),
            // A case says nothing that nobody is to know.
            ("requires: { ixit: x }\nwith: { key: xyzzy }", "with: { key: xyzzy }"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_card_in_the_place_of_another_shows_no_pins() {
        assert_eq!(shown("pins: [{ name: PIN1, value: '1234' }]"), "pins: [{ name: PIN1, value: ****** }]");
        assert_eq!(shown("value: '1234'"), "value: '1234'");
    }
}
