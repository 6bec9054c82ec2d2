//! The table of data objects (TS 102 223 clause 8), and which of them each message has fields for. A new object of a
//! known shape is a line here, and one more in each message that it is to have a field in.

use std::net::IpAddr;

use dmsc_octets::{Irregularity, Spans, to_hex};
use serde_json::Value;

use super::codec::Codec;
use super::declare::{self, Place, data_objects};
use super::scalars::{Code, Codes, Data, DataLength, Flag, Octet, Octets, Word};
use super::texts::{Alpha, Ip, Labels, Text};
use super::{
    Address, BearerDescription, CommandDetails, CommandResult, CommandType, DeviceIdentities, Duration, Event,
    LocationStatus, Present, RegistryApplication, TextString, TimerValue, TransportLevel,
};
use crate::channel::ChannelStatus;
use crate::fields::{Cell, FieldError, FieldInfo, FieldKind};

data_objects! {
    /// Command details (8.6).
    CommandDetails(CommandDetails) by CommandDetails = 0x01, "details", Spread, "Command details.";
    /// Device identities (8.7).
    DeviceIdentities(DeviceIdentities) by DeviceIdentities = 0x02, "devices", Spread, "Device identities.";
    /// Result (8.12) with its additional information.
    Result(CommandResult) by CommandResult = 0x03, "result", Spread, "Result.";
    /// Duration (8.8).
    Duration(Duration) by Duration = 0x04, "duration", Several, "Duration.";
    /// Alpha identifier (8.2) in the coding of EF.ADN; empty = do not inform the user.
    AlphaIdentifier(Vec<u8>) by Text<Alpha> = 0x05, "alpha_id", Several,
        "Alpha identifier; empty text asks not to inform the user.";
    /// Address (8.1).
    Address(Address) by Address = 0x06, "address", Several,
        "Address: digits, with + for an international number.";
    /// 3GPP SMS TPDU (TS 31.111 8.13).
    SmsTpdu(Vec<u8>) by Octets = 0x0B, "sms_tpdu", Once, "3GPP SMS TPDU.";
    /// Text string (8.15); a null one has no value.
    TextString(TextString) by TextString = 0x0D, "text", Several,
        "Text string, sent as GSM 8-bit or UCS2; hex: gives coding scheme and octets.";
    /// File list (8.18), count and paths.
    FileList(Vec<u8>) by Octets = 0x12, "file_list", Several, "File list: number of files, then their paths.";
    /// Location information (8.19): network, area and cell, 5, 7 or 9 octets.
    LocationInformation(Vec<u8>) by Octets = 0x13, "location_information", Several,
        "Location information: network, area and cell.";
    /// Event list (8.25); empty removes all events.
    EventList(Vec<Event>) by Codes<Event> = 0x19, "event_list", Once, "Events; an empty list removes all.";
    /// Location status (8.27).
    LocationStatus(LocationStatus) by Code<LocationStatus> = 0x1B, "location_status", Several, "Location status.";
    /// Timer identifier (8.37), 1 to 8.
    TimerIdentifier(u8) by Octet<1, 8> = 0x24, "timer_id", Once, "Timer identifier, 1 to 8.";
    /// Timer value (8.38).
    TimerValue(TimerValue) by TimerValue = 0x25, "timer_value", Once, "Timer value.";
    /// Bearer description (8.52).
    BearerDescription(BearerDescription) by BearerDescription = 0x35, "bearer", Several,
        "Bearer description: type, then parameters.";
    /// Channel data (8.53).
    ChannelData(Vec<u8>) by Data = 0x36, "channel_data", Once, "Channel data.";
    /// Channel data length (8.54); 255 stands for 255 or more.
    ChannelDataLength(u8) by DataLength = 0x37, "data_length", Once,
        "Channel data length; 255 stands for 255 or more.";
    /// Channel status (8.56).
    ChannelStatus(ChannelStatus) by ChannelStatus = 0x38, "channel_status", Listed,
        "Channel status, one entry an object.";
    /// Buffer size in octets (8.55).
    BufferSize(u16) by Word = 0x39, "buffer_size", Once, "Buffer size in octets.";
    /// UICC/terminal interface transport level (8.59).
    TransportLevel(TransportLevel) by TransportLevel = 0x3C, "transport", Once,
        "UICC/terminal interface transport level.";
    /// Other address (8.58); `None` (length 0) asks for a dynamic one.
    OtherAddress(Option<IpAddr>) by Ip = 0x3E, "other_address", Several,
        "IPv4 or IPv6 address; empty text asks for a dynamic one.";
    /// Network access name (8.70), length-prefixed labels.
    NetworkAccessName(Vec<u8>) by Text<Labels> = 0x47, "network_access_name", Once,
        "Network access name, labels separated by dots.";
    /// CDMA SMS TPDU.
    CdmaSmsTpdu(Vec<u8>) by Octets = 0x48, "cdma_sms_tpdu", Once, "CDMA SMS TPDU.";
    /// Last envelope (8.87).
    LastEnvelope(Present) by Flag = 0x70, "last_envelope", Once, "Marks the last of several envelopes.";
    /// Registry application data (8.88).
    RegistryApplication(RegistryApplication) by RegistryApplication = 0x71, "applications", Listed,
        "Registry application data, one entry an object.";
}

