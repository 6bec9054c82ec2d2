//! Which of the three object-bearing messages this is, and the CR flags they usually carry.

use crate::command::CommandType;
use crate::object::ObjectKind;

/// The messages made of comprehension data objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Proactive command (BER tag D0).
    Command,
    /// TERMINAL RESPONSE (no outer tag).
    Response,
    /// ENVELOPE (BER tags D1 and up).
    Envelope,
}

/// The CR flag an object is sent with unless told otherwise. Both values are legal everywhere: a receiver must
/// not judge by it. `command_type` is the one of the command details, if there are any.
#[must_use]
pub const fn default_cr(layout: Layout, command_type: Option<CommandType>, kind: ObjectKind) -> bool {
    match layout {
        Layout::Command => true,
        Layout::Response => !matches!(
            (command_type, kind),
            (
                Some(CommandType::OpenChannel),
                ObjectKind::ChannelStatus
                    | ObjectKind::BearerDescription
                    | ObjectKind::BufferSize
                    | ObjectKind::OtherAddress
            )
        ),
        Layout::Envelope => !matches!(
            kind,
            ObjectKind::LocationInformation | ObjectKind::RegistryApplication | ObjectKind::LastEnvelope
        ),
    }
}
