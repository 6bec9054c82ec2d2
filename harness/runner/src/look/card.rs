//! The look at a card: powered, started, told what the terminal offers, and polled.

use std::time::Duration;

use dmsc_bench::rig::{Rig, RigError};
use dmsc_bench::session::{Broken, Session};
use dmsc_engine::event::{Actor, Event};
use dmsc_engine::messages::What;
use dmsc_engine::patch::Change;
use dmsc_engine::player::Reply;
use dmsc_language::dut::{Dut, WakeUp};
use dmsc_link::{LinkError, Time};
use dmsc_scr::Verdict;
use dmsc_uicc::fs::ServiceTable;
use dmsc_uicc::status::StatusWord;
use serde_json::Value;

use super::{Looked, Wall};
use crate::rest::{END, QUIET};

/// How long a card that is started may take to ask for something, from power-on, on the link's clock.
const LOOK: Duration = Duration::from_secs(8);

/// How many events are looked at after the end.
const LAST_EVENTS: u32 = 4;

/// How long the start-up is watched. A card that takes longer, yet answers, is slow and no more.
const START: Duration = Duration::from_secs(12);

/// How long an idle card is left alone before it is polled again, and how often it is polled.
const PAUSE: Duration = Duration::from_secs(1);
const POLLS: u32 = 4;

/// How often a look is begun again after its link was lost.
const REPEATS: usize = 3;

/// How many commands without an answer are named.
const MOST_SILENCES: usize = 2;

/// Commands by their names in TS 102 223.
const PROFILE: &str = "TERMINAL PROFILE";
const APPLICATIONS: &str = "ENVELOPE (TERMINAL APPLICATIONS)";

/// Announces applications (TS 31.102 4.2.8, service 77).
const ANNOUNCEMENT: u8 = 77;

pub(super) fn look(rig: &mut Rig<'_>) -> Looked {
    for _ in 0..REPEATS {
        let mut session = match rig.open_idle() {
            Ok(session) => session,
            Err(RigError::Link(LinkError::Gone { .. })) => {
                if rig.recover().is_err() {
                    break;
                }
                continue;
            }
            // Whatever it is, the first case meets it again and tells of it.
            Err(_) => break,
        };
        let mut seen = Seen::default();
        let ended = seen.watch(&mut session, rig.dut);
        let lost = matches!(&ended, Err(Broken::Link(LinkError::Gone { .. })));
        let told = session.last_words().told;
        let orderly = ended.is_ok() && rig.needs_end() && session.finish(QUIET, END);
        rig.judge_nonces(&session, false, orderly);
        // That the nonces cannot be kept is told by the first case.
        let _ = rig.close(session, lost);
        match ended {
            Ok(()) => return seen.looked(rig.dut),
            Err(Broken::GivenUp(why)) => {
                let wall = Some(Wall::new(Verdict::Inconclusive, format!("{why}; before that, {}", seen.so_far())));
                return Looked { wall, oddities: Vec::new() };
            }
            Err(error @ Broken::Lifeless(_)) | Err(error @ Broken::Link(LinkError::Reader { .. })) => {
                // What the link knows of it says more than that nothing came.
                let reason = std::iter::once(error.to_string()).chain(told).collect::<Vec<_>>().join("; ");
                return Looked { wall: Some(Wall::new(Verdict::Error, reason)), oddities: Vec::new() };
            }
            Err(_) if lost && rig.recover().is_ok() => {}
            Err(_) => break,
        }
    }
    Looked::default()
}

/// What the card has shown.
#[derive(Debug, Default)]
struct Seen {
    /// What is wrong with the answer to reset.
    atr: Option<String>,
    /// The command whose answer is next, and its kind.
    command: Vec<u8>,
    asked: String,
    /// Whether it is still to be answered.
    waits: bool,
    /// Commands that went without an answer, and why.
    silences: Vec<String>,
    master_file: Option<StatusWord>,
    /// The answer to the SELECT of EF.UST, or that to the READ BINARY after it.
    ust: Option<(StatusWord, Vec<u8>)>,
    ust_selected: bool,
    profile: Option<StatusWord>,
    announcement: Option<StatusWord>,
    polls: u32,
    /// Proactive commands that could be read.
    commands: u32,
    /// What is wrong with the first that could not.
    unreadable: Option<String>,
    /// How long it took.
    took: Duration,
}

