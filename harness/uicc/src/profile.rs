//! TERMINAL PROFILE (TS 102 223 5.2): what the terminal can do, one bit a facility.

macro_rules! facilities {
    ($( $variant:ident = $byte:literal, $mask:literal, $class:expr, $name:literal; )*) => {
        /// The facilities that DM_SC and its wake-up scenarios rest on. Class letters are those of TS 102 223 annex A.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Facility {
            $(
                #[doc = concat!("`", $name, "`, byte ", stringify!($byte), ", mask ", stringify!($mask), ".")]
                $variant,
            )*
        }

        impl Facility {
            /// Every facility, in the order of bytes and bits.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// Byte number, from 1 as the standard counts.
            #[must_use]
            pub const fn byte(self) -> usize {
                match self { $( Self::$variant => $byte, )* }
            }

            /// Mask of its bit.
            #[must_use]
            pub const fn mask(self) -> u8 {
                match self { $( Self::$variant => $mask, )* }
            }

            /// Letter class, if the facility belongs to one.
            #[must_use]
            pub const fn class(self) -> Option<&'static str> {
                match self { $( Self::$variant => $class, )* }
            }

            /// Kebab-case name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }
        }
    };
}

facilities! {
    ProfileDownload = 1, 0x01, None, "profile-download";
    SmsPpDownload = 1, 0x02, None, "sms-pp-download";
    MenuSelection = 1, 0x08, None, "menu-selection";
    SmsPpDownloadSupported = 1, 0x10, None, "sms-pp-download-supported";
    TimerExpiration = 1, 0x20, None, "timer-expiration";
    CallControl = 1, 0x80, None, "call-control";
    CommandResult = 2, 0x01, None, "command-result";
    CallControlCall = 2, 0x02, None, "call-control-2-2";
    CallControlCellIdentity = 2, 0x04, None, "call-control-2-3";
    MoShortMessageControl = 2, 0x08, None, "mo-short-message-control";
    CallControlAlphaIdentifier = 2, 0x10, None, "call-control-2-5";
    MoreTime = 3, 0x08, None, "more-time";
    PollInterval = 3, 0x20, None, "poll-interval";
    PollingOff = 3, 0x40, None, "polling-off";
    Refresh = 3, 0x80, None, "refresh";
    SendShortMessage = 4, 0x02, None, "send-short-message";
    ProvideLocalInformation = 4, 0x40, None, "provide-local-information";
    SetUpEventList = 5, 0x01, None, "set-up-event-list";
    EventLocationStatus = 5, 0x10, None, "event-location-status";
    EventDataAvailable = 6, 0x04, Some("e"), "event-data-available";
    EventChannelStatus = 6, 0x08, Some("e"), "event-channel-status";
    EventLocalConnection = 6, 0x40, None, "event-local-connection";
    TimerStartStop = 8, 0x01, None, "timer-management-start-stop";
    TimerGet = 8, 0x02, None, "timer-management-get";
    CallControlProactive = 8, 0x80, None, "call-control-8-8";
    LaunchBrowser = 9, 0x40, Some("ab"), "launch-browser";
    OpenChannel = 12, 0x01, Some("e"), "open-channel";
    CloseChannel = 12, 0x02, Some("e"), "close-channel";
    ReceiveData = 12, 0x04, Some("e"), "receive-data";
    SendData = 12, 0x08, Some("e"), "send-data";
    GetChannelStatus = 12, 0x10, Some("e"), "get-channel-status";
    ServiceSearch = 12, 0x20, Some("f"), "service-search";
    GetServiceInformation = 12, 0x40, Some("f"), "get-service-information";
    DeclareService = 12, 0x80, Some("f"), "declare-service";
    BearerCsd = 13, 0x01, Some("e"), "bearer-csd";
    BearerGprs = 13, 0x02, Some("e"), "bearer-gprs";
    BearerBluetooth = 13, 0x04, Some("f"), "bearer-bluetooth";
    BearerIrda = 13, 0x08, Some("f"), "bearer-irda";
    BearerRs232 = 13, 0x10, Some("f"), "bearer-rs232";
    NoDisplay = 14, 0x20, Some("ND"), "no-display";
    NoKeypad = 14, 0x40, Some("NK"), "no-keypad";
    TcpClientRemote = 17, 0x01, Some("e"), "tcp-client-remote";
    UdpClientRemote = 17, 0x02, Some("e"), "udp-client-remote";
    TcpUiccServer = 17, 0x04, Some("e"), "tcp-uicc-server";
    TcpClientLocal = 17, 0x08, Some("k"), "tcp-client-local";
    UdpClientLocal = 17, 0x10, Some("k"), "udp-client-local";
    DirectChannel = 17, 0x20, Some("k"), "direct";
    BearerEutran = 17, 0x40, Some("e"), "bearer-eutran";
    BearerHsdpa = 17, 0x80, Some("e"), "bearer-hsdpa";
    BearerUsb = 18, 0x04, Some("e"), "bearer-usb";
    CallControlGprs = 18, 0x20, None, "call-control-on-gprs";
    SendCdmaSms = 20, 0x01, None, "send-cdma-sms";
    TerminalApplications = 30, 0x04, Some("k"), "terminal-applications";
    ConfirmationParameters = 31, 0x04, Some("k"), "terminal-server-confirmation-parameters";
    LaunchParameters = 32, 0x08, Some("k"), "terminal-server-launch-parameters";
    DirectChannelTerminalServer = 32, 0x10, Some("k"), "terminal-server-direct-channel";
    PollIntervalNegotiation = 33, 0x04, Some("ad"), "event-poll-interval-negotiation";
}

