//! The data objects of the toolkit (TS 102 223 clause 8) that DM_SC touches, typed; all others kept as they came.

mod list;
mod registry;
mod value;

pub use list::ObjectList;
pub use registry::{FieldOrder, RegistryApplication};
pub use value::{
    Address, BearerDescription, CommandDetails, DeviceIdentities, Duration, LocationStatus, TextString, TimeUnit,
    TimerValue, TransportLevel,
};

use crate::channel::{ChannelStatus, Device};
use crate::command::CommandType;
use crate::envelope::Event;
use crate::response::GeneralResult;
use dmsc_octets::to_hex;
use std::net::IpAddr;

code_table! {
    /// The kinds of data object that are typed here; the code is the tag without CR.
    ObjectKind, "object" {
        CommandDetails = 0x01, "details";
        DeviceIdentities = 0x02, "devices";
        Result = 0x03, "result";
        Duration = 0x04, "duration";
        AlphaIdentifier = 0x05, "alpha_id";
        Address = 0x06, "address";
        SmsTpdu = 0x0B, "sms_tpdu";
        TextString = 0x0D, "text";
        FileList = 0x12, "file_list";
        LocationInformation = 0x13, "location_information";
        EventList = 0x19, "event_list";
        LocationStatus = 0x1B, "location_status";
        TimerIdentifier = 0x24, "timer_id";
        TimerValue = 0x25, "timer_value";
        BearerDescription = 0x35, "bearer";
        ChannelData = 0x36, "channel_data";
        ChannelDataLength = 0x37, "data_length";
        ChannelStatus = 0x38, "channel_status";
        BufferSize = 0x39, "buffer_size";
        TransportLevel = 0x3C, "transport";
        OtherAddress = 0x3E, "other_address";
        NetworkAccessName = 0x47, "network_access_name";
        CdmaSmsTpdu = 0x48, "cdma_sms_tpdu";
        LastEnvelope = 0x70, "last_envelope";
        RegistryApplication = 0x71, "applications";
    }
}

/// One data object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// Command details (8.6).
    CommandDetails(CommandDetails),
    /// Device identities (8.7).
    DeviceIdentities(DeviceIdentities),
    /// Result (8.12) with its additional information.
    Result(GeneralResult, Vec<u8>),
    /// Duration (8.8).
    Duration(Duration),
    /// Alpha identifier (8.2) in the coding of EF.ADN; empty = do not inform the user.
    AlphaIdentifier(Vec<u8>),
    /// Address (8.1).
    Address(Address),
    /// 3GPP SMS TPDU (TS 31.111 8.13).
    SmsTpdu(Vec<u8>),
    /// CDMA SMS TPDU.
    CdmaSmsTpdu(Vec<u8>),
    /// Text string (8.15).
    TextString(TextString),
    /// Location information (8.19): network, area and cell, 5, 7 or 9 octets.
    LocationInformation(Vec<u8>),
    /// Event list (8.25); empty removes all events.
    EventList(Vec<Event>),
    /// Location status (8.27).
    LocationStatus(LocationStatus),
    /// Timer identifier (8.37), 1 to 8.
    TimerIdentifier(u8),
    /// Timer value (8.38).
    TimerValue(TimerValue),
    /// Channel data (8.53).
    ChannelData(Vec<u8>),
    /// Channel data length (8.54); 255 stands for 255 or more.
    ChannelDataLength(u8),
    /// Channel status (8.56).
    ChannelStatus(ChannelStatus),
    /// Buffer size in octets (8.55).
    BufferSize(u16),
    /// UICC/terminal interface transport level (8.59).
    TransportLevel(TransportLevel),
    /// Other address (8.58); `None` (length 0) asks for a dynamic one.
    OtherAddress(Option<IpAddr>),
    /// Bearer description (8.52).
    BearerDescription(BearerDescription),
    /// Network access name (8.70), length-prefixed labels.
    NetworkAccessName(Vec<u8>),
    /// File list (8.18), count and paths.
    FileList(Vec<u8>),
    /// Last envelope (8.87).
    LastEnvelope,
    /// Registry application data (8.88).
    RegistryApplication(RegistryApplication),
    /// Any other tag, or a value that does not fit its tag.
    Unknown {
        /// Tag without CR.
        tag: u16,
        /// Value octets.
        value: Vec<u8>,
        /// For a known tag: what its value should have been.
        reason: Option<&'static str>,
    },
}