impl Seen {
    /// Serves the card until it is clear that its toolkit works, or that it does not.
    fn watch(&mut self, session: &mut Session, dut: &Dut) -> Result<(), Broken> {
        let (look, start) = (session.window(LOOK), session.window(START));
        // Over some links an exchange lasts beyond the end, and what came of it is to be seen.
        let mut more = LAST_EVENTS;
        while more > 0 {
            let end = if self.profile.is_some() { look } else { start };
            let over = session.now() >= end;
            more = more.saturating_sub(u32::from(over));
            let until = if over { session.now() } else { session.window(PAUSE).min(end) };
            match session.next(until)? {
                Some(event) => {
                    self.note(&event);
                    if event.wants_answer {
                        session.answer(&Reply::Default)?;
                    }
                }
                None if self.profile.is_some() && self.polls < POLLS => {
                    self.polls = self.polls.saturating_add(1);
                    session.perform(What::Apdu(Some(0xF2)), &Change::default())?;
                }
                None if self.profile.is_some() || over => break,
                None => {}
            }
            self.took = session.now().since(Time::ZERO);
            let clear =
                |profile: StatusWord| !profile.is_success() || self.commands > 0 || over || self.is_left_asleep(dut);
            if self.profile.is_some_and(clear) {
                break;
            }
        }
        Ok(())
    }

    /// That the command which was sent last has no answer.
    fn unanswered(&self) -> String {
        let asked = match self.asked.as_str() {
            "terminal-profile" => PROFILE,
            "envelope.terminal-applications" => APPLICATIONS,
            other => other,
        };
        format!("{asked} got no answer")
    }

    fn note(&mut self, event: &Event) {
        let text = |field: &str| event.fields.get(field).and_then(Value::as_str);
        self.waits &= event.from != Actor::Card;
        match (event.from, event.kind.as_ref()) {
            (Actor::Card, "atr") => self.atr = text("malformed").map(str::to_owned),
            (Actor::Terminal, "silence") => {
                let why = text("what").and_then(|what| what.split_once(": ")).map(|(_, why)| format!(" ({why})"));
                if self.silences.len() < MOST_SILENCES {
                    self.silences.push(self.unanswered() + &why.unwrap_or_default());
                }
                self.waits = false;
            }
            (Actor::Terminal, kind) => {
                self.command = event.octets.clone();
                kind.clone_into(&mut self.asked);
                self.waits = !event.octets.is_empty();
            }
            (Actor::Card, "response") => {
                let sw = event.fields.get("sw").and_then(Value::as_u64).and_then(|sw| u16::try_from(sw).ok());
                let Some(sw) = sw.map(StatusWord) else { return };
                let data = text("data").and_then(|data| dmsc_octets::from_hex(data).ok()).unwrap_or_default();
                self.answered(text("to").unwrap_or_default(), sw, data);
            }
            (Actor::Card, _) if event.wants_answer => match text("malformed") {
                Some(why) => {
                    self.unreadable.get_or_insert_with(|| why.to_owned());
                }
                None => self.commands = self.commands.saturating_add(1),
            },
            _ => {}
        }
    }

    fn answered(&mut self, to: &str, sw: StatusWord, data: Vec<u8>) {
        let selects = |path: &[u8]| {
            self.command.get(1) == Some(&0xA4) && self.command.get(5..).is_some_and(|sent| sent.starts_with(path))
        };
        if selects(&[0x3F, 0x00]) {
            self.master_file = Some(sw);
        }
        if selects(&[0x7F, 0xFF, 0x6F, 0x38]) {
            self.ust_selected = sw.is_success();
            self.ust = Some((sw, Vec::new()));
        } else if std::mem::take(&mut self.ust_selected) {
            self.ust = Some((sw, data));
        }
        match to {
            "terminal-profile" => self.profile = Some(sw),
            "envelope.terminal-applications" => self.announcement = Some(sw),
            _ => {}
        }
    }