/// How the comprehension-required flag of an object is usually sent in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsualCr {
    /// Set.
    Set,
    /// Not set.
    Clear,
    /// Not set in a response to this type of command.
    ClearFor(CommandType),
}

/// An object that a message has a field for.
pub(crate) type Member = (ObjectKind, UsualCr);

use UsualCr::{Clear, ClearFor, Set};

/// The objects of a proactive command in the order in which they are written.
pub(crate) const COMMAND: &[Member] = &[
    (ObjectKind::CommandDetails, Set),
    (ObjectKind::DeviceIdentities, Set),
    (ObjectKind::AlphaIdentifier, Set),
    (ObjectKind::Address, Set),
    (ObjectKind::SmsTpdu, Set),
    (ObjectKind::CdmaSmsTpdu, Set),
    (ObjectKind::TextString, Set),
    (ObjectKind::Duration, Set),
    (ObjectKind::EventList, Set),
    (ObjectKind::FileList, Set),
    (ObjectKind::TimerIdentifier, Set),
    (ObjectKind::TimerValue, Set),
    (ObjectKind::BearerDescription, Set),
    (ObjectKind::BufferSize, Set),
    (ObjectKind::NetworkAccessName, Set),
    (ObjectKind::TransportLevel, Set),
    (ObjectKind::OtherAddress, Set),
    (ObjectKind::ChannelData, Set),
    (ObjectKind::ChannelDataLength, Set),
];

/// The objects of a TERMINAL RESPONSE in the order in which they are written.
pub(crate) const RESPONSE: &[Member] = &[
    (ObjectKind::CommandDetails, Set),
    (ObjectKind::DeviceIdentities, Set),
    (ObjectKind::Result, Set),
    (ObjectKind::TextString, Set),
    (ObjectKind::Duration, Set),
    (ObjectKind::LocationInformation, Set),
    (ObjectKind::TimerIdentifier, Set),
    (ObjectKind::TimerValue, Set),
    (ObjectKind::ChannelData, Set),
    (ObjectKind::ChannelDataLength, Set),
    (ObjectKind::ChannelStatus, ClearFor(CommandType::OpenChannel)),
    (ObjectKind::BearerDescription, ClearFor(CommandType::OpenChannel)),
    (ObjectKind::BufferSize, ClearFor(CommandType::OpenChannel)),
    (ObjectKind::OtherAddress, ClearFor(CommandType::OpenChannel)),
];

/// The objects of an ENVELOPE in the order in which they are written.
pub(crate) const ENVELOPE: &[Member] = &[
    (ObjectKind::EventList, Set),
    (ObjectKind::DeviceIdentities, Set),
    (ObjectKind::Address, Set),
    (ObjectKind::SmsTpdu, Set),
    (ObjectKind::CdmaSmsTpdu, Set),
    (ObjectKind::LocationStatus, Set),
    (ObjectKind::LocationInformation, Clear),
    (ObjectKind::TimerIdentifier, Set),
    (ObjectKind::TimerValue, Set),
    (ObjectKind::ChannelStatus, Set),
    (ObjectKind::ChannelDataLength, Set),
    (ObjectKind::BearerDescription, Set),
    (ObjectKind::OtherAddress, Set),
    (ObjectKind::RegistryApplication, Clear),
    (ObjectKind::LastEnvelope, Clear),
];
