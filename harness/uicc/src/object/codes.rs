//! Code tables of the data objects and of what carries them: types of command, envelopes, events, results.

code_table! {
    /// Types of proactive command (TS 102 223 9.4). The names are those of the commands in cases.
    CommandType, "command" {
        Refresh = 0x01, "refresh";
        MoreTime = 0x02, "more-time";
        PollInterval = 0x03, "poll-interval";
        PollingOff = 0x04, "polling-off";
        SetUpEventList = 0x05, "set-up-event-list";
        SetUpCall = 0x10, "set-up-call";
        SendSs = 0x11, "send-ss";
        SendUssd = 0x12, "send-ussd";
        SendShortMessage = 0x13, "send-short-message";
        SendDtmf = 0x14, "send-dtmf";
        LaunchBrowser = 0x15, "launch-browser";
        GeographicalLocationRequest = 0x16, "geographical-location-request";
        PlayTone = 0x20, "play-tone";
        DisplayText = 0x21, "display-text";
        GetInkey = 0x22, "get-inkey";
        GetInput = 0x23, "get-input";
        SelectItem = 0x24, "select-item";
        SetUpMenu = 0x25, "set-up-menu";
        ProvideLocalInformation = 0x26, "provide-local-information";
        TimerManagement = 0x27, "timer-management";
        SetUpIdleModeText = 0x28, "set-up-idle-mode-text";
        RunAtCommand = 0x34, "run-at-command";
        LanguageNotification = 0x35, "language-notification";
        OpenChannel = 0x40, "open-channel";
        CloseChannel = 0x41, "close-channel";
        ReceiveData = 0x42, "receive-data";
        SendData = 0x43, "send-data";
        GetChannelStatus = 0x44, "get-channel-status";
        ServiceSearch = 0x45, "service-search";
        GetServiceInformation = 0x46, "get-service-information";
        DeclareService = 0x47, "declare-service";
        SetFrames = 0x50, "set-frames";
        GetFramesStatus = 0x51, "get-frames-status";
    }
}

code_table! {
    /// BER tags of envelopes (TS 102 223 9.1).
    EnvelopeTag, "tag" {
        SmsPpDownload = 0xD1, "sms-pp-download";
        CellBroadcastDownload = 0xD2, "cell-broadcast-download";
        MenuSelection = 0xD3, "menu-selection";
        CallControl = 0xD4, "call-control";
        MoShortMessageControl = 0xD5, "mo-short-message-control";
        EventDownload = 0xD6, "event-download";
        TimerExpiration = 0xD7, "timer-expiration";
        UssdDownload = 0xD9, "ussd-download";
        MmsTransferStatus = 0xDA, "mms-transfer-status";
        MmsNotification = 0xDB, "mms-notification-download";
        TerminalApplications = 0xDC, "terminal-applications";
        GeographicalLocation = 0xDD, "geographical-location-reporting";
        EnvelopeContainer = 0xDE, "envelope-container";
        ProseReport = 0xDF, "prose-report";
    }
}

code_table! {
    /// Events of the event list (TS 102 223 8.25).
    Event, "event" {
        MtCall = 0x00, "mt-call";
        CallConnected = 0x01, "call-connected";
        CallDisconnected = 0x02, "call-disconnected";
        LocationStatus = 0x03, "location-status";
        UserActivity = 0x04, "user-activity";
        IdleScreenAvailable = 0x05, "idle-screen-available";
        CardReaderStatus = 0x06, "card-reader-status";
        LanguageSelection = 0x07, "language-selection";
        BrowserTermination = 0x08, "browser-termination";
        DataAvailable = 0x09, "data-available";
        ChannelStatus = 0x0A, "channel-status";
        AccessTechnologyChange = 0x0B, "access-technology-change";
        DisplayParametersChanged = 0x0C, "display-parameters-changed";
        LocalConnection = 0x0D, "local-connection";
        NetworkSearchModeChange = 0x0E, "network-search-mode-change";
        BrowsingStatus = 0x0F, "browsing-status";
        FramesInformationChange = 0x10, "frames-information-change";
        WlanAccessStatus = 0x11, "wlan-access-status";
        NetworkRejection = 0x12, "network-rejection";
        HciConnectivity = 0x13, "hci-connectivity";
        AccessTechnologyChangeMultiple = 0x14, "access-technology-change-multiple";
        CsgCellSelection = 0x15, "csg-cell-selection";
        ContactlessStateRequest = 0x16, "contactless-state-request";
        ImsRegistration = 0x17, "ims-registration";
        ImsIncomingData = 0x18, "ims-incoming-data";
        ProfileContainer = 0x19, "profile-container";
        SecuredProfileContainer = 0x1B, "secured-profile-container";
        PollIntervalNegotiation = 0x1C, "poll-interval-negotiation";
        DataConnectionStatus = 0x1D, "data-connection-status";
    }
}

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_round_trip() {
        assert_table!(CommandType);
        assert_table!(EnvelopeTag);
        assert_table!(Event);
        assert_table!(GeneralResult);
        assert!(GeneralResult::Modified.is_performed() && !GeneralResult::TerminalUnable.is_performed());
    }
}
