//! TERMINAL RESPONSE (TS 102 223 6.8, results 8.12).

use crate::apdu::CommandApdu;
use crate::channel::Device;
use crate::layout::{Layout, default_cr};
use crate::message::MessageError;
use crate::object::{CommandDetails, DeviceIdentities, Object, ObjectKind, ObjectList};

code_table! {
    /// General results (TS 102 223 8.12). 0x and 1x: performed; 2x: may be retried later; 3x: an identical retry is
    /// pointless.
    GeneralResult, "result" {
        Success = 0x00, "performed-successfully";
        PartialComprehension = 0x01, "partial-comprehension";
        MissingInformation = 0x02, "missing-information";
        RefreshAdditionalFiles = 0x03, "refresh-with-additional-files";
        IconNotDisplayed = 0x04, "icon-not-displayed";
        ModifiedByCallControl = 0x05, "modified-by-call-control";
        LimitedService = 0x06, "limited-service";
        Modified = 0x07, "performed-with-modification";
        RefreshNaaNotActive = 0x08, "refresh-naa-not-active";
        ToneNotPlayed = 0x09, "tone-not-played";
        UserTerminated = 0x10, "session-terminated-by-user";
        BackwardMove = 0x11, "backward-move";
        NoUserResponse = 0x12, "no-response-from-user";
        HelpRequested = 0x13, "help-requested";
        UssdEndedByUser = 0x14, "ussd-ended-by-user";
        TerminalUnable = 0x20, "terminal-unable";
        NetworkUnable = 0x21, "network-unable";
        UserRefused = 0x22, "user-did-not-accept";
        UserClearedCall = 0x23, "user-cleared-call";
        TimerContradiction = 0x24, "timer-contradiction";
        CallControlTemporary = 0x25, "call-control-temporary-problem";
        LaunchBrowserError = 0x26, "launch-browser-error";
        MmsTemporary = 0x27, "mms-temporary-problem";
        BeyondCapabilities = 0x30, "beyond-terminal-capabilities";
        TypeNotUnderstood = 0x31, "command-type-not-understood";
        DataNotUnderstood = 0x32, "command-data-not-understood";
        NumberNotKnown = 0x33, "command-number-not-known";
        SsReturnError = 0x34, "ss-return-error";
        SmsRpError = 0x35, "sms-rp-error";
        ValuesMissing = 0x36, "required-values-missing";
        UssdReturnError = 0x37, "ussd-return-error";
        MultipleCardError = 0x38, "multiple-card-error";
        CallControlPermanent = 0x39, "call-control-permanent-problem";
        BipError = 0x3A, "bearer-independent-protocol-error";
        AccessTechnology = 0x3B, "access-technology-error";
        FramesError = 0x3C, "frames-error";
        MmsError = 0x3D, "mms-error";
    }
}

impl GeneralResult {
    /// True for 0x and 1x: the command was performed.
    #[must_use]
    pub const fn is_performed(self) -> bool {
        self.code() < 0x20
    }

    /// What the first octet of additional information means after results 20 (TS 102 223 8.12.2) and 3A (8.12.11).
    #[must_use]
    pub const fn additional_name(self, additional: &[u8]) -> Option<&'static str> {
        let [first, ..] = additional else { return None };
        match self {
            Self::TerminalUnable => terminal_unable_name(*first),
            Self::BipError => bip_error_name(*first),
            _ => None,
        }
    }
}

const fn terminal_unable_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "no specific cause",
        0x01 => "screen is busy",
        0x02 => "busy on call",
        0x03 => "busy on SS transaction",
        0x04 => "no service",
        0x05 => "access class barred",
        0x06 => "radio resource not granted",
        0x07 => "not in speech call",
        0x08 => "busy on USSD transaction",
        0x09 => "busy on SEND DTMF",
        0x0A => "no NAA active",
        _ => return None,
    })
}

// The jump from 09 to 10 (hex) is in the standard: it is not a decimal numbering.
const fn bip_error_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0x00 => "no specific cause",
        0x01 => "no channel available",
        0x02 => "channel closed",
        0x03 => "channel identifier not valid",
        0x04 => "requested buffer size not available",
        0x05 => "security error",
        0x06 => "requested transport level not available",
        0x07 => "remote device not reachable",
        0x08 => "service error",
        0x09 => "service identifier unknown",
        0x10 => "port not available",
        0x11 => "launch parameters missing or incorrect",
        0x12 => "application launch failed",
        _ => return None,
    })
}

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
            .with(Object::Result(result, additional.to_vec()))
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

    /// TERMINAL RESPONSE with this data.
    #[must_use]
    pub fn to_apdu(&self) -> CommandApdu {
        CommandApdu::new(0x80, 0x14, 0x00, 0x00).with_data(self.encode())
    }

    /// Command details, as the terminal repeats them.
    #[must_use]
    pub fn details(&self) -> Option<CommandDetails> {
        self.objects.details()
    }

    /// Type of the command answered.
    #[must_use]
    pub fn command_type(&self) -> Option<crate::command::CommandType> {
        self.details().map(|details| details.command_type)
    }

    /// General result and additional information.
    #[must_use]
    pub fn result(&self) -> Option<(GeneralResult, &[u8])> {
        self.objects.result()
    }

    /// The first object of a kind.
    #[must_use]
    pub fn get(&self, kind: ObjectKind) -> Option<&Object> {
        self.objects.get(kind)
    }

    /// Lines for a log: the command answered, then one line an object.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let name = self.command_type().map_or_else(|| "command".to_owned(), crate::command::CommandType::name);
        let mut lines = vec![format!("terminal response to {name}")];
        lines.extend(self.objects.describe());
        lines
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
    fn results_round_trip() {
        assert_table!(GeneralResult);
    }

    #[test]
    fn open_channel_response_is_built_as_the_standard_writes_it() {
        let response = TerminalResponse::new(DETAILS, GeneralResult::Success, &[])
            .with(Object::ChannelStatus(ChannelStatus::new(1, Link::Listen)))
            .with(Object::BufferSize(1400));
        assert_eq!(to_hex(&response.encode()), "8103014000820282818301003802410039020578");
        assert_eq!(response.describe()[4], "channel_status = channel 1 listen (4100)");
    }

    #[test]
    fn additional_information_has_names() {
        assert_eq!(GeneralResult::BipError.additional_name(&[0x10]), Some("port not available"));
        assert_eq!(GeneralResult::BipError.additional_name(&[0x0A]), None);
        assert_eq!(GeneralResult::TerminalUnable.additional_name(&[4, 9]), Some("no service"));
        assert_eq!(GeneralResult::Success.additional_name(&[0]), None);
        assert!(GeneralResult::Modified.is_performed() && !GeneralResult::TerminalUnable.is_performed());
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
