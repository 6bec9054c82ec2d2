//! Proactive UICC commands (TS 102 223 clause 6, types 9.4).

use crate::ber;
use crate::channel::Device;
use crate::fields::FieldError;
use crate::layout::{Layout, default_cr};
use crate::message::MessageError;
use crate::message::fields;
pub use crate::object::CommandType;
use crate::object::{CommandDetails, DeviceIdentities, Object, ObjectKind, ObjectList};
use serde_json::{Map, Value};

/// A proactive command as fetched from the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProactiveCommand {
    /// Its objects in order.
    pub objects: ObjectList,
}

impl ProactiveCommand {
    /// The BER tag of a proactive command.
    pub const TAG: u8 = 0xD0;

    /// A command with command details and device identities.
    #[must_use]
    pub fn new(number: u8, command_type: CommandType, qualifier: u8, source: Device, destination: Device) -> Self {
        let mut objects = ObjectList::default();
        objects.push(Object::CommandDetails(CommandDetails { number, command_type, qualifier }), true);
        objects.push(Object::DeviceIdentities(DeviceIdentities { source, destination }), true);
        Self { objects }
    }

    /// The same command with one object more, its CR flag as usual.
    #[must_use]
    pub fn with(mut self, object: Object) -> Self {
        let cr = object.kind().is_some_and(|kind| default_cr(Layout::Command, self.command_type(), kind));
        self.objects.push(object, cr);
        self
    }

    /// Reads a whole command. Whether its length is minimal, [`ber::read`] tells.
    ///
    /// # Errors
    /// [`MessageError::WrongTag`] for another tag than D0, [`MessageError::Trailing`], and any
    /// [`MessageError::Tlv`]. Unknown types, unknown objects and values that do not fit are no errors.
    pub fn parse(octets: &[u8]) -> Result<Self, MessageError> {
        let (tlv, rest) = ber::read(octets)?;
        if tlv.tag != Self::TAG {
            return Err(MessageError::WrongTag { found: tlv.tag, expected: Self::TAG, name: "proactive command" });
        }
        if !rest.is_empty() {
            return Err(MessageError::Trailing { at: octets.len() - rest.len(), count: rest.len() });
        }
        Ok(Self { objects: ObjectList::parse(tlv.value, tlv.value_at)? })
    }

    /// The octets a card answers to FETCH.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ber::write(&mut out, Self::TAG, &self.objects.encode());
        out
    }

    /// The fields of [`crate::layout::COMMAND_FIELDS`] that this command has.
    #[must_use]
    pub fn to_fields(&self) -> Map<String, Value> {
        fields::write(Layout::Command, &self.objects)
    }

    /// The command of these fields, objects in the order of [`crate::layout::COMMAND_FIELDS`].
    ///
    /// # Errors
    /// [`FieldError`] for an unknown name or a value of the wrong shape.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        Ok(Self { objects: fields::read(Layout::Command, fields)? })
    }

    /// Command details, if present and three octets long.
    #[must_use]
    pub fn details(&self) -> Option<CommandDetails> {
        self.objects.details()
    }

    /// Type of command.
    #[must_use]
    pub fn command_type(&self) -> Option<CommandType> {
        self.details().map(|details| details.command_type)
    }

    /// Device identities.
    #[must_use]
    pub fn devices(&self) -> Option<DeviceIdentities> {
        self.objects.devices()
    }

    /// The first object of a kind.
    #[must_use]
    pub fn get(&self, kind: ObjectKind) -> Option<&Object> {
        self.objects.get(kind)
    }

    /// The name cases use: that of the type, `command-XX` for an unknown one, `command` without command details.
    #[must_use]
    pub fn name(&self) -> String {
        self.command_type().map_or_else(|| "command".to_owned(), CommandType::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::TransportProtocol;
    use crate::object::TransportLevel;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    #[test]
    fn open_channel_is_built_as_the_standard_writes_it() {
        let command = ProactiveCommand::new(1, CommandType::OpenChannel, 0, Device::Uicc, Device::Terminal)
            .with(Object::BufferSize(1400))
            .with(Object::TransportLevel(TransportLevel { protocol: TransportProtocol::TcpUiccServer, port: 4116 }));
        assert_eq!(to_hex(&command.encode()), "D012810301400082028182B9020578BC03031014");
    }

    #[test]
    fn errors() {
        let wrong_tag = MessageError::WrongTag { found: 0xD1, expected: 0xD0, name: "proactive command" };
        assert_eq!(ProactiveCommand::parse(&[0xD1, 0]), Err(wrong_tag));
        assert_eq!(ProactiveCommand::parse(&[0xD0, 0, 1]), Err(MessageError::Trailing { at: 2, count: 1 }));
        let inner = ProactiveCommand::parse(&from_hex("D0058103014000").unwrap()).unwrap();
        assert_eq!(inner.name(), "open-channel");
        assert!(ProactiveCommand::parse(&from_hex("D00481030140").unwrap()).is_err());
        assert_eq!(ProactiveCommand::parse(&from_hex("D0058103 01FF00").unwrap()).unwrap().name(), "command-FF");
        assert_eq!(ProactiveCommand::parse(&[0xD0, 0]).unwrap().name(), "command");
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, body: Vec<u8>) {
            let _ = ProactiveCommand::parse(&octets);
            let mut framed = Vec::new();
            ber::write(&mut framed, 0xD0, &body);
            if let Ok(command) = ProactiveCommand::parse(&framed) {
                prop_assert_eq!(ProactiveCommand::parse(&command.encode()).unwrap(), command);
            }
        }
    }
}
