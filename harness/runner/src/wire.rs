//! The link to a device, kept open from one case to the next, and opened anew when it was lost.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use dmsc_link::{Capabilities, Link, LinkError, Opening, Peer, Poster, Signal, Time};

use crate::catalogue::Role;
use crate::far_end::{FarEnd, FarHandle, OVER, Opener, idle};
use crate::pace::{End, Pace, Paced};

/// How long a far end that was told to fall silent may take before a command it may wait on is answered.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// How long it waits before it tries again to open a link that says at once that it cannot be had.
const AGAIN: Duration = Duration::from_millis(100);

/// The link of a rig.
pub(crate) struct Wire {
    open: Opener,
    near: Option<Box<dyn Link>>,
    far: Option<FarEnd>,
    pace: Pace,
    /// How long a lost link may take to come back.
    limit: Duration,
}

impl Wire {
    /// A link that `open` opens when it is first needed; on a bench with what `far` opens behind it, and what that is
    /// before the first session. A lost link may take `limit` to come back; the far end stays `away` meanwhile.
    pub(crate) fn new(open: Opener, far: Option<(Opener, Opening)>, limit: Duration, away: Duration) -> Wire {
        let pace = Pace::default();
        let far = far.map(|(open, idle)| FarEnd::start(open, idle, away, pace.clone()));
        Wire { open, near: None, far, pace, limit }
    }

    /// The link, open.
    pub(crate) fn take(&mut self) -> Result<Box<dyn Link>, LinkError> {
        match self.near.take() {
            Some(near) => Ok(near),
            None => self.opened(),
        }
    }

    /// Begins a session on the link. On a bench, `reference` is the DUT at the far end.
    pub(crate) fn begin(
        &self,
        near: &mut dyn Link,
        opening: &Opening,
        reference: Option<(Box<dyn Peer + Send>, Opening)>,
    ) -> Result<(), LinkError> {
        near.begin(opening)?;
        let (Some(far), Some((peer, theirs))) = (&self.far, reference) else { return Ok(()) };
        self.meet(near, opening, &far.handle())?;
        // What passed until the two had met is not of the session.
        near.begin(opening)?;
        far.handle().begin(peer, theirs, near.poster())
    }

    /// Waits for the link of the far end, which may in turn wait for what is played here: a card that is put into a
    /// reader has to answer it.
    fn meet(&self, near: &mut dyn Link, opening: &Opening, far: &FarHandle) -> Result<(), LinkError> {
        let ready = far.ready();
        let until = Instant::now() + self.limit;
        loop {
            match ready.try_recv() {
                Ok(()) => return Ok(()),
                Err(_) if Instant::now() > until => {
                    return Err(LinkError::Missing {
                        what: format!("the far end of the bench has no link: {}", far.trouble()),
                        remedy: "see what `bench` in the DUT file leads over".into(),
                    });
                }
                Err(_) => {}
            }
            if let Some(signal) = near.recv(near.now() + LAST_WORDS)? {
                idle(near, opening, &signal)?;
            }
        }
    }

    fn opened(&mut self) -> Result<Box<dyn Link>, LinkError> {
        let near = (self.open)()?;
        Ok(match &self.far {
            Some(far) => {
                let near = Paced::new(near, self.pace.clone(), End::Near);
                Box::new(Benched { near, far: far.handle() })
            }
            None => near,
        })
    }

    /// Takes back the link of a session that is over. A far end is brought to silence, so that nothing of this session
    /// reaches the next.
    pub(crate) fn end(&mut self, mut near: Box<dyn Link>, role: Role) {
        if let Some(far) = &self.far {
            let halted = far.handle().halt();
            let until = Instant::now() + self.limit;
            loop {
                // A terminal that waits for an answer would not hear that it is over.
                if role == Role::Card && near.send(Signal::Response(OVER.to_vec())).is_err() {
                    return;
                }
                match halted.recv_timeout(LAST_WORDS) {
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) if Instant::now() > until => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                while let Ok(Some(_)) = near.recv(near.now()) {}
            }
        }
        self.near = Some(near);
    }

    /// Opens the link anew after it was lost; gives how long that took.
    ///
    /// # Errors
    /// What stood in the way when the limit had passed.
    pub(crate) fn recover(&mut self) -> Result<Duration, LinkError> {
        self.near = None;
        let began = Instant::now();
        loop {
            match self.opened() {
                Ok(near) => {
                    self.near = Some(near);
                    return Ok(began.elapsed());
                }
                Err(error) if began.elapsed() > self.limit => return Err(error),
                Err(_) => std::thread::sleep(AGAIN),
            }
        }
    }
}

/// The link to a bench: acts go to the reference DUT at the far end.
struct Benched {
    near: Paced,
    far: FarHandle,
}

impl Link for Benched {
    fn now(&self) -> Time {
        self.near.now()
    }

