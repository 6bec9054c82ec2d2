//! The closed schema of the field trees.

use super::{FieldInfo, FieldKind};
use crate::channel::{Link, TransportProtocol};
use crate::command::CommandType;
use crate::envelope::{EnvelopeTag, Event};
use crate::object::{LocationStatus, ObjectKind, TimeUnit};

const OCTET: FieldKind = FieldKind::Int { max: 0xFF };
const WORD: FieldKind = FieldKind::Int { max: 0xFFFF };

const fn of(object: ObjectKind, name: &'static str, kind: FieldKind, doc: &'static str) -> FieldInfo {
    FieldInfo { name, kind, doc, object: Some(object) }
}

const fn plain(name: &'static str, kind: FieldKind, doc: &'static str) -> FieldInfo {
    FieldInfo { name, kind, doc, object: None }
}

const NUMBER: FieldInfo = of(ObjectKind::CommandDetails, "number", OCTET, "Command number; 1 unless given.");
const TYPE: FieldInfo =
    of(ObjectKind::CommandDetails, "type", FieldKind::NameOrInt { names: CommandType::NAMES }, "Type of command.");
const QUALIFIER: FieldInfo = of(ObjectKind::CommandDetails, "qualifier", OCTET, "Command qualifier; 0 unless given.");
const SOURCE: FieldInfo =
    of(ObjectKind::DeviceIdentities, "source", OCTET, "Source device: 0x81 UICC, 0x82 terminal, 0x83 network.");
const DESTINATION: FieldInfo = of(
    ObjectKind::DeviceIdentities,
    "destination",
    OCTET,
    "Destination device: 0x81 UICC, 0x82 terminal, 0x83 network, 0x21 to 0x27 channel 1 to 7.",
);
const RESULT: FieldInfo = of(ObjectKind::Result, "result", OCTET, "General result.");
const ADDITIONAL: FieldInfo =
    of(ObjectKind::Result, "additional", FieldKind::HexOrInt, "Additional information on the result.");
const DURATION: FieldInfo = of(ObjectKind::Duration, "duration", FieldKind::Record(DURATION_FIELDS), "Duration.");
const ALPHA_ID: FieldInfo = of(
    ObjectKind::AlphaIdentifier,
    "alpha_id",
    FieldKind::Text,
    "Alpha identifier; empty text asks not to inform the user.",
);
const ADDRESS: FieldInfo =
    of(ObjectKind::Address, "address", FieldKind::Text, "Address: digits, with + for an international number.");
const SMS_TPDU: FieldInfo = of(ObjectKind::SmsTpdu, "sms_tpdu", FieldKind::Hex, "3GPP SMS TPDU.");
const CDMA_SMS_TPDU: FieldInfo = of(ObjectKind::CdmaSmsTpdu, "cdma_sms_tpdu", FieldKind::Hex, "CDMA SMS TPDU.");
const TEXT: FieldInfo = of(
    ObjectKind::TextString,
    "text",
    FieldKind::Text,
    "Text string, sent as GSM 8-bit or UCS2; hex: gives coding scheme and octets.",
);
const FILE_LIST: FieldInfo =
    of(ObjectKind::FileList, "file_list", FieldKind::Hex, "File list: number of files, then their paths.");
const LOCATION_INFORMATION: FieldInfo = of(
    ObjectKind::LocationInformation,
    "location_information",
    FieldKind::Hex,
    "Location information: network, area and cell.",
);
const EVENT_LIST: FieldInfo = of(
    ObjectKind::EventList,
    "event_list",
    FieldKind::List(&FieldKind::NameOrInt { names: Event::NAMES }),
    "Events; an empty list removes all.",
);
const LOCATION_STATUS: FieldInfo = of(
    ObjectKind::LocationStatus,
    "location_status",
    FieldKind::NameOrInt { names: LocationStatus::NAMES },
    "Location status.",
);
const TIMER_ID: FieldInfo = of(ObjectKind::TimerIdentifier, "timer_id", OCTET, "Timer identifier, 1 to 8.");
const TIMER_VALUE: FieldInfo = of(ObjectKind::TimerValue, "timer_value", FieldKind::Time, "Timer value.");
const BEARER: FieldInfo =
    of(ObjectKind::BearerDescription, "bearer", FieldKind::Hex, "Bearer description: type, then parameters.");
const CHANNEL_DATA: FieldInfo = of(ObjectKind::ChannelData, "channel_data", FieldKind::Hex, "Channel data.");
const DATA_LENGTH: FieldInfo =
    of(ObjectKind::ChannelDataLength, "data_length", OCTET, "Channel data length; 255 stands for 255 or more.");
