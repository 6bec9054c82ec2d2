//! The look at a terminal and its DM Client, in the sessions of its first cases: it costs nothing.

use dmsc_bench::session::Signs;
use dmsc_engine::role::Role;
use dmsc_language::dut::Dut;
use dmsc_scr::Verdict;

use super::Wall;

/// How many sessions in a row, from the first on, must show no message of the client that can be read. One of them may
/// be about a client that is right to keep silent.
const SESSIONS: u32 = 3;

/// What the sessions so far have shown.
#[derive(Debug, Default)]
pub(crate) struct ClientLook {
    over: bool,
    sessions: u32,
    came: bool,
    unreadable: Option<String>,
}

impl ClientLook {
    /// The look at a DUT that no session was held with yet.
    pub(crate) fn new(dut: &Dut) -> ClientLook {
        ClientLook { over: dut.role() != Role::Card, ..ClientLook::default() }
    }

    /// Takes note of the session of a case. Says what no case can get past, once that is seen.
    pub(crate) fn note(&mut self, signs: &Signs, verdict: Verdict) -> Option<Wall> {
        self.over |= signs.readable;
        // A case that passed may be about a client that is right to keep silent, or about none.
        if self.over || !signs.asked || verdict == Verdict::Pass {
            return None;
        }
        self.sessions = self.sessions.saturating_add(1);
        self.came |= signs.came;
        self.unreadable = signs.unreadable.clone().or(self.unreadable.take());
        (self.sessions >= SESSIONS).then(|| {
            self.over = true;
            Wall::new(Verdict::Inconclusive, self.told())
        })
    }

    fn told(&self) -> String {
        let so_far = format!("the DM Client was notified in each of {SESSIONS} sessions, and no Package#1 of it");
        match (&self.unreadable, self.came) {
            (Some(why), _) => format!("{so_far} could be read; of the last: {why}"),
            (None, true) => format!("{so_far} could be read: see the logs of these cases"),
            (None, false) => format!(
                "{so_far} came, nor a connection: compare `server_id`, `server_secret`, `server_nonce` and `address` of \
                 the DUT file with the account in the client, and see that it reaches the harness"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(readable: bool, came: bool) -> Signs {
        Signs { asked: true, came, readable, unreadable: came.then(|| "the media type is text/xml".into()) }
    }

    fn fresh() -> ClientLook {
        ClientLook::default()
    }

    #[test]
    fn a_client_that_says_nothing_is_a_wall_after_three_sessions() {
        let mut look = fresh();
        assert_eq!(look.note(&signs(false, false), Verdict::Fail), None);
        assert_eq!(look.note(&Signs::default(), Verdict::Inconclusive), None, "nothing was asked of it");
        assert_eq!(look.note(&signs(false, false), Verdict::Fail), None);
        let wall = look.note(&signs(false, false), Verdict::Fail).unwrap();
        assert_eq!(wall.verdict, Verdict::Inconclusive);
        assert!(wall.reason.contains("nor a connection") && wall.reason.contains("`server_nonce`"), "{}", wall.reason);
        assert_eq!(look.note(&signs(false, false), Verdict::Fail), None, "told once");
    }

    #[test]
    fn messages_that_cannot_be_read_are_told_with_the_reason() {
        let mut look = fresh();
        let mut told = None;
        for _ in 0..3 {
            told = look.note(&signs(false, true), Verdict::Inconclusive);
        }
        let reason = told.unwrap().reason;
        assert!(reason.contains("of the last: the media type is text/xml"), "{reason}");
    }

    #[test]
    fn one_message_that_can_be_read_is_enough_and_a_pass_shows_nothing() {
        let mut look = fresh();
        look.note(&signs(true, true), Verdict::Fail);
        for _ in 0..5 {
            assert_eq!(look.note(&signs(false, false), Verdict::Fail), None);
        }
        let mut look = fresh();
        for verdict in [Verdict::Fail, Verdict::Pass, Verdict::Pass, Verdict::Fail] {
            assert_eq!(look.note(&signs(false, false), verdict), None);
        }
        assert!(look.note(&signs(false, false), Verdict::Fail).is_some());
    }
}
