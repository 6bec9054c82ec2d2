//! Short messages: what a case or a fault sets of one, and what it sees of one (TS 23.040 9.2, WAP-230 8.2, DMNOTI 7).

use dmsc_uicc::sms::MediaType;
use serde_json::Value;

use super::kind::{Declaration, What};
use super::notification::NotificationWith;
use super::pushed::PushedWith;
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{FieldValue, Listed, Octets, Removable, Within, by_name, fields, wrong};
use crate::role::Role;

fields! {
    /// What a case or a fault sets of a short message; by itself it is a WSP push with a valid notification.
    pub struct SmsWith = "sms.with" {
        /// Who sends it; `network` unless given.
        by: SentBy,
        /// The number of the other side, with + for an international one: whom it comes from, or whom it goes to.
        number: String,
        /// Protocol identifier; 0x00 unless given.
        pid: u8 = code,
        /// Data coding scheme; 0xF5 unless given, which is 8-bit data of class 1.
        dcs: u8 = code,
        /// Destination port; 2948 unless given, and none for `null`.
        port: Removable<u16>,
        /// Source port; 9200 unless given.
        source_port: u16,
        /// Whether ports are written with 8 bits each; with 16 unless given.
        short_ports: bool,
        /// Reference of the concatenation; 1 unless given.
        reference: u16,
        /// Whether the reference is written with 16 bits; with 8 unless given.
        wide_reference: bool,
        /// How many parts the push is divided into, all alike in length; as many as it takes unless given.
        parts: Within<2, 64>,
        /// The parts that are sent, by number and in this order; all in order unless given.
        order: Listed<Within<1, 255>, 1, 64>,
        /// Transaction identifier of the push; 1 unless given.
        push_id: u8,
        /// Content type, by its well-known number or as text; 0x44 unless given, that of a notification.
        content_type: MediaName,
        /// X-Wap-Application-Id, by its well-known number or as text; 0x07 unless given, that of the DM Client.
        application_id: Removable<MediaName>,
        /// The octets of content type and headers, instead of these two.
        headers: Octets,
        /// The whole user data after its header, instead of the push.
        payload: Octets,
        /// The bootstrap that the push carries, instead of a notification; content type and application are those of
        /// such a push.
        bootstrap: Box<PushedWith>,
        /// Whether the notification stands there by itself, without a push around it; false unless given.
        bare: bool,
        /// How long Package#0 is made by vendor specific octets, if it is shorter by itself.
        package0_length: Within<1, 5000> = octets,
        /// What differs in the notification.
        notification: Box<NotificationWith>,
        /// Whether it is a message of CDMA, with the push in a datagram of WDP for the teleservice of WAP.
        cdma: bool,
        /// Alpha identifier of SEND SHORT MESSAGE, where the card sends it; empty unless given.
        alpha_id: Removable<String>,
        /// The service centre that SEND SHORT MESSAGE names; none unless given.
        service_centre: String,
    }
}

/// Who sends a short message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SentBy {
    /// The network delivers it.
    #[default]
    Network,
    /// The card has the terminal send it to its own number, by SEND SHORT MESSAGE (DM_SC 7.2).
    Card,
}

impl SentBy {
    const ALL: [SentBy; 2] = [SentBy::Network, SentBy::Card];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            SentBy::Network => "network",
            SentBy::Card => "card",
        }
    }

    /// Who sends what a step with these fields sends.
    pub fn of(with: &serde_json::Map<String, Value>) -> SentBy {
        with.get("by").and_then(|by| SentBy::read(by).ok()).unwrap_or_default()
    }
}

impl FieldValue for SentBy {
    fn shape() -> Shape {
        Shape::Name(SentBy::ALL.map(SentBy::as_str).to_vec())
    }

    fn read(value: &Value) -> Result<Self, String> {
        by_name(value, &SentBy::ALL, SentBy::as_str)
    }
}

/// A content type or an application id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaName(pub MediaType);

impl MediaName {
    /// The largest number, which long integers of four octets hold.
    const MOST: i64 = 0xFFFF_FFFF;