    fn capabilities(&self) -> Capabilities {
        self.near.capabilities()
    }

    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.near.begin(opening)
    }

    fn poster(&self) -> Option<Poster> {
        self.near.poster()
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Act(name) => {
                self.far.act(name);
                Ok(())
            }
            signal => self.near.send(signal),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.near.recv(until)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use dmsc_engine::switch::Switch;
    use dmsc_link::{Cable, Cutter};
    use dmsc_scr::Verdict;

    use super::*;
    use crate::bundle::Bundle;
    use crate::dut::{BenchSpec, Builtin, Connection, Device, Dut, LinkSpec};
    use crate::execute::Options;
    use crate::fault::Fault;
    use crate::rig::{Fixtures, Hands, Rig};
    use crate::run::{Attempted, attempt};

    /// A cable for each time that both ends were opened, and what cuts the newest.
    #[derive(Default)]
    struct Drum {
        far: Vec<Cable>,
        cutter: Option<Cutter>,
    }

    fn bench(name: &str, builtin: Builtin) -> (Dut, Wire, Arc<Mutex<Drum>>) {
        let bundle = Bundle::builtin();
        let mut dut = Dut::from_bundle(&bundle, name, &[]).unwrap();
        let connection = Connection::Vpcd(dmsc_link::VpcdConfig::default());
        dut.link = LinkSpec::Device(Device {
            connection: connection.clone(),
            bench: Some(BenchSpec { builtin, connection }),
            recovery: Duration::from_secs(10),
            choice: None,
        });
        let drum = Arc::new(Mutex::new(Drum::default()));
        let (near, far) = (Arc::clone(&drum), Arc::clone(&drum));
        let near: Opener = Box::new(move || {
            let (one, two, cutter) = Cable::pair();
            let mut drum = near.lock().unwrap();
            drum.far.push(two);
            drum.cutter = Some(cutter);
            Ok(Box::new(one))
        });
        let far: Opener = Box::new(move || match far.lock().unwrap().far.pop() {
            Some(end) => Ok(Box::new(end)),
            None => Err(LinkError::Gone { what: "no cable".into() }),
        });
        (
            dut,
            Wire::new(near, Some((far, Opening::default())), Duration::from_secs(10), Duration::from_millis(10)),
            drum,
        )
    }

    fn run(name: &str, builtin: Builtin, wanted: &[&str], cut: bool) -> Vec<(String, Attempted)> {
        let (dut, wire, drum) = bench(name, builtin);
        let bundle = Bundle::builtin();
        let fixtures = Fixtures::load(&bundle).unwrap();
        let cases = crate::case::Library::builtin().load().unwrap();
        let mut rig = Rig::over(&dut, &fixtures, 1, wire);
        let options = Options { dut: dut.name.clone(), ..Options::default() };
        let chosen =
            cases.iter().filter(|case| case.role == dut.role() && wanted.iter().any(|w| case.name().contains(w)));
        let mut all = Vec::new();
        for case in chosen {
            let scissors = cut.then(|| {
                let drum = Arc::clone(&drum);
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(3));
                    if let Some(cutter) = &drum.lock().unwrap().cutter {
                        cutter.cut();
                    }
                })
            });
            let attempted =
                attempt(&mut rig, case, &options, Instant::now(), false, &mut |_| {}, &mut Hands::new(&dut));
            scissors.into_iter().for_each(|thread| thread.join().unwrap());
            all.push((case.name(), attempted));
        }
        assert!(!all.is_empty());
        all
    }

    #[test]
    fn a_bench_gives_the_verdicts_of_the_process() {
        for (name, builtin, wanted) in [
            ("reference-card", Builtin::Card, ["S-001-M/trigger", "S-002-M", "S-001-M/reset-in-mid-apdu"]),
            ("reference-terminal", Builtin::Terminal, ["D-003-M/trigger", "C-008-M", "D-001-M/lost-response"]),
        ] {
            for (case, Attempted { result, .. }) in run(name, builtin, &wanted, false) {
                assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{case}");
            }
        }
    }

    /// What a case comes to behind a session in which a response is lost, with the DUT that lost it.
    fn after_a_loss(faults: Vec<Fault>) -> Verdict {
        let (mut dut, wire, _drum) = bench("reference-terminal", Builtin::Terminal);
        dut.faults = faults;
        let bundle = Bundle::builtin();
        let fixtures = Fixtures::load(&bundle).unwrap();
        let cases = crate::case::Library::builtin().load().unwrap();
        let case = cases.iter().find(|case| case.id == "DM_SC-D-001-M/listen").unwrap();
        let mut disturbed = case.clone();
        let lost = serde_json::json!([{ "at": { "response": 3 }, "do": "drop" }]);
        disturbed.setup.insert("disturb".into(), lost);
        let mut rig = Rig::over(&dut, &fixtures, 1, wire);
        rig.keep_dut();
        let options = Options { dut: dut.name.clone(), ..Options::default() };
        let mut verdict = Verdict::Pass;
        for case in [&disturbed, case] {
            let hands = &mut Hands::new(&dut);
            verdict = attempt(&mut rig, case, &options, Instant::now(), false, &mut |_| {}, hands).result.verdict;
        }
        assert!(rig.disturbances().is_empty(), "the link is given back undisturbed");
        verdict
    }

    #[test]
    fn a_dut_behind_a_link_of_its_own_lives_on_when_it_is_kept() {
        assert_eq!(after_a_loss(Vec::new()), Verdict::Pass);
        let stubborn = Fault {
            id: "stubborn".into(),
            side: Role::Card,
            what: "stubborn".into(),
            switches: vec![Switch::GiveUpOnSilence],
            patches: Vec::new(),
        };
        assert!(after_a_loss(vec![stubborn]) > Verdict::Pass);
    }

    #[test]
    fn a_cut_makes_a_case_begin_anew_and_never_fail() {
        let mut gaps = 0;
        for (case, Attempted { result, lost, .. }) in run("reference-card", Builtin::Card, &["S-001-M"], true) {
            assert!(!lost, "{case}");
            assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{case}");
            gaps += result.remarks.iter().filter(|remark| remark.contains("the cable was cut")).count();
        }
        assert!(gaps > 0, "no cut came in the middle of a case");
    }
}
