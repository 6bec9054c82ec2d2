//! ENVELOPE data (TS 102 223 clause 7, tags 9.1, events 8.25).

use crate::ber;
use crate::channel::Device;
use crate::fields::{FieldError, Tree};
use crate::layout::{Layout, default_cr};
use crate::message::MessageError;
use crate::message::fields;
use crate::object::{DeviceIdentities, Object, ObjectKind, ObjectList, named};
pub use crate::object::{EnvelopeTag, Event};
use serde_json::{Map, Value};

/// The data of an ENVELOPE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Outer tag; any tag is taken.
    pub tag: EnvelopeTag,
    /// Its objects in order.
    pub objects: ObjectList,
}

impl Envelope {
    /// An envelope from the terminal to the UICC.
    #[must_use]
    pub fn new(tag: EnvelopeTag) -> Self {
        let devices = DeviceIdentities { source: Device::Terminal, destination: Device::Uicc };
        Self { tag, objects: ObjectList::default() }.with(Object::DeviceIdentities(devices))
    }

    /// The same with coding scheme and type of each registered application in each other's place.
    #[must_use]
    pub fn exchanged(mut self) -> Self {
        for (object, _) in &mut self.objects.0 {
            if let Object::RegistryApplication(application) = object {
                *application = application.clone().exchanged();
            }
        }
        self
    }

    /// An event download of one event from the terminal to the UICC.
    #[must_use]
    pub fn event(event: Event) -> Self {
        let devices = DeviceIdentities { source: Device::Terminal, destination: Device::Uicc };
        Self { tag: EnvelopeTag::EventDownload, objects: ObjectList::default() }
            .with(Object::EventList(vec![event]))
            .with(Object::DeviceIdentities(devices))
    }

    /// The same envelope with one object more, its CR flag as usual.
    #[must_use]
    pub fn with(mut self, object: Object) -> Self {
        let cr = object.kind().is_some_and(|kind| default_cr(Layout::Envelope, None, kind));
        self.objects.push(object, cr);
        self
    }

    /// Reads the data of an ENVELOPE.
    ///
    /// # Errors
    /// [`MessageError::Trailing`] and any [`MessageError::Tlv`]; every outer tag is taken.
    pub fn parse(octets: &[u8]) -> Result<Self, MessageError> {
        let (tlv, rest) = ber::read(octets)?;
        if !rest.is_empty() {
            return Err(MessageError::Trailing { at: octets.len() - rest.len(), count: rest.len() });
        }
        Ok(Self { tag: EnvelopeTag::from_code(tlv.tag), objects: ObjectList::parse(tlv.value, tlv.value_at)? })
    }

    /// The command data of ENVELOPE.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ber::write(&mut out, self.tag.code(), &self.objects.encode());
        out
    }

    /// The fields of [`crate::layout::ENVELOPE_FIELDS`] that this envelope has.
    #[must_use]
    pub fn to_fields(&self) -> Map<String, Value> {
        let mut tree = Map::new();
        tree.insert("tag".to_owned(), named(self.tag));
        tree.extend(fields::write(Layout::Envelope, &self.objects));
        tree
    }

    /// The envelope of these fields, objects in the order of [`crate::layout::ENVELOPE_FIELDS`].
    ///
    /// # Errors
    /// [`FieldError`] for an unknown name or a value of the wrong shape; `tag` cannot be left out.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        let tree = Tree::message(Layout::Envelope.fields(), fields)?;
        let tag = EnvelopeTag::from_code(tree.field("tag")?.required()?.code::<EnvelopeTag>()?);
        Ok(Self { tag, objects: fields::read(Layout::Envelope, fields)? })
    }

    /// The event of an event download (its list has one).
    #[must_use]
    pub fn first_event(&self) -> Option<Event> {
        self.objects.events().and_then(|events| events.first().copied())
    }

    /// The first object of a kind.
    #[must_use]
    pub fn get(&self, kind: ObjectKind) -> Option<&Object> {
        self.objects.get(kind)
    }

    /// The name cases use: `event.data-available`, `event.7E`, `envelope.terminal-applications`, `envelope.EE`.
    #[must_use]
    pub fn name(&self) -> String {
        if let (EnvelopeTag::EventDownload, Some(event)) = (self.tag, self.first_event()) {
            return match event.known_name() {
                Some(name) => format!("event.{name}"),
                None => format!("event.{:02X}", event.code()),
            };
        }
        match self.tag.known_name() {
            Some(name) => format!("envelope.{name}"),
            None => format!("envelope.{:02X}", self.tag.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{ChannelStatus, Link};
    use dmsc_octets::to_hex;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for (octets, name) in [
            (&[0xD6u8, 0x03, 0x99, 0x01, 0x09][..], "event.data-available"),
            (&[0xD6, 0x03, 0x99, 0x01, 0x7E], "event.7E"),
            (&[0xD6, 0x00], "envelope.event-download"),
            (&[0xDC, 0x00], "envelope.terminal-applications"),
            (&[0xEE, 0x00], "envelope.EE"),
        ] {
            assert_eq!(Envelope::parse(octets).unwrap().name(), name);
        }
    }

    #[test]
    fn events_are_built_as_the_standard_writes_them() {
        let envelope = Envelope::event(Event::DataAvailable)
            .with(Object::ChannelStatus(ChannelStatus::new(1, Link::Established)))
            .with(Object::ChannelDataLength(45));
        assert_eq!(to_hex(&envelope.encode()), "D60E99010982028281B8028100B7012D");
        assert_eq!(
            to_hex(&Envelope::new(EnvelopeTag::TimerExpiration).with(Object::TimerIdentifier(1)).encode()),
            "D70782028281A40101"
        );
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            if let Ok(envelope) = Envelope::parse(&octets) {
                prop_assert_eq!(Envelope::parse(&envelope.encode()).unwrap(), envelope);
            }
        }
    }
}