    /// Whether EF.UST has the service; `None` where it could not be read.
    fn announces(&self) -> Option<bool> {
        let (sw, data) = self.ust.as_ref()?;
        (sw.is_success() && !data.is_empty()).then(|| ServiceTable(data.clone()).has(ANNOUNCEMENT))
    }

    fn looked(&self, dut: &Dut) -> Looked {
        let oddities = self.atr.iter().map(|why| format!("its answer to reset is not one of ISO/IEC 7816-3: {why}"));
        let oddities = oddities.chain(
            self.master_file.filter(|sw| !sw.is_success()).map(|sw| format!("it answers SELECT MF with {:04X}", sw.0)),
        );
        let oddities: Vec<String> = oddities.collect();
        let wall = self.wall(dut).map(|reason| {
            let reason = std::iter::once(&reason).chain(&oddities).cloned().collect::<Vec<_>>().join("; ");
            Wall::new(Verdict::Inconclusive, reason)
        });
        Looked { wall, oddities }
    }

    /// Why no case can be brought to its start, if that is so.
    fn wall(&self, dut: &Dut) -> Option<String> {
        // A card that has answered all so far is slow, which the cases may judge.
        let profile = self.profile?;
        if !profile.is_success() {
            return Some(format!(
                "the card answers TERMINAL PROFILE with {:04X}: it has no toolkit, and so nothing wakes it and it sends no notification (TS 102 223 5.1)",
                profile.0
            ));
        }
        if self.is_left_asleep(dut) {
            return Some(self.not_announced());
        }
        if self.commands > 0 {
            return None;
        }
        if let Some(why) = &self.unreadable {
            return Some(format!("no proactive command of the card can be read; of the first: {why}"));
        }
        let quiet = matches!(dut.ixit.wake_up, Some(WakeUp::Applications | WakeUp::Status | WakeUp::Timer));
        quiet.then(|| {
            format!(
                "the card asks for nothing: in {} no proactive command came, not after {}; see whether the DM_SC application is installed and active",
                self.time(),
                self.so_far()
            )
        })
    }

    /// Whether what is to wake the card is the announcement of applications, and EF.UST keeps that from being sent.
    fn is_left_asleep(&self, dut: &Dut) -> bool {
        let gate = dut.interpretations.get("service-77").is_none_or(|reading| reading == "gate");
        dut.ixit.wake_up == Some(WakeUp::Applications) && gate && self.announces() != Some(true)
    }

    /// Why the announcement that is to wake the card was not sent.
    fn not_announced(&self) -> String {
        let remedy = "so the applications of the terminal are not announced to it, which is what wakes this card according to its DUT file; set the service, or say by `ixit.wake_up` what else wakes it (DM_SC 7.1, TS 31.102 4.2.8)";
        match (&self.ust, self.announces()) {
            (Some((_, data)), Some(false)) => {
                format!("service 77 of EF.UST is off ({}), {remedy}", dmsc_octets::to_hex(data))
            }
            (Some((sw, _)), None) => format!("EF.UST could not be read (status word {:04X}), {remedy}", sw.0),
            _ => format!("no USIM with an EF.UST could be selected, {remedy}"),
        }
    }

    /// What the card was sent, and how it answered.
    fn so_far(&self) -> String {
        let answers = [("SELECT MF", self.master_file), (PROFILE, self.profile), (APPLICATIONS, self.announcement)];
        let mut told: Vec<String> =
            answers.into_iter().filter_map(|(what, sw)| Some(format!("{what} ({:04X})", sw?.0))).collect();
        if self.polls > 0 {
            told.push(format!("{} STATUS", self.polls));
        }
        let answered = if told.is_empty() { "nothing was answered".into() } else { told.join(", ") };
        let waits = self.waits.then(|| self.unanswered());
        std::iter::once(answered).chain(self.silences.iter().cloned()).chain(waits).collect::<Vec<_>>().join("; ")
    }

    fn time(&self) -> String {
        format!("{}.{} s", self.took.as_secs(), self.took.subsec_millis() / 100)
    }
}
