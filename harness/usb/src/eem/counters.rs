//! What an endpoint has seen and done.

/// Counts since the endpoint was made; they stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Transfers that came.
    pub transfers: u64,
    /// Frames that came with the sentinel.
    pub frames_with_sentinel: u64,
    /// Frames that came with a real CRC.
    pub frames_with_crc: u64,
    /// Frames that went.
    pub frames_sent: u64,
    /// Frames that were to go while [`super::FRAMES_WAITING`] transfers waited to be written.
    pub frames_lost: u64,
    /// Fillers that came.
    pub fillers: u64,
    /// Echoes that came and were answered.
    pub echoes_answered: u64,
    /// Echoes that came while [`super::ANSWERS_WAITING`] transfers waited to be written.
    pub echoes_dropped: u64,
    /// Echo Responses that answer the oldest open Echo octet for octet.
    pub echo_responses: u64,
    /// Echo Responses that answer nothing that was asked.
    pub unsolicited_responses: u64,
    /// Hints and tickles that came from the side that may send them.
    pub hints: u64,
    /// Hints from a host, tickles from a peripheral.
    pub misdirected: u64,
    /// Commands with bit 14 set or with a reserved code.
    pub reserved: u64,
    /// Data packets shorter than 18 octets.
    pub runts: u64,
    /// Frames with a wrong CRC or a wrong sentinel.
    pub wrong_checks: u64,
    /// Packets cut short by the end of their transfer, a lone octet included.
    pub cut_short: u64,
}

impl Counters {
    /// Everything a correct peer never causes.
    pub fn errors(&self) -> u64 {
        [self.unsolicited_responses, self.misdirected, self.reserved, self.runts, self.wrong_checks, self.cut_short]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// What a correct peer never causes and has happened since `before`, in words; none where nothing has.
    #[must_use]
    pub fn wrong_since(&self, before: &Counters) -> Option<String> {
        let kinds = [
            (self.cut_short, before.cut_short, "packets cut short"),
            (self.wrong_checks, before.wrong_checks, "frames with a wrong check"),
            (self.runts, before.runts, "frames too short for Ethernet"),
            (self.reserved, before.reserved, "commands that are reserved"),
            (self.misdirected, before.misdirected, "hints and tickles from the wrong side"),
            (self.unsolicited_responses, before.unsolicited_responses, "Echo Responses to nothing"),
            (self.echoes_dropped, before.echoes_dropped, "Echoes whose answers were not read"),
            (self.frames_lost, before.frames_lost, "frames to it that were not read"),
        ];
        let told: Vec<String> = kinds
            .into_iter()
            .map(|(now, before, what)| (now.saturating_sub(before), what))
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}
