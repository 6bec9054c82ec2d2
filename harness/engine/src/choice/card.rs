//! Choices of a card towards its terminal (TS 102 223, DM_SC 6 to 8).

use super::table::choices;

choices! {
    /// Choices of a card towards its terminal (TS 102 223, DM_SC 6 to 8).
    Uicc

    /// Where the web server of the card listens.
    (Card; "OMA SCWS, DM_SC 8.1")
    listeners: Listeners = "listeners" {
        /// On its port.
        One = "one",
        /// On its port, then on 4116.
        SecureLast = "secure-last",
        /// On 4116, then on its port.
        SecureFirst = "secure-first",
        /// On its port, and on 4116 until it has a notification to send.
        SecureForAWhile = "secure-for-a-while",
    }

    /// When the card opens its channel, and when it asks for events.
    (Card; "TS 102 223 6.4.16, 6.4.27")
    set_up_order: SetUpOrder = "set-up-order" {
        /// Events first.
        EventsFirst = "events-first",
        /// The channel first.
        ChannelFirst = "channel-first",
    }

    /// Which events the card asks for.
    (Card; "TS 102 223 6.4.16")
    event_list: EventList = "event-list" {
        /// Those that it needs.
        Needed = "needed",
        /// They too, in two commands: a part, then all in another order.
        Twice = "twice",
    }

    /// What else the card asks of the terminal after its start.
    (Card; "TS 102 223 6.4")
    other_commands: OtherCommands = "other-commands" {
        /// Nothing.
        Nothing = "nothing",
        /// POLL INTERVAL, and PROVIDE LOCAL INFORMATION.
        Polling = "polling",
        /// MORE TIME, twice.
        MoreTime = "more-time",
    }

    /// The transport that the card prefers for its notification.
    (Card; "DM_SC 7.1")
    trigger_transport: TriggerTransport = "trigger-transport" {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }

    /// The buffer that the card asks for to send its notification.
    (Card; "TS 102 223 6.4.27")
    trigger_buffer: TriggerBuffer = "trigger-buffer" {
        /// 200 octets, or as many as a longer notification has.
        Usual = "200",
        /// 1500 octets.
        Large = "1500",
        /// As long as the notification.
        Exact = "exact",
    }

    /// The buffer that the card asks for to be a web server.
    (Card; "TS 102 223 6.4.27")
    server_buffer: ServerBuffer = "server-buffer" {
        /// 1400 octets.
        Usual = "1400",
        /// 255 octets.
        Small = "255",
        /// 4096 octets.
        Large = "4096",
    }

    /// How much the card sends and asks for at once.
    (Card; "TS 102 223 6.4.29, 6.4.30")
    portions: Portions = "portions" {
        /// As much as fits.
        Full = "full",
        /// 100 octets.
        Hundred = "100",
        /// Uneven numbers.
        Uneven = "uneven",
    }

    /// When the card has data sent that it gives in several SEND DATA.
    (Card; "TS 102 223 6.4.30")
    flushing: Flushing = "flushing" {
        /// With the last, or when the buffer is full.
        Stored = "stored",
        /// With each.
        Immediate = "immediate",
    }

    /// How often the card sends a notification.
    (Card; "DM_SC 6, 7.1")
    triggers: Triggers = "triggers" {
        /// Each time it is woken.
        Each = "each",
        /// The first time it is woken after power-on.
        Once = "once",
    }

    /// Whether a notification that could not be delivered is sent again later.
    (Card; "TS 102 223 8.12")
    retries: Retries = "retries" {
        /// It is.
        Later = "later",
        /// It is not.
        Never = "never",
    }

    /// When the card that was woken sends its notification.
    (Card; "DM_SC 6, 7.1")
    trigger_time: TriggerTime = "trigger-time" {
        /// At once.
        AtOnce = "at-once",
        /// With the next STATUS.
        NextStatus = "next-status",
    }

    /// Which way a card sends its notification that has both.
    (Card; "DM_SC 7")
    trigger_bearer: TriggerBearer = "trigger-bearer" {
        /// Over a channel, where the terminal offers one.
        Channel = "channel",
        /// In a short message, where the terminal sends them.
        Sms = "sms",
    }

    /// The data coding scheme of a short message with a notification.
    (Card; "DMNOTI 7, TS 23.038 4")
    sms_coding: SmsCoding = "sms-coding" {
        /// F5, 8-bit data of class 1.
        Terminal = "f5",
        /// 04, 8-bit data of no class.
        Unclassed = "04",
    }

    /// What the user is told of a short message.
    (Card; "TS 31.111 6.4.10")
    sms_alpha: SmsAlpha = "sms-alpha" {
        /// Nothing, by an empty alpha identifier.
        Nothing = "nothing",
        /// What the terminal likes, without an alpha identifier.
        Anything = "anything",
        /// A name.
        Name = "name",
    }

    /// The source port of a push.
    (Card; "DMNOTI 7")
    push_source: PushSource = "push-source" {
        /// 9200.
        Usual = "9200",
        /// 49154.
        Dynamic = "49154",
    }

    /// How proactive commands are numbered.
    (Card; "TS 102 223 8.6")
    command_numbers: CommandNumbers = "command-numbers" {
        /// One after the other.
        Ascending = "ascending",
        /// All alike.
        Constant = "constant",
    }

    /// What FETCH for more octets than the command has brings.
    (Card; "TS 102 221 10.2, 11.2.3")
    longer_fetch: LongerFetch = "longer-fetch" {
        /// The right length, as 6Cxx.
        Corrected = "corrected",
        /// The command.
        Command = "command",
    }

    /// In how many SEND DATA the card gives its notification.
    (Card; "DM_SC 7.1 step 2")
    notification_parts: NotificationParts = "notification-parts" {
        /// In as many as the buffer makes necessary.
        Needed = "needed",
        /// In one; where it does not fit the buffer, the channel is closed again.
        One = "one",
    }
}