impl Object {
    /// The object with this tag (without CR) and value. Never fails: what does not fit is kept as [`Object::Unknown`].
    #[must_use]
    pub fn from_value(tag: u16, value: &[u8]) -> Self {
        match typed(tag, value) {
            Ok(object) => object,
            Err(reason) => Self::Unknown { tag, value: value.to_vec(), reason },
        }
    }

    /// Its kind; `None` for [`Object::Unknown`].
    #[must_use]
    pub const fn kind(&self) -> Option<ObjectKind> {
        Some(match self {
            Self::CommandDetails(_) => ObjectKind::CommandDetails,
            Self::DeviceIdentities(_) => ObjectKind::DeviceIdentities,
            Self::Result(..) => ObjectKind::Result,
            Self::Duration(_) => ObjectKind::Duration,
            Self::AlphaIdentifier(_) => ObjectKind::AlphaIdentifier,
            Self::Address(_) => ObjectKind::Address,
            Self::SmsTpdu(_) => ObjectKind::SmsTpdu,
            Self::CdmaSmsTpdu(_) => ObjectKind::CdmaSmsTpdu,
            Self::TextString(_) => ObjectKind::TextString,
            Self::LocationInformation(_) => ObjectKind::LocationInformation,
            Self::EventList(_) => ObjectKind::EventList,
            Self::LocationStatus(_) => ObjectKind::LocationStatus,
            Self::TimerIdentifier(_) => ObjectKind::TimerIdentifier,
            Self::TimerValue(_) => ObjectKind::TimerValue,
            Self::ChannelData(_) => ObjectKind::ChannelData,
            Self::ChannelDataLength(_) => ObjectKind::ChannelDataLength,
            Self::ChannelStatus(_) => ObjectKind::ChannelStatus,
            Self::BufferSize(_) => ObjectKind::BufferSize,
            Self::TransportLevel(_) => ObjectKind::TransportLevel,
            Self::OtherAddress(_) => ObjectKind::OtherAddress,
            Self::BearerDescription(_) => ObjectKind::BearerDescription,
            Self::NetworkAccessName(_) => ObjectKind::NetworkAccessName,
            Self::FileList(_) => ObjectKind::FileList,
            Self::LastEnvelope => ObjectKind::LastEnvelope,
            Self::RegistryApplication(_) => ObjectKind::RegistryApplication,
            Self::Unknown { .. } => return None,
        })
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

    /// Value octets.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        match self {
            Self::CommandDetails(details) => vec![details.number, details.command_type.code(), details.qualifier],
            Self::DeviceIdentities(devices) => {
                vec![devices.source.code(), devices.destination.code()]
            }
            Self::Result(general, additional) => [&[general.code()], additional.as_slice()].concat(),
            Self::Duration(duration) => vec![duration.unit.code(), duration.interval],
            Self::Address(address) => address.encode(),
            Self::TextString(text) => [&[text.dcs], text.octets.as_slice()].concat(),
            Self::EventList(events) => events.iter().map(|event| event.code()).collect(),
            Self::LocationStatus(status) => vec![status.code()],
            Self::TimerIdentifier(octet) | Self::ChannelDataLength(octet) => vec![*octet],
            Self::TimerValue(time) => time.encode().to_vec(),
            Self::ChannelStatus(status) => status.encode().to_vec(),
            Self::BufferSize(size) => size.to_be_bytes().to_vec(),
            Self::TransportLevel(level) => level.encode().to_vec(),
            Self::OtherAddress(None) | Self::LastEnvelope => Vec::new(),
            Self::OtherAddress(Some(IpAddr::V4(address))) => [&[0x21], address.octets().as_slice()].concat(),
            Self::OtherAddress(Some(IpAddr::V6(address))) => [&[0x57], address.octets().as_slice()].concat(),
            Self::BearerDescription(bearer) => [&[bearer.bearer], bearer.parameters.as_slice()].concat(),
            Self::RegistryApplication(application) => application.encode(),
            Self::AlphaIdentifier(octets)
            | Self::SmsTpdu(octets)
            | Self::CdmaSmsTpdu(octets)
            | Self::LocationInformation(octets)
            | Self::ChannelData(octets)
            | Self::NetworkAccessName(octets)
            | Self::FileList(octets)
            | Self::Unknown { value: octets, .. } => octets.clone(),
        }
    }

    /// One line for a log: name = value (hex).
    #[must_use]
    pub fn describe(&self) -> String {
        let hex = to_hex(&self.value());
        let name = self.kind().map_or_else(|| format!("tag {:02X}", self.tag()), ObjectKind::name);
        match self.meaning() {
            Some(meaning) => format!("{name} = {meaning} ({hex})"),
            None => format!("{name} = {hex}"),
        }
    }

    fn meaning(&self) -> Option<String> {
        Some(match self {
            Self::CommandDetails(details) => {
                format!("number {}, {}, qualifier {:02X}", details.number, details.command_type, details.qualifier)
            }
            Self::DeviceIdentities(devices) => {
                format!("{} -> {}", devices.source, devices.destination)
            }
            Self::Result(general, additional) => match general.additional_name(additional) {
                Some(name) => format!("{general}: {name}"),
                None => general.to_string(),
            },
            Self::Duration(duration) => format!("{} {}", duration.interval, duration.unit),
            Self::AlphaIdentifier(octets) => format!("{:?}", crate::coding::alpha_text(octets)?),
            Self::Address(address) => address.to_string(),
            Self::TextString(text) => format!("{:?}", crate::coding::text(text.dcs, &text.octets)?),
            Self::EventList(events) => events.iter().map(|event| event.name()).collect::<Vec<_>>().join(", "),
            Self::LocationStatus(status) => status.name(),
            Self::TimerIdentifier(id) => id.to_string(),
            Self::TimerValue(time) => time.to_string(),
            Self::ChannelData(octets) => format!("{} octets", octets.len()),
            Self::ChannelDataLength(length) => match length {
                0xFF => "255 or more".to_owned(),
                length => length.to_string(),
            },
            Self::ChannelStatus(status) => status.to_string(),
            Self::BufferSize(size) => size.to_string(),
            Self::TransportLevel(level) => format!("{} port {}", level.protocol, level.port),
            Self::OtherAddress(address) => address.map_or_else(|| "dynamic".to_owned(), |address| address.to_string()),
            Self::RegistryApplication(application) => application.to_string(),
            Self::Unknown { reason, .. } => (*reason)?.to_owned(),
            Self::SmsTpdu(_)
            | Self::CdmaSmsTpdu(_)
            | Self::LocationInformation(_)
            | Self::BearerDescription(_)
            | Self::NetworkAccessName(_)
            | Self::FileList(_)
            | Self::LastEnvelope => return None,
        })
    }
}

