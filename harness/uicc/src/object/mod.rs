//! The data objects of the toolkit (TS 102 223 clause 8) that DM_SC touches, typed; all others kept as they came.
//!
//! `table` declares each object once; its `codec`, one of `scalars`, `texts` or `records`, says how its value
//! is coded and how it stands in a tree of fields.

mod codec;
mod codes;
mod declare;
mod list;
mod records;
mod registry;
mod scalars;
pub(crate) mod table;
mod texts;
mod value;

pub(crate) use codec::{named, reserved};
pub use codes::{CommandType, EnvelopeTag, Event, GeneralResult};
pub(crate) use declare::Place;
pub use list::ObjectList;
pub use registry::RegistryApplication;
pub use table::{Object, ObjectKind};
pub use value::{
    Address, BearerDescription, CommandDetails, CommandResult, DeviceIdentities, Duration, LocationStatus, Present,
    TextString, TimeUnit, TimerValue, TransportLevel,
};

impl Object {
    /// The object with this tag (without CR) and value. Never fails: what does not fit is kept as [`Object::Unknown`].
    #[must_use]
    pub fn from_value(tag: u16, value: &[u8]) -> Self {
        let kind = u8::try_from(tag).map(ObjectKind::from_code);
        match kind.ok().and_then(|kind| kind.decode(value)) {
            Some(Ok(object)) => object,
            Some(Err(reason)) => Self::Unknown { tag, value: value.to_vec(), reason: Some(reason) },
            None => Self::Unknown { tag, value: value.to_vec(), reason: None },
        }
    }

    /// Tag without CR.
    #[must_use]
    pub const fn tag(&self) -> u16 {
        match (self, self.kind()) {
            (Self::Unknown { tag, .. }, _) => *tag,
            (_, Some(kind)) => kind.code() as u16,
            (_, None) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds_round_trip() {
        assert_table!(ObjectKind);
    }

    #[test]
    fn a_misfit_is_kept_with_its_reason() {
        let object = Object::from_value(0x39, &[1]);
        assert_eq!(object, Object::Unknown { tag: 0x39, value: vec![1], reason: Some("should be 2 octets") });
        assert_eq!(Object::from_value(0x139, &[0, 1]).tag(), 0x139);
    }

    proptest! {
        #[test]
        fn any_value_of_any_tag_round_trips(tag in 1u16..0x140, value in proptest::collection::vec(any::<u8>(), 0..24)) {
            let object = Object::from_value(tag, &value);
            prop_assert_eq!(object.tag(), tag);
            prop_assert_eq!(object.value(), value);
        }
    }
}
