//! What makes a DM_SC Server send a notification (DM_SC 6).

use serde_json::Value;

use super::kind::{Declaration, What};
use super::shape::Shape;
use super::table::Table;
use super::value::{FieldValue, by_name, fields};
use crate::role::Role;

fields! {
    /// What a case says of a wake-up.
    pub struct WakeUpWith = "wake-up" {
        /// What wakes the DM_SC Server; otherwise as the DUT file says.
        by: WakeUp,
        /// The number that is called, for `call-control`.
        number: String,
        /// Whether the card has sent a notification already: its power is cut first, for nothing in the documents makes
        /// it send another in one card session. Over byte streams there is no card session, and no power.
        again: bool,
    }
}

/// What makes a card send a notification: the scenarios of DM_SC that a terminal can bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeUp {
    /// ENVELOPE Terminal Applications.
    Applications,
    /// STATUS.
    Status,
    /// ENVELOPE Timer Expiration.
    Timer,
    /// A location status event.
    Location,
    /// ENVELOPE Call Control.
    CallControl,
    /// ENVELOPE SMS-PP Download.
    SmsPp,
    /// A request of a browser to the smart card web server.
    Scws,
}

impl WakeUp {
    /// All of them.
    pub const ALL: [WakeUp; 7] = [
        WakeUp::Applications,
        WakeUp::Status,
        WakeUp::Timer,
        WakeUp::Location,
        WakeUp::CallControl,
        WakeUp::SmsPp,
        WakeUp::Scws,
    ];

    /// Whether a card may have no other. What asks its web server is in the way of cases that look at the channel of that.
    pub fn may_be_alone(self) -> bool {
        self != WakeUp::Scws
    }

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            WakeUp::Applications => "applications",
            WakeUp::Status => "status",
            WakeUp::Timer => "timer",
            WakeUp::Location => "location",
            WakeUp::CallControl => "call-control",
            WakeUp::SmsPp => "sms-pp",
            WakeUp::Scws => "scws",
        }
    }

    /// What it is, for the reference.
    pub fn doc(self) -> &'static str {
        match self {
            WakeUp::Applications => "ENVELOPE Terminal Applications, after each reset.",
            WakeUp::Status => "STATUS.",
            WakeUp::Timer => "A timer of the card expires.",
            WakeUp::Location => "A location status event.",
            WakeUp::CallControl => "ENVELOPE Call Control.",
            WakeUp::SmsPp => "ENVELOPE SMS-PP Download.",
            WakeUp::Scws => "A browser asks the smart card web server for its first page, `/`.",
        }
    }
}

/// Which ways a DM_SC Server has to send a notification (DM_SC 7.1, 7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TriggerWays {
    /// Off line, over a channel.
    #[default]
    OffLine,
    /// On line, in a short message.
    OnLine,
    /// Either.
    Both,
}

impl TriggerWays {
    /// All of them.
    pub const ALL: [TriggerWays; 3] = [TriggerWays::OffLine, TriggerWays::OnLine, TriggerWays::Both];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerWays::OffLine => "off-line",
            TriggerWays::OnLine => "on-line",
            TriggerWays::Both => "both",
        }
    }

    /// What it is, for the reference.
    pub fn doc(self) -> &'static str {
        match self {
            TriggerWays::OffLine => "Over a channel to the DM Client.",
            TriggerWays::OnLine => "By SEND SHORT MESSAGE.",
            TriggerWays::Both => {
                "Over a channel, or by SEND SHORT MESSAGE where the terminal offers no channel for it."
            }
        }
    }

    /// Whether what is for cards of one way is for this one.
    pub fn has(self, way: TriggerWays) -> bool {
        self == way || self == TriggerWays::Both
    }
}

impl FieldValue for WakeUp {
    fn shape() -> Shape {
        Shape::Name(WakeUp::ALL.map(WakeUp::as_str).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &WakeUp::ALL, WakeUp::as_str)
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<WakeUpWith>();
    table.kind(
        Declaration::new(
            Role::Terminal,
            What::WakeUp,
            "wake-up",
            "Whatever makes the DM_SC Server send a notification.",
        )
        .anywhere()
        .built_of("wake-up")
        .sent(),
    );
}