/// `Err(None)` for a tag that is not typed, `Err(Some(what the value should be))` for one that does not fit.
fn typed(tag: u16, value: &[u8]) -> Result<Object, Option<&'static str>> {
    let kind = u8::try_from(tag).map(ObjectKind::from_code).map_err(|_| None)?;
    Ok(match (kind, value) {
        (ObjectKind::Unknown(_), _) => return Err(None),
        (ObjectKind::CommandDetails, [number, command_type, qualifier]) => Object::CommandDetails(CommandDetails {
            number: *number,
            command_type: CommandType::from_code(*command_type),
            qualifier: *qualifier,
        }),
        (ObjectKind::CommandDetails, _) => return Err(Some("should be 3 octets")),
        (ObjectKind::DeviceIdentities, [source, destination]) => Object::DeviceIdentities(DeviceIdentities {
            source: Device::from_code(*source),
            destination: Device::from_code(*destination),
        }),
        (ObjectKind::DeviceIdentities, _) => return Err(Some("should be 2 octets")),
        (ObjectKind::Result, [general, additional @ ..]) => {
            Object::Result(GeneralResult::from_code(*general), additional.to_vec())
        }
        (ObjectKind::Duration, [unit, interval]) => {
            Object::Duration(Duration { unit: TimeUnit::from_code(*unit), interval: *interval })
        }
        (ObjectKind::Duration, _) => return Err(Some("should be 2 octets")),
        (ObjectKind::AlphaIdentifier, _) => Object::AlphaIdentifier(value.to_vec()),
        (ObjectKind::Address, _) => {
            Object::Address(Address::parse(value).ok_or(Some("should be TON/NPI and digits with F only at the end"))?)
        }
        (ObjectKind::SmsTpdu, _) => Object::SmsTpdu(value.to_vec()),
        (ObjectKind::CdmaSmsTpdu, _) => Object::CdmaSmsTpdu(value.to_vec()),
        (ObjectKind::TextString, [dcs, octets @ ..]) => {
            Object::TextString(TextString { dcs: *dcs, octets: octets.to_vec() })
        }
        (ObjectKind::FileList, _) => Object::FileList(value.to_vec()),
        (ObjectKind::LocationInformation, _) => Object::LocationInformation(value.to_vec()),
        (ObjectKind::EventList, _) => Object::EventList(value.iter().map(|event| Event::from_code(*event)).collect()),
        (ObjectKind::LocationStatus, [status]) => Object::LocationStatus(LocationStatus::from_code(*status)),
        (ObjectKind::TimerIdentifier, [id]) => Object::TimerIdentifier(*id),
        (ObjectKind::TimerValue, _) => {
            Object::TimerValue(TimerValue::parse(value).ok_or(Some("should be hh mm ss in swapped BCD"))?)
        }
        (ObjectKind::ChannelData, _) => Object::ChannelData(value.to_vec()),
        (ObjectKind::ChannelDataLength, [length]) => Object::ChannelDataLength(*length),
        (ObjectKind::ChannelStatus, _) => Object::ChannelStatus(
            ChannelStatus::parse(value).ok_or(Some("should be 2 octets with b6 to b4 of the first clear"))?,
        ),
        (ObjectKind::BufferSize, [high, low]) => Object::BufferSize(u16::from_be_bytes([*high, *low])),
        (ObjectKind::BufferSize, _) => return Err(Some("should be 2 octets")),
        (ObjectKind::TransportLevel, _) => Object::TransportLevel(
            TransportLevel::parse(value).ok_or(Some("should be protocol type and 2 octets of port"))?,
        ),
        (ObjectKind::OtherAddress, []) => Object::OtherAddress(None),
        (ObjectKind::OtherAddress, [0x21, address @ ..]) => {
            let octets = <[u8; 4]>::try_from(address).map_err(|_| Some("should be 4 octets after type 21"))?;
            Object::OtherAddress(Some(IpAddr::from(octets)))
        }
        (ObjectKind::OtherAddress, [0x57, address @ ..]) => {
            let octets = <[u8; 16]>::try_from(address).map_err(|_| Some("should be 16 octets after type 57"))?;
            Object::OtherAddress(Some(IpAddr::from(octets)))
        }
        (ObjectKind::OtherAddress, _) => {
            return Err(Some("should be empty, type 21 (IPv4) or type 57 (IPv6)"));
        }
        (ObjectKind::BearerDescription, [bearer, parameters @ ..]) => {
            Object::BearerDescription(BearerDescription { bearer: *bearer, parameters: parameters.to_vec() })
        }
        (ObjectKind::NetworkAccessName, _) => Object::NetworkAccessName(value.to_vec()),
        (ObjectKind::LastEnvelope, []) => Object::LastEnvelope,
        (ObjectKind::LastEnvelope, _) => return Err(Some("should be empty")),
        (ObjectKind::RegistryApplication, _) => Object::RegistryApplication(
            RegistryApplication::parse(value)
                .ok_or(Some("should be port, coding, type and a name, 4 octets or more"))?,
        ),
        (ObjectKind::Result | ObjectKind::TextString | ObjectKind::BearerDescription, []) => {
            return Err(Some("should be 1 octet or more"));
        }
        (ObjectKind::LocationStatus | ObjectKind::TimerIdentifier | ObjectKind::ChannelDataLength, _) => {
            return Err(Some("should be 1 octet"));
        }
    })
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
        assert_eq!(object.describe(), "tag 39 = should be 2 octets (01)");
        assert_eq!(Object::from_value(0x7A, &[1]).describe(), "tag 7A = 01");
        assert_eq!(Object::from_value(0x139, &[0, 1]).tag(), 0x139);
    }

    #[test]
    fn descriptions() {
        for (tag, value, text) in [
            (0x01, &[1u8, 0x40, 0][..], "details = number 1, open-channel, qualifier 00 (014000)"),
            (0x03, &[0x3A, 0x10], "result = bearer-independent-protocol-error: port not available (3A10)"),
            (0x3C, &[3, 0x10, 0x14], "transport = tcp-uicc-server port 4116 (031014)"),
            (0x3E, &[0x21, 127, 0, 0, 1], "other_address = 127.0.0.1 (217F000001)"),
            (0x37, &[0xFF], "data_length = 255 or more (FF)"),
        ] {
            assert_eq!(Object::from_value(tag, value).describe(), text);
        }
    }

    proptest! {
        #[test]
        fn any_value_of_any_tag_round_trips(tag in 1u16..0x140, value in proptest::collection::vec(any::<u8>(), 0..24)) {
            let object = Object::from_value(tag, &value);
            prop_assert_eq!(object.tag(), tag);
            prop_assert_eq!(object.value(), value);
            prop_assert!(!object.describe().is_empty());
        }
    }
}
