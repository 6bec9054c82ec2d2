//! Choices of either side in its DM messages, and of its pace.

use super::table::choices;

choices! {
    /// Choices of either side in its DM messages, and of its pace.
    Dm

    /// By which code missing credentials are asked for; wrong ones always by 401.
    (Terminal, Card; "DMPRO 9.1")
    challenge_code: ChallengeCode = "challenge-code" {
        /// 407.
        Required = "407",
        /// 401.
        Unauthorized = "401",
    }

    /// Which Status elements carry TargetRef and SourceRef.
    (Terminal, Card; "DMREPPRO 6.5.1")
    references: References = "references" {
        /// That of the SyncHdr.
        Header = "header",
        /// That of the SyncHdr, and those of commands with one item.
        All = "all",
        /// None.
        Nothing = "none",
    }

    /// How commands are numbered.
    (Terminal, Card; "DMREPPRO CmdID")
    command_ids: CommandIds = "command-ids" {
        /// 1, 2, 3.
        FromOne = "from-one",
        /// 10, 20, 30.
        Tens = "tens",
        /// Downwards from 900.
        Downwards = "downwards",
    }

    /// How the other side's right credentials are accepted.
    (Terminal, Card; "DMPRO 9")
    accepted: Accepted = "accepted" {
        /// 212: for the session.
        Session = "212",
        /// 200: for this message, with the nonce for the next.
        Message = "200",
    }

    /// Whether 212 comes with a nonce for the next session.
    (Terminal, Card; "DMPRO 9, DMSEC 5.3")
    next_nonce: NextNonce = "next-nonce" {
        /// It does.
        Given = "given",
        /// It does not; the one in force stays.
        Withheld = "withheld",
    }

    /// How long this side takes for everything it sends.
    (Terminal, Card; "TS 102 221 7, DMPRO 8")
    pace: Pace = "pace" {
        /// No time.
        AtOnce = "at-once",
        /// 20 ms.
        Brisk = "20-ms",
        /// 300 ms.
        Slow = "300-ms",
    }
}
