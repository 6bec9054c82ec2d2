//! The user of a device, as far as the reference client has one: what it does with alerts 1100 to 1104 (DMPRO 10).

use dmsc_dm::syncml::{Command, Data, Item};

/// What the user does when asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum User {
    /// Reads, agrees and answers.
    #[default]
    Agrees,
    /// Says no where that is an answer.
    Refuses,
    /// Cancels what is asked.
    Cancels,
    /// Ends the session.
    Aborts,
    /// Does nothing.
    Away,
}

/// What comes of an alert to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The status code.
    pub code: u16,
    /// What was typed or chosen, each an Item of the Status.
    pub answers: Vec<String>,
}

/// Options of an alert, from its first item: `MINDT=10&DR=1` (DMPRO 10.3).
struct Options<'a>(&'a str);

impl Options<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let value = self.0.split('&').filter_map(|option| option.split_once('='));
        let (_, value) = value.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(decoded(value))
    }
}

/// The text behind percent signs; what is none stays as it is.
fn decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(if *first == b'+' { b' ' } else { *first });
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn text(item: &Item) -> &str {
    item.data.as_ref().and_then(Data::as_text).unwrap_or_default()
}

impl User {
    /// What comes of an alert with this code, 1100 to 1104; none of another.
    pub fn answer(self, code: u16, alert: &Command) -> Option<Said> {
        let said = |code: u16, answers: Vec<String>| Some(Said { code, answers });
        let (options, choices) = match alert.items.as_slice() {
            [options, _, choices @ ..] => (Options(text(options)), choices),
            // Options and a text there have to be.
            _ if (1100..=1104).contains(&code) => return said(412, Vec::new()),
            _ => return None,
        };
        let default = options.get("DR");
        let away = self == User::Away;
        match (code, self) {
            (1100, User::Agrees | User::Refuses | User::Away) => said(200, Vec::new()),
            (1100..=1104, User::Cancels | User::Aborts) => said(214, Vec::new()),
            (1101, User::Agrees) => said(200, Vec::new()),
            (1101, User::Refuses) => said(304, Vec::new()),
            (1101, User::Away) => match default.as_deref() {
                Some("1") => said(200, Vec::new()),
                Some(_) => said(304, Vec::new()),
                None => said(408, Vec::new()),
            },
            (1102..=1104, User::Away) if default.is_none() => said(408, Vec::new()),
            (1102, _) => {
                let most = options.get("MAXLEN").and_then(|length| length.parse().ok()).unwrap_or(usize::MAX);
                let typed = default.unwrap_or_else(|| "1234".into()).chars().take(most).collect();
                said(200, vec![typed])
            }
            // Without anything to choose from there is nothing to answer.
            (1103 | 1104, _) if choices.is_empty() => said(412, Vec::new()),
            (1103, _) => said(200, vec![default.unwrap_or_else(|| choices.len().to_string())]),
            (1104, _) => match default {
                Some(chosen) if away => said(200, chosen.split('-').map(str::to_owned).collect()),
                _ => said(200, (1..=choices.len()).map(|number| number.to_string()).collect()),
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use dmsc_dm::syncml::CommandName;

    use super::*;

    fn said(user: User, code: u16, items: &[&str]) -> Option<(u16, Vec<String>)> {
        let mut alert = Command::new(CommandName::Alert, "1");
        alert.items = items.iter().map(|item| Item { data: Some((*item).into()), ..Item::default() }).collect();
        user.answer(code, &alert).map(|said| (said.code, said.answers))
    }

    #[test]
    fn users_answer_as_they_are() {
        assert_eq!(said(User::Agrees, 1100, &["", "hello"]), Some((200, vec![])));
        assert_eq!(said(User::Refuses, 1101, &["", "really?"]), Some((304, vec![])));
        assert_eq!(said(User::Cancels, 1101, &["", "really?"]), Some((214, vec![])));
        assert_eq!(said(User::Away, 1101, &["MAXDT=5", "really?"]), Some((408, vec![])));
        assert_eq!(said(User::Away, 1101, &["DR=1&MAXDT=5", "really?"]), Some((200, vec![])));
        assert_eq!(said(User::Agrees, 1102, &["DR=a%26b&MAXLEN=2", "name"]), Some((200, vec!["a&".into()])));
        assert_eq!(said(User::Agrees, 1103, &["", "which", "a", "b"]), Some((200, vec!["2".into()])));
        assert_eq!(said(User::Agrees, 1104, &["", "which", "a", "b"]), Some((200, vec!["1".into(), "2".into()])));
        assert_eq!(said(User::Agrees, 1104, &["", "which"]), Some((412, vec![])));
        assert_eq!(said(User::Agrees, 1101, &[]), Some((412, vec![])));
        assert_eq!(said(User::Agrees, 1105, &["", "x"]), None);
        assert_eq!(decoded("%zz+%"), "%zz %");
    }
}