const CHANNEL_STATUS: FieldInfo = of(
    ObjectKind::ChannelStatus,
    "channel_status",
    FieldKind::List(&FieldKind::Record(CHANNEL_STATUS_FIELDS)),
    "Channel status, one entry an object.",
);
const BUFFER_SIZE: FieldInfo = of(ObjectKind::BufferSize, "buffer_size", WORD, "Buffer size in octets.");
const TRANSPORT: FieldInfo = of(
    ObjectKind::TransportLevel,
    "transport",
    FieldKind::Record(TRANSPORT_FIELDS),
    "UICC/terminal interface transport level.",
);
const OTHER_ADDRESS: FieldInfo = of(
    ObjectKind::OtherAddress,
    "other_address",
    FieldKind::Text,
    "IPv4 or IPv6 address; empty text asks for a dynamic one.",
);
const NETWORK_ACCESS_NAME: FieldInfo = of(
    ObjectKind::NetworkAccessName,
    "network_access_name",
    FieldKind::Text,
    "Network access name, labels separated by dots.",
);
const APPLICATIONS: FieldInfo = of(
    ObjectKind::RegistryApplication,
    "applications",
    FieldKind::List(&FieldKind::Record(APPLICATION_FIELDS)),
    "Registry application data, one entry an object.",
);
const LAST_ENVELOPE: FieldInfo =
    of(ObjectKind::LastEnvelope, "last_envelope", FieldKind::Bool, "Marks the last of several envelopes.");
const EXTRA: FieldInfo = plain(
    "extra",
    FieldKind::List(&FieldKind::Record(EXTRA_FIELDS)),
    "Further data objects, written after all others.",
);

const DURATION_FIELDS: &[FieldInfo] = &[
    plain("unit", FieldKind::NameOrInt { names: TimeUnit::NAMES }, "Unit; seconds unless given."),
    plain("interval", OCTET, "Number of units."),
];
const TRANSPORT_FIELDS: &[FieldInfo] = &[
    plain("protocol", FieldKind::NameOrInt { names: TransportProtocol::NAMES }, "Transport protocol type."),
    plain("port", WORD, "Port number."),
];
const CHANNEL_STATUS_FIELDS: &[FieldInfo] = &[
    plain("channel", FieldKind::Int { max: 7 }, "Channel identifier; 0 = no channel."),
    plain("link", FieldKind::Name { names: Link::NAMES }, "State of the link."),
    plain("info", OCTET, "Further information; 0 unless given, 5 = link dropped."),
];
const APPLICATION_FIELDS: &[FieldInfo] = &[
    plain("port", WORD, "Port number."),
    plain("dcs", OCTET, "Data coding scheme of the name; 0 (GSM 7-bit) unless given."),
    plain("type", OCTET, "Application type; 7 (DM Client) unless given."),
    plain("name", FieldKind::Text, "Name of the application; DM Client unless given."),
];
const EXTRA_FIELDS: &[FieldInfo] = &[
    plain("tag", FieldKind::Int { max: 0x7FFF }, "Tag without the comprehension-required flag, 1 to 32767."),
    plain("cr", FieldKind::Bool, "Comprehension required; false unless given."),
    plain("value", FieldKind::Hex, "Value; empty unless given."),
];

/// Named as the fields are, but `details` for the command details and `devices` for the device identities.
const CR: FieldInfo = plain(
    "cr",
    FieldKind::List(&FieldKind::Name { names: ObjectKind::NAMES }),
    "Objects sent with the comprehension-required flag, whatever is usual.",
);
const NO_CR: FieldInfo = plain(
    "no_cr",
    FieldKind::List(&FieldKind::Name { names: ObjectKind::NAMES }),
    "Objects sent without the comprehension-required flag, whatever is usual.",
);

/// Fields of a proactive command.
pub const COMMAND_FIELDS: &[FieldInfo] = &[
    NUMBER,
    TYPE,
    QUALIFIER,
    SOURCE,
    DESTINATION,
    ALPHA_ID,
    ADDRESS,
    SMS_TPDU,
    CDMA_SMS_TPDU,
    TEXT,
    DURATION,
    EVENT_LIST,
    FILE_LIST,
    TIMER_ID,
    TIMER_VALUE,
    BEARER,
    BUFFER_SIZE,
    NETWORK_ACCESS_NAME,
    TRANSPORT,
    OTHER_ADDRESS,
    CHANNEL_DATA,
    DATA_LENGTH,
    EXTRA,
    CR,
    NO_CR,
];

/// Fields of a TERMINAL RESPONSE.
pub const RESPONSE_FIELDS: &[FieldInfo] = &[
    NUMBER,
    TYPE,
    QUALIFIER,
    SOURCE,
    DESTINATION,
    RESULT,
    ADDITIONAL,
    TEXT,
    DURATION,
    LOCATION_INFORMATION,
    TIMER_ID,
    TIMER_VALUE,
    CHANNEL_DATA,
    DATA_LENGTH,
    CHANNEL_STATUS,
    BEARER,
    BUFFER_SIZE,
    OTHER_ADDRESS,
    EXTRA,
    CR,
    NO_CR,
];

/// Fields of an ENVELOPE.
pub const ENVELOPE_FIELDS: &[FieldInfo] = &[
    plain("tag", FieldKind::NameOrInt { names: EnvelopeTag::NAMES }, "Outer tag."),
    EVENT_LIST,
    SOURCE,
    DESTINATION,
    ADDRESS,
    SMS_TPDU,
    CDMA_SMS_TPDU,
    LOCATION_STATUS,
    LOCATION_INFORMATION,
    TIMER_ID,
    TIMER_VALUE,
    CHANNEL_STATUS,
    DATA_LENGTH,
    BEARER,
    OTHER_ADDRESS,
    APPLICATIONS,
    LAST_ENVELOPE,
    EXTRA,
    CR,
    NO_CR,
];
