//! Choices that the documents leave to an implementation, and that the reference players therefore have.
//!
//! Each has a name, a clause that leaves it open and named alternatives, the first of which is what a reference player
//! does unless told otherwise. A player that makes other choices conforms as well: no case may fail it.

pub mod card;
pub mod client;
pub mod dm;
pub mod http;
pub mod octets;
pub mod server;
mod table;
pub mod terminal;
pub mod tls;

use crate::role::Role;

/// What a player has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// In the DM messages of either side.
    pub dm: dm::Dm,
    /// In those of a client.
    pub client: client::Client,
    /// In those of a server.
    pub server: server::Server,
    /// In how they are written.
    pub octets: octets::Octets,
    /// In HTTP.
    pub http: http::Http,
    /// As a terminal.
    pub terminal: terminal::Handset,
    /// As a card.
    pub card: card::Uicc,
    /// In TLS.
    pub tls: tls::Tls,
}

/// The table, group by group.
const GROUPS: [&[Choice]; 8] =
    [client::ROWS, server::ROWS, dm::ROWS, octets::ROWS, http::ROWS, terminal::ROWS, card::ROWS, tls::ROWS];

/// A choice, as the table describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name in files.
    pub name: &'static str,
    /// Whose choice it is.
    pub sides: &'static [Role],
    /// The clause that leaves it open.
    pub clause: &'static str,
    /// What is chosen, in a line.
    pub doc: &'static str,
    /// What can be chosen; the first is the default.
    pub alternatives: &'static [Alternative],
}

/// One of the alternatives of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Its name in files.
    pub name: &'static str,
    /// What it means, in a line.
    pub doc: &'static str,
    /// The optional items that a statement has to claim for it.
    pub claims: &'static [&'static str],
}

impl Choice {
    /// The choice of this name.
    pub fn named(name: &str) -> Option<&'static Choice> {
        Choice::all().find(|choice| choice.name == name)
    }

    /// The choices of a side.
    pub fn of(side: Role) -> impl Iterator<Item = &'static Choice> {
        Choice::all().filter(move |choice| choice.sides.contains(&side))
    }

    /// Every choice.
    pub fn all() -> impl Iterator<Item = &'static Choice> {
        GROUPS.into_iter().flatten()
    }

    /// The alternative of this name.
    pub fn alternative(&self, name: &str) -> Option<&'static Alternative> {
        self.alternatives.iter().find(|alternative| alternative.name == name)
    }
}

/// One alternative, chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The choice.
    pub choice: &'static Choice,
    /// The alternative.
    pub alternative: &'static Alternative,
}

impl Chosen {
    /// The alternative of these names.
    pub fn named(choice: &str, alternative: &str) -> Option<Chosen> {
        let choice = Choice::named(choice)?;
        Some(Chosen { choice, alternative: choice.alternative(alternative)? })
    }
}

impl Choices {
    /// These alternatives, and the default of every other choice.
    pub fn new(chosen: &[Chosen]) -> Choices {
        let mut choices = Choices::default();
        for Chosen { choice, alternative } in chosen {
            let (choice, alternative) = (choice.name, alternative.name);
            choices.dm.set(choice, alternative);
            choices.client.set(choice, alternative);
            choices.server.set(choice, alternative);
            choices.octets.set(choice, alternative);
            choices.http.set(choice, alternative);
            choices.terminal.set(choice, alternative);
            choices.card.set(choice, alternative);
            choices.tls.set(choice, alternative);
        }
        choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_alternative_can_be_chosen() {
        for (index, choice) in Choice::all().enumerate() {
            assert!(Choice::all().skip(index + 1).all(|other| other.name != choice.name), "{}", choice.name);
            assert!(choice.alternatives.len() > 1, "{} leaves no choice", choice.name);
            assert!(!choice.sides.is_empty() && !choice.clause.is_empty(), "{}", choice.name);
            let mut seen = Vec::new();
            for alternative in choice.alternatives {
                let chosen = Chosen::named(choice.name, alternative.name).unwrap();
                let choices = Choices::new(&[chosen]);
                assert_eq!(choices == Choices::default(), seen.is_empty(), "{}: {}", choice.name, alternative.name);
                assert!(!seen.contains(&choices), "{}: {}", choice.name, alternative.name);
                seen.push(choices);
            }
        }
        assert_eq!(Chosen::named("first-credentials", "tomorrow"), None);
        assert_eq!(Chosen::named("no-choice", "at-once"), None);
    }
}