impl Facility {
    /// The facility with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|facility| facility.name() == name)
    }
}

/// The data of TERMINAL PROFILE, any length: bytes that are not there count as 00.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TerminalProfile(pub Vec<u8>);

impl TerminalProfile {
    /// The smallest profile that suffices for DM_SC: class e, class k, SMS, timers, events, two channels; 30 octets.
    #[must_use]
    pub fn minimal_dm_sc() -> Self {
        let mut octets = vec![0xB3, 0x17, 0xE9, 0x42, 0x11, 0x0C, 0x00, 0x87, 0x00, 0x00, 0x00, 0x1F, 0x42];
        octets.extend_from_slice(&[0x00, 0x00, 0x00, 0x1F]);
        octets.resize(30, 0x00);
        let mut profile = Self(octets);
        profile.set(Facility::TerminalApplications);
        profile
    }

    /// True if the bit of the facility is set.
    #[must_use]
    pub fn has(&self, facility: Facility) -> bool {
        self.byte(facility.byte()) & facility.mask() != 0
    }

    /// Sets the bit, lengthening the profile as needed.
    pub fn set(&mut self, facility: Facility) {
        if self.0.len() < facility.byte() {
            self.0.resize(facility.byte(), 0x00);
        }
        if let Some(byte) = self.0.get_mut(facility.byte() - 1) {
            *byte |= facility.mask();
        }
    }

    /// Clears the bit; the length stays.
    pub fn clear(&mut self, facility: Facility) {
        if let Some(byte) = self.0.get_mut(facility.byte() - 1) {
            *byte &= !facility.mask();
        }
    }

    /// Channels supported, 0 to 7 (byte 13, b8 to b6).
    #[must_use]
    pub fn channels(&self) -> u8 {
        self.byte(13) >> 5
    }

    /// The facilities whose bits are set.
    pub fn facilities(&self) -> impl Iterator<Item = Facility> {
        Facility::ALL.iter().copied().filter(|facility| self.has(*facility))
    }

    /// Byte `number`, from 1; 00 if the profile is shorter.
    #[must_use]
    pub fn byte(&self, number: usize) -> u8 {
        number.checked_sub(1).and_then(|at| self.0.get(at)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::to_hex;
    use proptest::prelude::*;

    #[test]
    fn minimal_profile() {
        let profile = TerminalProfile::minimal_dm_sc();
        assert_eq!(to_hex(&profile.0), "B317E942110C00870000001F420000001F00000000000000000000000004");
        assert_eq!(profile.channels(), 2);
        for needed in [
            Facility::ProfileDownload,
            Facility::SendShortMessage,
            Facility::SetUpEventList,
            Facility::EventDataAvailable,
            Facility::EventChannelStatus,
            Facility::OpenChannel,
            Facility::GetChannelStatus,
            Facility::TcpUiccServer,
            Facility::TcpClientLocal,
            Facility::UdpClientLocal,
            Facility::TerminalApplications,
        ] {
            assert!(profile.has(needed), "{}", needed.name());
        }
        assert!(!profile.has(Facility::DirectChannel) && !profile.has(Facility::ConfirmationParameters));
    }

    #[test]
    fn facilities_are_distinct_bits_with_distinct_names() {
        let bits: std::collections::HashSet<_> = Facility::ALL.iter().map(|f| (f.byte(), f.mask())).collect();
        let names: std::collections::HashSet<_> = Facility::ALL.iter().map(|f| f.name()).collect();
        assert_eq!((bits.len(), names.len()), (Facility::ALL.len(), Facility::ALL.len()));
        assert!(Facility::ALL.iter().all(|f| f.mask().is_power_of_two() && f.byte() > 0));
        // Byte 17 lists TCP before UDP, the protocol types UDP before TCP.
        assert!(Facility::TcpClientLocal.mask() < Facility::UdpClientLocal.mask());
        assert_eq!(Facility::from_name("direct"), Some(Facility::DirectChannel));
    }

    #[test]
    fn short_profiles_grow() {
        let mut profile = TerminalProfile::default();
        assert!(!profile.has(Facility::TerminalApplications) && profile.channels() == 0);
        profile.set(Facility::LaunchParameters);
        assert_eq!((profile.0.len(), profile.byte(32)), (32, 0x08));
    }

    proptest! {
        #[test]
        fn set_and_clear(octets: Vec<u8>, at in 0..Facility::ALL.len()) {
            let facility = Facility::ALL[at];
            let mut profile = TerminalProfile(octets);
            profile.set(facility);
            prop_assert!(profile.has(facility));
            profile.clear(facility);
            prop_assert!(!profile.has(facility));
        }
    }
}
