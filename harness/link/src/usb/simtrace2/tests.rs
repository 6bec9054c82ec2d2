//! The driver against a board and a handset in memory.

use std::sync::Condvar;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use dmsc_usb::simtrace2::board::PACKET;
use dmsc_usb::simtrace2::{Body, Config, Data, DataFlags, Firmware, Message, StatusFlags};

use super::handset::{Board as MemoryBoard, Endpoint, Handset};
use super::*;

#[path = "../../../tests/support/echo.rs"]
#[expect(unreachable_pub, reason = "the tests beside this crate include it, too")]
mod echo;

use echo::{ATR, Terminal};

/// What a driver finds at the end of a cable that can be pulled.
#[derive(Clone)]
struct Memory {
    board: MemoryBoard,
    unplugged: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    /// Messages that the driver has taken, or is about to.
    taken: Arc<AtomicUsize>,
}

impl Memory {
    fn unplug(&self) {
        self.unplugged.store(true, Ordering::SeqCst);
        self.board.wake();
    }

    fn check(&self) -> Result<(), TransferError> {
        if self.unplugged.load(Ordering::SeqCst) { Err(TransferError::Gone("unplugged".into())) } else { Ok(()) }
    }
}

impl Port for Memory {
    fn write(&self, message: &[u8]) -> Result<(), TransferError> {
        self.check()?;
        message.chunks(PACKET).for_each(|packet| self.board.take(packet, PACKET));
        if message.len().is_multiple_of(PACKET) {
            self.board.take(&[], PACKET);
        }
        Ok(())
    }

    fn listen(&self, heard: &mut dyn FnMut(From, &[u8])) -> Result<(), TransferError> {
        let over = || self.unplugged.load(Ordering::SeqCst) || self.stopped.load(Ordering::SeqCst);
        while let Some((endpoint, message)) = self.board.next(&[Endpoint::Interrupt, Endpoint::Bulk], &over) {
            let from = if endpoint == Endpoint::Interrupt { From::Interrupt } else { From::Bulk };
            self.taken.fetch_add(1, Ordering::SeqCst);
            Firmware::packets(&message).for_each(|packet| heard(from, packet));
            self.board.fetched();
        }
        self.check()
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.board.wake();
    }
}

struct Bench {
    link: Simtrace2,
    handset: Handset,
    cable: Memory,
}

fn bench(board: Board, config: &Simtrace2Config) -> Bench {
    of(Generation::After091, board, config)
}

fn of(generation: Generation, board: Board, config: &Simtrace2Config) -> Bench {
    let (handset, memory) = Handset::new(board, generation, None);
    let cable = Memory { board: memory, unplugged: Arc::default(), stopped: Arc::default(), taken: Arc::default() };
    let version = match generation {
        Generation::UpTo091 => "0.9.1",
        Generation::After091 => "0.10.0",
    };
    let port = Box::new(cable.clone());
    let link = Simtrace2::over(port, board, Some(version.into()), config, CONFIGURE_LIMIT).unwrap();
    Bench { link, handset, cable }
}

fn opening() -> Opening {
    Opening { atr: ATR.to_vec() }
}

fn recv(link: &mut dyn Link) -> Signal {
    let until = link.now() + Duration::from_secs(20);
    link.recv(until).unwrap().expect("nothing came")
}

