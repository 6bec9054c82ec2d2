//! TERMINAL RESPONSE (TS 102 223 6.8, results 8.12).

use crate::channel::Device;
use crate::fields::FieldError;
use crate::layout::{Layout, default_cr};
use crate::message::MessageError;
use crate::message::fields;
pub use crate::object::GeneralResult;
use crate::object::{CommandDetails, CommandResult, CommandType, DeviceIdentities, Object, ObjectList};
use serde_json::{Map, Value};

/// The data of a TERMINAL RESPONSE: objects without an outer tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalResponse {
    /// Its objects in order.
    pub objects: ObjectList,
}

impl TerminalResponse {
    /// The response of the terminal to a command: its details, terminal to UICC, the result.
    #[must_use]
    pub fn new(details: CommandDetails, result: GeneralResult, additional: &[u8]) -> Self {
        let devices = DeviceIdentities { source: Device::Terminal, destination: Device::Uicc };
        Self { objects: ObjectList::default() }
            .with(Object::CommandDetails(details))
            .with(Object::DeviceIdentities(devices))
            .with(Object::Result(CommandResult { general: result, additional: additional.to_vec() }))
    }

    /// The same response with one object more, its CR flag as usual.
    #[must_use]
    pub fn with(mut self, object: Object) -> Self {
        let cr = object.kind().is_some_and(|kind| default_cr(Layout::Response, self.command_type(), kind));
        self.objects.push(object, cr);
        self
    }

    /// Reads the data of a TERMINAL RESPONSE.
    ///
    /// # Errors
    /// Any [`MessageError::Tlv`].
    pub fn parse(octets: &[u8]) -> Result<Self, MessageError> {
        Ok(Self { objects: ObjectList::parse(octets, 0)? })
    }

    /// The command data of TERMINAL RESPONSE.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.objects.encode()
    }

    /// The fields of [`crate::layout::RESPONSE_FIELDS`] that this response has.
    #[must_use]
    pub fn to_fields(&self) -> Map<String, Value> {
        fields::write(Layout::Response, &self.objects)
    }

    /// The response of these fields, objects in the order of [`crate::layout::RESPONSE_FIELDS`].
    ///
    /// # Errors
    /// [`FieldError`] for an unknown name or a value of the wrong shape.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        Ok(Self { objects: fields::read(Layout::Response, fields)? })
    }

    /// Command details, as the terminal repeats them.
    #[must_use]
    pub fn details(&self) -> Option<CommandDetails> {
        self.objects.details()
    }

    /// Type of the command answered.
    #[must_use]
    pub fn command_type(&self) -> Option<CommandType> {
        self.details().map(|details| details.command_type)
    }

    /// General result and additional information.
    #[must_use]
    pub fn result(&self) -> Option<(GeneralResult, &[u8])> {
        self.objects.result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{ChannelStatus, Link};
    use crate::command::CommandType;
    use dmsc_octets::to_hex;
    use proptest::prelude::*;

    const DETAILS: CommandDetails = CommandDetails { number: 1, command_type: CommandType::OpenChannel, qualifier: 0 };

    #[test]
    fn open_channel_response_is_built_as_the_standard_writes_it() {
        let response = TerminalResponse::new(DETAILS, GeneralResult::Success, &[])
            .with(Object::ChannelStatus(ChannelStatus::new(1, Link::Listen)))
            .with(Object::BufferSize(1400));
        assert_eq!(to_hex(&response.encode()), "8103014000820282818301003802410039020578");
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            if let Ok(response) = TerminalResponse::parse(&octets) {
                prop_assert_eq!(TerminalResponse::parse(&response.encode()).unwrap(), response);
            }
        }
    }
}
