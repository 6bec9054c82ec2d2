//! Which of the three object-bearing messages this is, the fields it has, and the CR flags its objects usually carry.

use crate::fields::{FieldInfo, FieldKind};
use crate::object::table::{COMMAND, ENVELOPE, Member, RESPONSE, UsualCr};
use crate::object::{CommandType, EnvelopeTag, ObjectKind};

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

impl Layout {
    /// The fields of this message.
    #[must_use]
    pub const fn fields(self) -> &'static [FieldInfo] {
        match self {
            Self::Command => COMMAND_FIELDS,
            Self::Response => RESPONSE_FIELDS,
            Self::Envelope => ENVELOPE_FIELDS,
        }
    }

    /// The objects that have fields in this message, in the order in which they are written.
    pub(crate) const fn members(self) -> &'static [Member] {
        match self {
            Self::Command => COMMAND,
            Self::Response => RESPONSE,
            Self::Envelope => ENVELOPE,
        }
    }

    /// Whether the message has a field for a kind of object.
    pub(crate) fn has(self, kind: ObjectKind) -> bool {
        self.members().iter().any(|(member, _)| *member == kind)
    }
}

/// The CR flag an object is sent with unless told otherwise. Both values are legal everywhere: a receiver must
/// not judge by it. `command_type` is the one of the command details, if there are any.
#[must_use]
pub fn default_cr(layout: Layout, command_type: Option<CommandType>, kind: ObjectKind) -> bool {
    match layout.members().iter().find(|(member, _)| *member == kind) {
        Some((_, UsualCr::Clear)) => false,
        Some((_, UsualCr::ClearFor(command))) => command_type != Some(*command),
        Some((_, UsualCr::Set)) | None => true,
    }
}

const TAG: FieldInfo =
    FieldInfo::new("tag", FieldKind::NameOrInt { names: EnvelopeTag::NAMES, codes: EnvelopeTag::CODES }, "Outer tag.");

/// The fields after those of the objects. The names in `cr` and `no_cr` are those of the fields, but `details` for the
/// command details and `devices` for the device identities.
const LAST: [FieldInfo; 3] = [
    FieldInfo::new(
        "extra",
        FieldKind::List(&FieldKind::Record(EXTRA_FIELDS)),
        "Further data objects, written after all others.",
    ),
    FieldInfo::new(
        "cr",
        FieldKind::List(&FieldKind::Name { names: ObjectKind::NAMES }),
        "Objects sent with the comprehension-required flag, whatever is usual.",
    ),
    FieldInfo::new(
        "no_cr",
        FieldKind::List(&FieldKind::Name { names: ObjectKind::NAMES }),
        "Objects sent without the comprehension-required flag, whatever is usual.",
    ),
];

const EXTRA_FIELDS: &[FieldInfo] = &[
    FieldInfo::new("tag", FieldKind::Code { max: 0x7FFF }, "Tag without the comprehension-required flag, 1 to 32767."),
    FieldInfo::new("cr", FieldKind::Bool, "Comprehension required; false unless given."),
    FieldInfo::new("value", FieldKind::Hex, "Value; empty unless given."),
];

/// Fields of a proactive command.
pub const COMMAND_FIELDS: &[FieldInfo] = &joined::<{ count(&[], COMMAND) }>(&[], COMMAND);
/// Fields of a TERMINAL RESPONSE.
pub const RESPONSE_FIELDS: &[FieldInfo] = &joined::<{ count(&[], RESPONSE) }>(&[], RESPONSE);
/// Fields of an ENVELOPE.
pub const ENVELOPE_FIELDS: &[FieldInfo] = &joined::<{ count(&[TAG], ENVELOPE) }>(&[TAG], ENVELOPE);

/// How many fields a message has.
const fn count(first: &[FieldInfo], members: &[Member]) -> usize {
    let (mut count, mut at) = (first.len() + LAST.len(), 0);
    while at < members.len() {
        count += members[at].0.fields().len();
        at += 1;
    }
    count
}

/// The fields of a message: the first ones, those of its objects, the last ones.
const fn joined<const N: usize>(first: &[FieldInfo], members: &[Member]) -> [FieldInfo; N] {
    let mut all = [TAG; N];
    let mut end = copied(&mut all, 0, first);
    let mut at = 0;
    while at < members.len() {
        end = copied(&mut all, end, members[at].0.fields());
        at += 1;
    }
    copied(&mut all, end, &LAST);
    all
}

const fn copied(all: &mut [FieldInfo], mut end: usize, fields: &[FieldInfo]) -> usize {
    let mut at = 0;
    while at < fields.len() {
        all[end] = fields[at];
        end += 1;
        at += 1;
    }
    end
}