    /// As fields show it.
    pub fn shown(name: &MediaType) -> Value {
        match name {
            MediaType::Code(code) => Value::from(*code),
            MediaType::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl FieldValue for MediaName {
    fn shape() -> Shape {
        Shape::TextOr(Box::new(Shape::Int(0, MediaName::MOST)))
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) if text.starts_with("0x") => {
                let code = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
                code.map(|code| MediaName(MediaType::Code(code))).ok_or_else(|| wrong(value, &Self::shape()))
            }
            Value::String(text) if !text.contains('\0') => Ok(MediaName(MediaType::Text(text.clone()))),
            Value::Number(number) => {
                let code = number.as_u64().and_then(|code| u32::try_from(code).ok());
                code.map(|code| MediaName(MediaType::Code(code))).ok_or_else(|| wrong(value, &Self::shape()))
            }
            other => Err(wrong(other, &Self::shape())),
        }
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<SmsWith>();
    table.group::<PushedWith>();
    let with = table.specs_of::<SmsWith>();
    let own = |name: &str| with.iter().find(|field| field.name == name).cloned();
    let mut seen = vec![FieldSpec::new(
        "type",
        Shape::Name(vec!["submit", "deliver"]),
        "Whether it goes to the service centre or comes from there.",
    )];
    let told = |name: &str, doc: &'static str| own(name).map(|field| FieldSpec { doc, ..field });
    seen.extend(
        [
            told("number", "The number of the other side."),
            told("pid", "Protocol identifier."),
            told("dcs", "Data coding scheme."),
            told("port", "Destination port; absent without ports."),
            told("source_port", "Source port."),
            told("cdma", "Whether it is a message of CDMA; absent in others."),
            told("short_ports", "Whether ports are written with 8 bits each."),
            told("reference", "Reference of the concatenation; absent in a message that is not divided."),
        ]
        .into_iter()
        .flatten(),
    );
    seen.extend([
        FieldSpec::new("part", Shape::Int(0, 255), "The number of this part."),
        FieldSpec::new("parts", Shape::Int(0, 255), "How many parts there are."),
        FieldSpec::new("user_data_length", Shape::Int(0, 255), "User data length as the message gives it."),
        FieldSpec::new("header", Shape::Hex, "The user data header with its length."),
    ]);
    seen.extend(
        [
            told("payload", "The user data after its header."),
            told("push_id", "Transaction identifier of the push."),
            told("content_type", "Content type of the push, in a message that is not divided or the first part."),
            told("application_id", "X-Wap-Application-Id of the push."),
        ]
        .into_iter()
        .flatten(),
    );
    seen.extend([
        FieldSpec::new("push_headers", Shape::Hex, "Content type and headers of the push."),
        FieldSpec::new(
            "headers_length",
            Shape::COUNT,
            "Octets of the headers of WDP and WSP together, which are 48 at most (DMNOTI 7).",
        ),
        FieldSpec::new("octets", Shape::Hex, "The whole message, as its TPDU."),
        FieldSpec::new("malformed", Shape::Text, "Why it could not be read; absent when it could."),
    ]);
    table.specs("sms", seen);
    table.kind(
        Declaration::new(
            Role::Card,
            What::Sms,
            "sms",
            "A short message: one that the network delivers, or the card has sent; heard, one that a card sends, or that the \
             terminal has given to the network.",
        )
        .built_of("sms.with")
        .sent()
        .heard("sms")
        .patched(),
    );
    table.kind(
        Declaration::new(
            Role::Terminal,
            What::Sms,
            "sms",
            "A short message that the terminal has given to the network.",
        )
        .heard("sms"),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_numbers_or_text() {
        assert_eq!(MediaName::read(&json!(0x44)), Ok(MediaName(MediaType::NOTIFICATION)));
        assert_eq!(MediaName::read(&json!("text/plain")), Ok(MediaName(MediaType::Text("text/plain".into()))));
        assert_eq!(MediaName::read(&json!("0x44")), Ok(MediaName(MediaType::NOTIFICATION)));
        assert!(MediaName::read(&json!(-1)).is_err() && MediaName::read(&json!("a\0b")).is_err());
        let Value::Object(by) = json!({ "by": "card" }) else { panic!("a mapping") };
        assert_eq!((SentBy::of(&by), SentBy::of(&serde_json::Map::new())), (SentBy::Card, SentBy::Network));
    }
}
