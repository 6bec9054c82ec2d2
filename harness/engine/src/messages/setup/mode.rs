//! Whether a part of the player acts by itself.

use serde_json::Value;

use crate::messages::shape::Shape;
use crate::messages::value::{FieldValue, wrong};

/// Declares a choice of words once: the enum, how it is read, and what each word means.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $doc])+ $variant ),+ }

        impl FieldValue for $name {
            fn shape() -> Shape {
                Shape::Word(vec![ $( ($word, concat!($($doc),+).trim()) ),+ ])
            }

            fn read(value: &Value) -> Result<Self, String> {
                match value.as_str() {
                    $( Some($word) => Ok($name::$variant), )+
                    _ => Err(wrong(value, &Self::shape())),
                }
            }
        }
    };
}

words! {
    /// Whether the SCWS of the card runs by itself.
    pub enum ScwsMode {
        /// The SCWS listens and answers by itself.
        Auto = "auto",
        /// The card neither opens its own channel nor fetches data by itself.
        Manual = "manual",
        /// The card opens its channel and fetches data by itself; they are `channel-data`, whatever they mean.
        Raw = "raw",
    }
}

words! {
    /// Whether the terminal begins the card session by itself.
    pub enum StartMode {
        /// The terminal powers up and initialises the card.
        Auto = "auto",
        /// Nothing happens until the case sends `power-on`.
        Manual = "manual",
    }
}

words! {
    /// Whether the DM Client of the terminal runs by itself.
    pub enum DmClientMode {
        /// A notification starts a session.
        Auto = "auto",
        /// Sessions are steps of the case.
        Manual = "manual",
    }
}

words! {
    /// How many octets the terminal asks for when it fetches a command that it has not asked for yet.
    pub enum FetchLength {
        /// As many as the card has told.
        Told = "told",
        /// One less.
        Less = "one-less",
        /// One more; of a command of 256 octets no more can be asked for.
        More = "one-more",
    }
}

impl FetchLength {
    /// For a command of `told` octets, 1 to 256.
    pub fn of(self, told: u32) -> u32 {
        match self {
            FetchLength::Told => told,
            FetchLength::Less => told.saturating_sub(1).max(1),
            FetchLength::More => told.saturating_add(1).min(256),
        }
    }
}
