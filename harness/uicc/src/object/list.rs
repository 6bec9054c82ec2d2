//! Objects in the order of a message, each with its CR flag.

use super::{
    CommandDetails, CommandResult, DeviceIdentities, Duration, Event, GeneralResult, Object, ObjectKind,
    RegistryApplication, TimerValue, TransportLevel,
};
use crate::ber::TlvError;
use crate::channel::ChannelStatus;
use crate::comprehension;

/// The objects of a message with their comprehension-required flags, in order; repeats are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectList(pub Vec<(Object, bool)>);

impl ObjectList {
    /// Reads objects; `base` is the position of `octets` in the message, for errors.
    ///
    /// # Errors
    /// Any [`TlvError`] of a tag or length; a value that does not fit its tag is no error.
    pub fn parse(octets: &[u8], base: usize) -> Result<Self, TlvError> {
        let objects = comprehension::read_all(octets, base)?;
        Ok(Self(objects.iter().map(|tlv| (Object::from_value(tlv.tag, tlv.value), tlv.cr)).collect()))
    }

    /// The octets of all objects, lengths in their shortest form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (object, cr) in &self.0 {
            comprehension::write(&mut out, object.tag(), *cr, &object.value());
        }
        out
    }

    /// Appends an object.
    pub fn push(&mut self, object: Object, cr: bool) {
        self.0.push((object, cr));
    }

    /// The objects without their flags.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.0.iter().map(|(object, _)| object)
    }

    /// The first object of a kind.
    #[must_use]
    pub fn get(&self, kind: ObjectKind) -> Option<&Object> {
        self.iter().find(|object| object.kind() == Some(kind))
    }

    /// Command details.
    #[must_use]
    pub fn details(&self) -> Option<CommandDetails> {
        self.iter().find_map(|object| match object {
            Object::CommandDetails(details) => Some(*details),
            _ => None,
        })
    }

    /// Device identities.
    #[must_use]
    pub fn devices(&self) -> Option<DeviceIdentities> {
        self.iter().find_map(|object| match object {
            Object::DeviceIdentities(devices) => Some(*devices),
            _ => None,
        })
    }

    /// General result and additional information.
    #[must_use]
    pub fn result(&self) -> Option<(GeneralResult, &[u8])> {
        self.iter().find_map(|object| match object {
            Object::Result(CommandResult { general, additional }) => Some((*general, additional.as_slice())),
            _ => None,
        })
    }

    /// Duration.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.iter().find_map(|object| match object {
            Object::Duration(duration) => Some(*duration),
            _ => None,
        })
    }

    /// Events of the event list.
    #[must_use]
    pub fn events(&self) -> Option<&[Event]> {
        self.iter().find_map(|object| match object {
            Object::EventList(events) => Some(events.as_slice()),
            _ => None,
        })
    }

    /// Timer identifier.
    #[must_use]
    pub fn timer_id(&self) -> Option<u8> {
        self.iter().find_map(|object| match object {
            Object::TimerIdentifier(id) => Some(*id),
            _ => None,
        })
    }

    /// Timer value.
    #[must_use]
    pub fn timer_value(&self) -> Option<TimerValue> {
        self.iter().find_map(|object| match object {
            Object::TimerValue(value) => Some(*value),
            _ => None,
        })
    }

    /// Transport level.
    #[must_use]
    pub fn transport(&self) -> Option<TransportLevel> {
        self.iter().find_map(|object| match object {
            Object::TransportLevel(level) => Some(*level),
            _ => None,
        })
    }

    /// Buffer size in octets.
    #[must_use]
    pub fn buffer_size(&self) -> Option<u16> {
        self.iter().find_map(|object| match object {
            Object::BufferSize(size) => Some(*size),
            _ => None,
        })
    }

    /// Channel data.
    #[must_use]
    pub fn channel_data(&self) -> Option<&[u8]> {
        self.iter().find_map(|object| match object {
            Object::ChannelData(data) => Some(data.as_slice()),
            _ => None,
        })
    }

    /// Channel data length.
    #[must_use]
    pub fn data_length(&self) -> Option<u8> {
        self.iter().find_map(|object| match object {
            Object::ChannelDataLength(length) => Some(*length),
            _ => None,
        })
    }

    /// Every channel status.
    pub fn channel_statuses(&self) -> impl Iterator<Item = ChannelStatus> {
        self.iter().filter_map(|object| match object {
            Object::ChannelStatus(status) => Some(*status),
            _ => None,
        })
    }

    /// Location information: network, area and cell.
    #[must_use]
    pub fn location_information(&self) -> Option<&[u8]> {
        self.iter().find_map(|object| match object {
            Object::LocationInformation(location) => Some(location.as_slice()),
            _ => None,
        })
    }

    /// Every registry application.
    pub fn applications(&self) -> impl Iterator<Item = &RegistryApplication> {
        self.iter().filter_map(|object| match object {
            Object::RegistryApplication(application) => Some(application),
            _ => None,
        })
    }

    /// Short message TPDU.
    #[must_use]
    pub fn sms_tpdu(&self) -> Option<&[u8]> {
        self.iter().find_map(|object| match object {
            Object::SmsTpdu(tpdu) => Some(tpdu.as_slice()),
            _ => None,
        })
    }

    /// Short message of CDMA.
    #[must_use]
    pub fn cdma_sms_tpdu(&self) -> Option<&[u8]> {
        self.iter().find_map(|object| match object {
            Object::CdmaSmsTpdu(tpdu) => Some(tpdu.as_slice()),
            _ => None,
        })
    }
}
