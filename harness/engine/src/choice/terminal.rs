//! Choices of a terminal towards its card (TS 102 221, TS 102 223, DM_SC 7.1).

use super::table::choices;

choices! {
    /// Choices of a terminal towards its card (TS 102 221, TS 102 223, DM_SC 7.1).
    Handset

    /// Which channels GET CHANNEL STATUS tells of.
    (Terminal; "TS 102 223 6.8, 8.56")
    channel_list: ChannelList = "channel-list" {
        /// Those that are open.
        Open = "open",
        /// Those that are open, or channel 0 when none is.
        OrNothing = "or-channel-0",
        /// All that the terminal has.
        All = "all",
    }

    /// The result of a command that was performed.
    (Terminal; "TS 102 223 8.12")
    performed: Performed = "performed" {
        /// 00.
        Successfully = "00",
        /// 01 for OPEN CHANNEL: performed with partial comprehension.
        PartialComprehension = "01",
        /// 02 for OPEN CHANNEL: performed with missing information.
        MissingInformation = "02",
    }

    /// The cause of a bearer independent protocol error, where there is a fitting one.
    (Terminal; "TS 102 223 8.12.11")
    bip_cause: BipCause = "bip-cause" {
        /// The fitting one.
        Fitting = "fitting",
        /// No specific cause.
        Unspecific = "unspecific",
    }

    /// The order in which the card is told of a client and of its data, that come at once.
    (Terminal; "TS 102 223 7.5.10, 7.5.11")
    event_order: EventOrder = "event-order" {
        /// The client first.
        StatusFirst = "status-first",
        /// The data first.
        DataFirst = "data-first",
    }

    /// How often the terminal sends STATUS while idle.
    (Terminal; "TS 102 221 14.5.2")
    polling: Polling = "polling" {
        /// Every 30 s.
        Usual = "30-s",
        /// Every 5 s.
        Often = "5-s",
        /// Every 25 s, whatever the card asks for.
        Own = "25-s",
    }

    /// Whether the terminal has timers.
    (Terminal; "TS 102 223 5.2, DM_SC 6")
    timers: Timers = "timers" {
        /// It has eight.
        Eight = "eight",
        /// It has none.
        Nothing = "none",
    }

    /// The transports to terminal applications.
    (Terminal; "DM_SC 7.1, TS 102 223 5.2")
    transports: Transports = "transports" {
        /// TCP and UDP.
        TcpUdp = "tcp-udp",
        /// TCP alone.
        Tcp = "tcp",
        /// TCP, UDP and the direct channel.
        All = "all",
    }

    /// How many channels the terminal has.
    (Terminal; "TS 102 223 5.2")
    channels: Channels = "channels" {
        /// Two.
        Two = "2",
        /// Three.
        Three = "3",
        /// Seven.
        Seven = "7",
    }

    /// Whether calls are put before the card.
    (Terminal; "TS 102 223 5.2, DM_SC 6")
    call_control: CallControl = "call-control" {
        /// They are.
        Offered = "offered",
        /// They are not.
        NotOffered = "not-offered",
    }

    /// Whether the card can ask for the location status.
    (Terminal; "TS 102 223 5.2, DM_SC 6")
    location: Location = "location" {
        /// It can.
        Offered = "offered",
        /// It cannot.
        NotOffered = "not-offered",
    }

    /// Whether the terminal has REFRESH.
    (Terminal; "TS 102 223 5.2")
    refresh: Refresh = "refresh" {
        /// It has.
        Offered = "offered",
        /// It has not.
        NotOffered = "not-offered",
    }

    /// Whether the terminal has MORE TIME and PROVIDE LOCAL INFORMATION.
    (Terminal; "TS 102 223 5.2")
    more_facilities: MoreFacilities = "more-facilities" {
        /// It has.
        Offered = "offered",
        /// It has not.
        NotOffered = "not-offered",
    }

    /// Whether the card is asked before short messages are sent.
    (Terminal; "TS 31.111 7.3.2, TS 102 223 5.2")
    sms_control: SmsControl = "sms-control" {
        /// It can be.
        Offered = "offered",
        /// It cannot.
        NotOffered = "not-offered",
    }

    /// Whether the card can have messages of CDMA sent.
    (Terminal; "DM_SC 7.2, TS 102 223 5.2")
    cdma_messages: CdmaMessages = "cdma-messages" {
        /// It can.
        Offered = "offered",
        /// It cannot.
        NotOffered = "not-offered",
    }

    /// The reference of a short message that the card has sent.
    (Terminal; "TS 31.111 6.4.10")
    message_reference: MessageReference = "message-reference" {
        /// The next of the terminal's own.
        Own = "own",
        /// That of the card.
        Kept = "kept",
    }

    /// Which codings of content type and application id are taken in a push.
    (Terminal; "DMNOTI 7")
    push_coding: PushCoding = "push-coding" {
        /// Numbers and text.
        Any = "any",
        /// Numbers, as a notification has to have them.
        NumbersOnly = "numbers-only",
    }

    /// The length of the terminal profile.
    (Terminal; "TS 102 223 5.2")
    profile_length: ProfileLength = "profile-length" {
        /// 30 octets.
        Short = "30",
        /// 40 octets, with facilities of which DM_SC does not speak.
        Long = "40",
    }

    /// The port of the DM Client.
    (Terminal; "DM_SC 7.1")
    client_port: ClientPort = "client-port" {
        /// 0xC000.
        Dynamic = "49152",
        /// 2948, the one registered for push.
        Push = "2948",
        /// 65534.
        High = "65534",
    }

    /// The name of the DM Client among the applications.
    (Terminal; "TS 102 223 8.91")
    client_name: ClientName = "client-name" {
        /// In the GSM alphabet.
        Gsm = "gsm",
        /// In UCS2.
        Ucs2 = "ucs2",
        /// A long one.
        Long = "long",
    }

    /// The applications that the terminal announces.
    (Terminal; "TS 102 223 7.8, DM_SC 7.1")
    applications: Applications = "applications" {
        /// The DM Client.
        DmClient = "dm-client",
        /// Others before it.
        Last = "last",
        /// Others after it.
        First = "first",
    }

    /// In how many envelopes they are announced.
    (Terminal; "TS 102 223 7.8")
    announcement: Announcement = "announcement" {
        /// In one.
        One = "one",
        /// In one for each application.
        Each = "each",
        /// In one, which is not marked as the last.
        Unmarked = "unmarked",
    }

    /// The port of a DM Client that was stopped and has been started again.
    (Terminal; "DM_SC 7.1 step 1")
    restarted_port: RestartedPort = "restarted-port" {
        /// The one that it had.
        Kept = "kept",
        /// Another, which is announced.
        Another = "another",
    }

    /// What becomes of a notification while the user is on a call.
    (Terminal; "TS 102 223 8.12.2")
    on_call: OnCall = "on-call" {
        /// The DM Client gets it.
        Taken = "taken",
        /// It is refused with result 20 and the cause "busy on call".
        Refused = "refused",
    }

    /// Whether the user is asked where a notification wants that.
    (Terminal; "DMNOTI 6")
    user_asked: UserAsked = "user-asked" {
        /// The user is.
        Asked = "asked",
        /// The session starts by itself.
        Never = "never",
    }

    /// What else the terminal does with the card meanwhile.
    (Terminal; "TS 102 221 14")
    meanwhile: Meanwhile = "meanwhile" {
        /// Nothing.
        Nothing = "nothing",
        /// STATUS after each answer.
        Status = "status",
        /// It reads a file after each answer.
        Reads = "reads",
    }

    /// How large a buffer the terminal grants.
    (Terminal; "TS 102 223 6.4.27")
    buffer: Buffer = "buffer" {
        /// What is asked for, up to 1400 octets.
        Usual = "1400",
        /// Up to 500 octets.
        Small = "500",
        /// Up to 60000 octets.
        Large = "60000",
    }

    /// In what pieces data from the client reach the card.
    (Terminal; "TS 102 223 7.5.10")
    arrival: Arrival = "arrival" {
        /// As a whole.
        Whole = "whole",
        /// In pieces of 200 octets.
        Pieces = "pieces",
        /// In uneven pieces.
        Uneven = "uneven",
    }

    /// What the terminal takes for a notification that comes over TCP.
    (Terminal; "DM_SC 7.1 step 2")
    notification_data: NotificationData = "notification-data" {
        /// What one or more SEND DATA have brought, put together.
        Joined = "joined",
        /// The data of one SEND DATA.
        One = "one",
    }

    /// What becomes of data for a channel in UICC Server Mode that no client is connected to.
    (Terminal; "TS 102 223 6.4.30, 8.12.11")
    unheard_data: UnheardData = "unheard-data" {
        /// They are refused.
        Refused = "refused",
        /// They are taken, and reach nobody.
        Dropped = "dropped",
    }

    /// What becomes of data that the buffer of a channel has no room for.
    (Terminal; "TS 102 223 6.4.30, 8.12.11")
    full_buffer: FullBuffer = "full-buffer" {
        /// They are refused.
        Refuses = "refuses",
        /// What is in the buffer is sent to make room.
        Sends = "sends",
    }

    /// What becomes of a client that connects while another one has the channel.
    (Terminal; "TS 102 223 6.4.27")
    second_client: SecondClient = "second-client" {
        /// It waits.
        Waits = "waits",
        /// It is refused.
        Refused = "refused",
    }

    /// How the terminal gets to the files of a smart card bootstrap.
    (Terminal; "ProvSC, PKCS#15")
    bootstrap_selection: BootstrapSelection = "bootstrap-selection" {
        /// By their paths from the MF.
        Path = "path",
        /// It selects the application, and in it by file identifier.
        Application = "application",
    }

    /// In what parts the terminal reads a smart card bootstrap.
    (Terminal; "TS 102 221 11.2.3")
    bootstrap_parts: BootstrapParts = "bootstrap-parts" {
        /// Of 256 octets.
        Large = "256",
        /// Of 16 octets.
        Small = "16",
    }

    /// What the terminal reads of a smart card bootstrap.
    (Terminal; "ProvSC, PKCS#15")
    bootstrap_files: BootstrapFiles = "bootstrap-files" {
        /// What leads to the documents.
        Needed = "needed",
        /// EF.TokenInfo before what leads to the documents.
        TokenFirst = "token-first",
    }

    /// When the terminal reads a smart card bootstrap.
    (Terminal; "ProvSC")
    bootstrap_time: BootstrapTime = "bootstrap-time" {
        /// Before it selects the USIM.
        First = "first",
        /// When the card has taken the terminal profile and has no command for it.
        Idle = "idle",
    }

    /// Whether the terminal looks at PIN1 before it presents the one that its user has given.
    (Terminal; "TS 102 221 11.1.9")
    card_pin: CardPin = "card-pin" {
        /// It presents it at once.
        AtOnce = "at-once",
        /// It asks for the tries that are left first.
        TriesFirst = "tries-first",
    }

    /// Whether the user is asked before the account of a push is taken in.
    (Terminal; "DMBOOT")
    bootstrap_consent: BootstrapConsent = "bootstrap-consent" {
        /// The account is taken in at once.
        Never = "never",
        /// The user has to agree.
        Asked = "asked",
    }

    /// What the DM Client does once it has an account from a push.
    (Terminal; "DMBOOT")
    after_bootstrap: AfterBootstrap = "after-bootstrap" {
        /// It waits for its server.
        Waits = "waits",
        /// It begins a session with its server.
        Session = "session",
    }

    /// What becomes of a push when the user gives another PIN than its MAC is made with.
    (Terminal; "ProvBoot")
    wrong_user_pin: WrongUserPin = "wrong-user-pin" {
        /// The user is asked again, three times in all.
        AskedAgain = "asked-again",
        /// It is given up.
        GivenUp = "given-up",
    }

    /// Whether clients of the terminal reach the card by the loopback address of IPv6.
    (Terminal; "DM_SC 8.1 table 2")
    loopback: Loopback = "loopback" {
        /// They do.
        Both = "ipv4-ipv6",
        /// They do not.
        Ipv4 = "ipv4",
    }
}
