//! Media types of DM and their WSP codes (DMREPPRO 1.2; WSP content type assignments).

use std::fmt;

macro_rules! media_types {
    ($($name:ident $text:literal $code:expr, $doc:literal;)*) => {
        /// A media type; one that is not in the table is kept.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum MediaType {
            $(#[doc = $doc] $name,)*
            /// Any other type, in lower case and without its parameters.
            Other(String),
        }

        impl MediaType {
            /// Reads a Content-Type or Meta Type; case and parameters do not count.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                match essence.as_str() {
                    $($text => Self::$name,)*
                    _ => Self::Other(essence),
                }
            }

            /// The type without parameters.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(text) => text,
                }
            }

            /// The number WSP has assigned, if it has; on the air it is a short integer, with the high bit set.
            #[must_use]
            pub fn wsp_code(&self) -> Option<u8> {
                match self {
                    $(Self::$name => $code,)*
                    Self::Other(_) => None,
                }
            }

            /// The type of a WSP number, given without the high bit.
            #[must_use]
            pub fn from_wsp_code(code: u8) -> Option<Self> {
                [$(Self::$name,)*].into_iter().find(|media_type| media_type.wsp_code() == Some(code))
            }
        }
    };
}

media_types! {
    DmWbxml "application/vnd.syncml.dm+wbxml" Some(0x42), "A DM message in WBXML.";
    DmXml "application/vnd.syncml.dm+xml" Some(0x43), "A DM message in XML.";
    Notification "application/vnd.syncml.notification" Some(0x44), "Package#0 of DM 1.2.";
    DmTndsXml "application/vnd.syncml.dmtnds+xml" None, "A serialised tree object in XML.";
    DmTndsWbxml "application/vnd.syncml.dmtnds+wbxml" None, "A serialised tree object in WBXML.";
    DmDdfXml "application/vnd.syncml.dmddf+xml" None, "A device description in XML.";
    DmDdfWbxml "application/vnd.syncml.dmddf+wbxml" None, "A device description in WBXML.";
    SyncXml "application/vnd.syncml+xml" None, "A data synchronisation message in XML: not DM.";
    SyncWbxml "application/vnd.syncml+wbxml" None, "A data synchronisation message in WBXML: not DM.";
    ConnectivityWbxml "application/vnd.wap.connectivity-wbxml" Some(0x36), "A WAP provisioning document.";
    Dm2Notification "application/vnd.syncml.dm.notification" Some(0x58), "The notification of DM 2.0: not DM 1.2.";
}

impl MediaType {
    /// Whether a DM message may travel under the type.
    #[must_use]
    pub fn is_dm_message(&self) -> bool {
        matches!(self, Self::DmXml | Self::DmWbxml)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The value of a parameter of a media type, such as `charset`; names in any case, quotes removed.
#[must_use]
pub fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_parameters_do_not_count() {
        let text = "Application/VND.syncml.dm+XML ; charset=\"UTF-8\"; VerProto=DM/1.2";
        assert_eq!(MediaType::parse(text), MediaType::DmXml);
        assert!(MediaType::parse(text).is_dm_message());
        assert_eq!(parameter(text, "charset"), Some("UTF-8"));
        assert_eq!(parameter(text, "verproto"), Some("DM/1.2"));
        assert_eq!(parameter(text, "verdtd"), None);
        assert!(!MediaType::parse("application/vnd.syncml+xml").is_dm_message());
        assert_eq!(MediaType::parse("text/HTML; x").as_str(), "text/html");
    }

    #[test]
    fn wsp_codes_go_both_ways() {
        for code in [0x36, 0x42, 0x43, 0x44, 0x58] {
            assert_eq!(MediaType::from_wsp_code(code).and_then(|media_type| media_type.wsp_code()), Some(code));
        }
        assert_eq!(MediaType::from_wsp_code(0x44), Some(MediaType::Notification));
        assert_eq!(MediaType::from_wsp_code(0x01), None);
    }
}