#[test]
fn commands_of_all_cases_are_answered() {
    let Bench { mut link, mut handset, .. } = bench(Board::Simtrace2, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let poster = link.poster().unwrap();
    let player = thread::spawn(move || (echo::card(&mut link), link));
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.exercise(300);
    terminal.atr(Signal::Reset);
    terminal.check(4, 114, 178);
    terminal.atr(Signal::PowerOn);
    terminal.check(4, 114, 178);
    assert_eq!(handset.faults(), []);
    assert_eq!(handset.nulls(), 0);
    poster.signal(Signal::Ended(String::new()));
    let ((seen, error), mut link) = player.join().unwrap();
    assert!(error.is_none());
    assert_eq!(seen.replace('C', ""), "PROP");
    assert_eq!(link.troubles(), []);
    assert_eq!(link.status().unwrap().voltage, None);
    assert_eq!(link.negotiated().unwrap().f_and_d(), Some((9, 6)));
}

#[test]
fn resets_at_any_moment_leave_nothing_behind() {
    let Bench { mut link, mut handset, .. } = bench(Board::Qmod, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let poster = link.poster().unwrap();
    let player = thread::spawn(move || (echo::card(&mut link), link));
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    let mut wanted = "P".to_owned();
    for _ in 0..200 {
        let (case, sent, back) = (terminal.random(4) + 1, terminal.random(255) + 1, terminal.random(257));
        terminal.link.send(Signal::Command(Terminal::apdu(case, sent as usize, back as u16).0)).unwrap();
        let warm = terminal.random(2) == 0;
        wanted.push_str(if warm { "R" } else { "OP" });
        terminal.atr(if warm { Signal::Reset } else { Signal::PowerOn });
        terminal.check(case, sent as usize, back as u16);
    }
    assert_eq!(handset.faults(), []);
    poster.signal(Signal::Ended(String::new()));
    let ((seen, _), mut link) = player.join().unwrap();
    assert_eq!(seen.replace('C', ""), wanted);
    assert_eq!(link.troubles(), []);
    assert_eq!(link.status().unwrap().voltage, Some(3000));
}

#[test]
fn an_answer_that_comes_after_a_reset_is_not_taken_for_the_next() {
    let Bench { mut link, mut handset, .. } = bench(Board::Simtrace2, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    // The card thinks; meanwhile the handset resets it and sends another command.
    terminal.atr(Signal::Reset);
    terminal.link.send(Signal::Command(vec![0x80, 0xF2, 0, 0, 2])).unwrap();
    link.send(Signal::Response(vec![1, 2, 0x90, 0x00])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::Reset, Signal::Command(vec![0x80, 0xF2, 0, 0, 2])]);
    link.send(Signal::Response(vec![3, 4, 0x90, 0x00])).unwrap();
    assert_eq!(terminal.recv(), Signal::Response(vec![3, 4, 0x90, 0x00]));
}

#[test]
fn an_answer_that_came_in_a_reset_is_an_error_that_names_the_firmware() {
    let config = Simtrace2Config::default();
    let Bench { mut link, mut handset, cable } = of(Generation::UpTo091, Board::Simtrace2, &config);
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    {
        // The card answers before the driver has heard of the reset.
        let mut core = link.shared.core();
        let taken = cable.taken.load(Ordering::SeqCst);
        terminal.link.send(Signal::Reset).unwrap();
        while cable.taken.load(Ordering::SeqCst) == taken {
            thread::yield_now();
        }
        assert!(core.card.respond(1, &[1, 2, 0x90, 0x00]));
        link.shared.work(&mut core);
    }
    assert_eq!(terminal.recv(), Signal::Atr(ATR.to_vec()));
    // The firmware gives that answer to another command, which nobody can prevent.
    assert_eq!(terminal.command(&[0x80, 0x12, 0, 1, 2]), [1, 2, 0x90, 0x00]);
    let error = loop {
        let until = link.now() + Duration::from_secs(20);
        match link.recv(until) {
            Ok(signal) => assert_eq!(signal, Some(Signal::Reset)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LinkError::Unsure { .. }) && !error.is_interruption());
    let text = error.to_string();
    assert!(text.contains("(board with firmware 0.9.1); ") && text.ends_with("and run the case again"), "{text}");
    assert!(matches!(link.send(Signal::Response(vec![0x90, 0x00])), Err(LinkError::Unsure { .. })));
    assert_eq!(link.troubles(), [Trouble::Late]);
    // The next session is not concerned.
    link.begin(&opening()).unwrap();
    terminal.atr(Signal::Reset);
    assert_eq!(recv(&mut link), Signal::Reset);
    terminal.link.send(Signal::Command(vec![0x80, 0xF2, 0, 0, 2])).unwrap();
    assert_eq!(recv(&mut link), Signal::Command(vec![0x80, 0xF2, 0, 0, 2]));
}

#[test]
fn a_session_that_nobody_has_seen_is_the_next() {
    let Bench { mut link, mut handset, .. } = bench(Board::Simtrace2, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    terminal.atr(Signal::Reset);
    terminal.link.send(Signal::Command(vec![0x80, 0xF2, 0, 0, 2])).unwrap();
    // The command of the handset has arrived before the session begins.
    let until = link.now() + Duration::from_secs(20);
    while link.shared.core().posted < 2 {
        assert!(link.now() < until);
        thread::yield_now();
    }
    link.begin(&opening()).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::Reset, Signal::Command(vec![0x80, 0xF2, 0, 0, 2])]);
    link.send(Signal::Response(vec![3, 4, 0x90, 0x00])).unwrap();
    assert_eq!(terminal.recv(), Signal::Response(vec![3, 4, 0x90, 0x00]));
}

#[test]
fn a_session_left_over_is_refused_until_the_handset_resets_the_card() {
    let Bench { mut link, mut handset, .. } = bench(Board::Simtrace2, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    link.begin(&opening()).unwrap();
    assert_eq!(terminal.recv(), Signal::Response(vec![0x6F, 0x00]));
    assert_eq!(terminal.command(&[0x80, 0xF2, 0, 0, 2]), [0x6F, 0x00]);
    assert_eq!(link.troubles(), [Trouble::Midway]);
    terminal.atr(Signal::Reset);
    assert_eq!(recv(&mut link), Signal::Reset);
}

#[test]
fn a_session_begins_with_a_reset_of_the_modem_where_that_is_asked_for() {
    let config = Simtrace2Config { modem_reset: true, ..Simtrace2Config::default() };
    let Bench { mut link, mut handset, .. } = bench(Board::NgffCardem, &config);
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    assert_eq!(recv(&mut link), Signal::PowerOn);
    link.begin(&opening()).unwrap();
    assert_eq!(recv(&mut link), Signal::PowerOff);
    assert_eq!(handset.modem_resets(), 2);
}

#[test]
fn a_card_that_thinks_is_waited_for() {
    let Bench { mut link, mut handset, .. } = bench(Board::Simtrace2, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    // F = 512, D = 32, 4 MHz: half of the waiting time is 0,6 s.
    while handset.nulls() < 1 {
        thread::yield_now();
    }
    link.send(Signal::Response(vec![1, 2, 0x90, 0x00])).unwrap();
    assert_eq!(recv(&mut handset), Signal::Response(vec![1, 2, 0x90, 0x00]));
}

#[test]
fn an_unplugged_board_is_gone() {
    let Bench { mut link, mut handset, cable } = bench(Board::Simtrace2, &Simtrace2Config::default());
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    assert_eq!(recv(&mut link), Signal::PowerOn);
    cable.unplug();
    let error = link.recv(Time::NEVER).unwrap_err();
    assert!(error.is_interruption() && error.to_string().contains("unplugged"), "{error}");
    assert!(link.send(Signal::Response(vec![0x90, 0x00])).unwrap_err().is_interruption());
    assert!(link.begin(&opening()).unwrap_err().is_interruption());
}

#[test]
fn a_board_that_does_not_answer_is_missing() {
    /// Takes everything and says nothing.
    struct Mute(Mutex<bool>, Condvar);
    impl Port for Mute {
        fn write(&self, _: &[u8]) -> Result<(), TransferError> {
            Ok(())
        }
        fn listen(&self, _: &mut dyn FnMut(From, &[u8])) -> Result<(), TransferError> {
            let stopped = self.1.wait_while(self.0.lock().unwrap(), |stopped| !*stopped);
            drop(stopped);
            Ok(())
        }
        fn stop(&self) {
            *self.0.lock().unwrap() = true;
            self.1.notify_all();
        }
    }
    let limit = Duration::from_millis(1);
    let opened = Simtrace2::over(
        Box::new(Mute(Mutex::default(), Condvar::new())),
        Board::Simtrace2,
        None,
        &Simtrace2Config::default(),
        limit,
    );
    let error = opened.err().unwrap().to_string();
    assert!(error.starts_with("the board does not answer; unplug it"), "{error}");
}

/// Says what is configured, then this once, and that again and again.
struct Restless {
    once: Vec<(From, Vec<u8>)>,
    again: (From, Vec<u8>),
    stopped: AtomicBool,
}

impl Port for Restless {
    fn write(&self, _: &[u8]) -> Result<(), TransferError> {
        Ok(())
    }

    fn listen(&self, heard: &mut dyn FnMut(From, &[u8])) -> Result<(), TransferError> {
        heard(From::Bulk, &said(Body::Config(Config::default())));
        self.once.iter().for_each(|(from, packet)| heard(*from, packet));
        while !self.stopped.load(Ordering::SeqCst) {
            heard(self.again.0, &self.again.1);
        }
        Ok(())
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

fn said(body: Body) -> Vec<u8> {
    Message::new(body).encode().unwrap()
}

fn restless(once: Vec<(From, Vec<u8>)>, again: (From, Vec<u8>)) -> Simtrace2 {
    let port = Box::new(Restless { once, again, stopped: AtomicBool::default() });
    let mut link = Simtrace2::over(port, Board::Simtrace2, None, &Simtrace2Config::default(), CONFIGURE_LIMIT).unwrap();
    link.begin(&opening()).unwrap();
    link
}

#[test]
fn a_board_that_never_ends_keeps_nobody_from_its_card() {
    let began = Instant::now();
    let mut link = restless(Vec::new(), (From::Bulk, vec![1, 6, 0]));
    for _ in 0..200 {
        assert_eq!(link.recv(link.now() + Duration::from_millis(1)).unwrap(), None);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let told = link.last_words().told;
    assert!(matches!(&told[..], [one] if one.starts_with("the board sent what is no message: 3 octets")), "{told:?}");
}

#[test]
fn commands_that_nobody_can_place_do_not_make_a_wait_longer() {
    let lines =
        |flags| (From::Interrupt, said(Body::Status(Status { flags: StatusFlags(flags), ..Status::default() })));
    // The board never answers what its lines are, so that each might be from before the reset.
    let header = Data { flags: DataFlags::HEADER, octets: vec![0x00, 0xA4, 0x00, 0x04, 0x02] };
    let mut link = restless(vec![lines(0x13), lines(0x03)], (From::Bulk, said(Body::RxData(header))));
    assert_eq!(recv(&mut link), Signal::PowerOn);
    let began = Instant::now();
    assert_eq!(link.recv(link.now() + Duration::from_millis(50)).unwrap(), None);
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}

#[test]
fn what_a_card_cannot_say_is_refused() {
    let Bench { mut link, mut handset, .. } = bench(Board::Simtrace2, &Simtrace2Config::default());
    assert!(link.begin(&Opening { atr: vec![0x3B; 34] }).is_err());
    link.begin(&opening()).unwrap();
    assert!(matches!(link.send(Signal::PowerOn), Err(LinkError::Unsupported(_))));
    assert!(matches!(handset.send(Signal::Atr(vec![])), Err(LinkError::Unsupported(_))));
}
