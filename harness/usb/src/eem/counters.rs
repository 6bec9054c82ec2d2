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
}
