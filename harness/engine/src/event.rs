//! What a player tells of: each message it hears or says.

use dmsc_link::Time;
use serde_json::Value;

/// Who speaks. Card and terminal speak over the contact interface; server and client are the DM roles on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The UICC.
    Card,
    /// The terminal.
    Terminal,
    /// The DM_SC Server with the SCWS in front of it.
    Server,
    /// The DM Client.
    Client,
}

impl Actor {
    /// The name used in journals.
    pub fn name(self) -> &'static str {
        match self {
            Actor::Card => "card",
            Actor::Terminal => "terminal",
            Actor::Server => "server",
            Actor::Client => "client",
        }
    }

    /// The other end of the same conversation.
    pub fn peer(self) -> Actor {
        match self {
            Actor::Card => Actor::Terminal,
            Actor::Terminal => Actor::Card,
            Actor::Server => Actor::Client,
            Actor::Client => Actor::Server,
        }
    }
}

/// One message, heard from the DUT or said to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it passed.
    pub at: Time,
    /// Who said it.
    pub from: Actor,
    /// What kind of message it is, as cases name it.
    pub kind: String,
    /// Its fields, as cases see them.
    pub fields: Value,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Whether it came from the DUT.
    pub heard: bool,
    /// Whether the player waits to be told how to answer.
    pub wants_answer: bool,
}
