//! The driver of SIMtrace2 boards over libusb against a board over FunctionFS, through a real USB stack with both ends in
//! one kernel: an echo card in a handset that a test plays.
//!
//! Run in the guest that has such a kernel, which needs nothing else:
//! `harness/cli/tests/bench/guest -- cargo test -p dmsc-link --test simtrace2_loop -- --ignored --test-threads=1`.
#![cfg(all(feature = "gadget", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/echo.rs"]
#[allow(unreachable_pub, reason = "the tests of the driver include it, too")]
mod echo;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_link::gadget::{GadgetBoard, GadgetBoardConfig};
use dmsc_link::usb::{self, BoardInfo, Simtrace2, Simtrace2Config, Speed, UsbSelect};
use dmsc_link::{Link, LinkError, Opening, Poster, Signal};
use dmsc_usb::simtrace2::{Board, Generation, Mode, Trouble};
use echo::{ATR, Seen, Terminal};

/// There is one device controller, so there is one board at a time.
static CONTROLLER: Mutex<()> = Mutex::new(());

fn controller() -> MutexGuard<'static, ()> {
    CONTROLLER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn board(kind: Board) -> GadgetBoard {
    board_with(kind, Generation::default())
}

/// A board whose handset holds no reset longer than it must: what a host had under way comes whenever it likes.
fn board_with(kind: Board, firmware: Generation) -> GadgetBoard {
    let config =
        GadgetBoardConfig { board: kind, firmware, reset_hold: Duration::ZERO, ..GadgetBoardConfig::default() };
    let board = GadgetBoard::open(config).unwrap();
    assert!(board.wait_configured(Duration::from_secs(10)), "the host has not set the configuration");
    board
}

fn opening() -> Opening {
    Opening { atr: ATR.to_vec() }
}

fn driver() -> Simtrace2 {
    let mut link = Simtrace2::open(&Simtrace2Config::default()).unwrap();
    link.begin(&opening()).unwrap();
    link
}

/// The echo card in a thread of its own.
struct Card {
    poster: Poster,
    thread: JoinHandle<(Seen, Option<LinkError>, Simtrace2)>,
}

impl Card {
    fn start(mut link: Simtrace2) -> Card {
        let poster = link.poster().unwrap();
        let thread = std::thread::spawn(move || {
            let (seen, error) = echo::card(&mut link);
            (seen, error, link)
        });
        Card { poster, thread }
    }

    /// What it saw, but for commands.
    fn stop(self) -> (Seen, Simtrace2) {
        self.poster.signal(Signal::Ended(String::new()));
        let (seen, error, link) = self.thread.join().unwrap();
        assert!(error.is_none(), "{error:?}");
        (seen.replace('C', ""), link)
    }
}

fn recv(link: &mut dyn Link) -> Signal {
    let until = link.now() + Duration::from_secs(20);
    link.recv(until).unwrap().expect("nothing came")
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn commands_of_all_cases_are_answered() {
    let _only = controller();
    let mut handset = board(Board::Simtrace2);
    let card = Card::start(driver());
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    let began = Instant::now();
    terminal.exercise(300);
    println!("332 commands in {:?}", began.elapsed());
    assert_eq!(handset.faults(), []);
    let (seen, mut link) = card.stop();
    assert_eq!(seen, "P");
    assert_eq!(link.troubles(), []);
    assert_eq!(link.status().unwrap().voltage, None);
    assert_eq!(link.negotiated().unwrap().f_and_d(), Some((9, 6)));
    let info = link.device().unwrap();
    assert_eq!((info.speed, info.serial.as_deref()), (Speed::Full, Some("dmsc")));
}

/// The echo card, which begins a new session after each error; ends when somebody posts that it is to.
fn steadfast(mut link: Simtrace2) -> (Vec<LinkError>, Simtrace2) {
    let mut errors = Vec::new();
    while let (_, Some(error)) = echo::card(&mut link) {
        errors.push(error);
        link.begin(&opening()).unwrap();
    }
    (errors, link)
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn resets_at_any_moment_leave_nothing_behind_that_is_not_told() {
    let _only = controller();
    for firmware in Generation::ALL {
        let mut handset = board_with(Board::Qmod, firmware);
        let link = driver();
        assert_eq!(Generation::of_version(link.version().unwrap()), firmware);
        let poster = link.poster().unwrap();
        let card = std::thread::spawn(move || steadfast(link));
        let mut terminal = Terminal::new(&mut handset);
        terminal.atr(Signal::PowerOn);
        let (mut right, mut refused, mut wrong) = (0, 0, 0);
        for turn in 0..100 {
            let (case, sent, back) = (terminal.random(4) + 1, terminal.random(255) + 1, terminal.random(257));
            let (apdu, wanted) = Terminal::apdu(case, sent as usize, back as u16);
            terminal.link.send(Signal::Command(apdu.clone())).unwrap();
            // Anywhere between the first octet of the command and the last of its answer, and sometimes after it, however slow
            // the machine is.
            let within = if turn % 4 == 0 { 80_000 } else { terminal.random(4000) };
            std::thread::sleep(Duration::from_micros(within));
            let warm = terminal.random(2) == 0;
            terminal.atr(if warm { Signal::Reset } else { Signal::PowerOn });
            match terminal.command_within(&apdu, Duration::from_secs(5)) {
                Some(response) if response == wanted => right += 1,
                Some(response) if response == [0x6F, 0x00] => refused += 1,
                _ => wrong += 1,
            }
        }
        poster.signal(Signal::Ended(String::new()));
        let (errors, link) = card.join().unwrap();
        println!(
            "firmware {}: {right} right, {refused} refused, {wrong} wrong, {} errors",
            firmware.name(),
            errors.len()
        );
        assert!(errors.iter().all(|error| matches!(error, LinkError::Unsure { .. })), "{errors:?}");
        assert!(wrong + refused <= errors.len() * 2 && right > 5, "{errors:?}");
        assert_eq!(link.status().unwrap().voltage, Some(3000));
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_board_that_is_pulled_is_gone_and_comes_back() {
    let _only = controller();
    let mut handset = board(Board::Simtrace2);
    let card = Card::start(driver());
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.check(4, 114, 178);
    // In the middle of a command.
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    let began = Instant::now();
    handset.pull();
    let (seen, error, link) = card.thread.join().unwrap();
    println!("{:?} after the board was pulled: {}", began.elapsed(), error.as_ref().unwrap());
    assert!(error.unwrap().is_interruption() && seen.starts_with('P'));
    drop(link);
    assert!(matches!(
        Simtrace2::open(&Simtrace2Config { appear: Duration::ZERO, ..Simtrace2Config::default() }),
        Err(LinkError::Missing { .. })
    ));
    handset.plug().unwrap();
    let card = Card::start(driver());
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.exercise(10);
    assert_eq!(card.stop().0, "P");
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_driver_takes_over_what_another_left() {
    let _only = controller();
    let mut handset = board(Board::Simtrace2);
    let mut first = driver();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut first), recv(&mut first)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    // The command is not left unanswered.
    drop(first);
    assert_eq!(terminal.recv(), Signal::Response(vec![0x6F, 0x00]));
    // Reports that nobody fetches are there for the next.
    terminal.link.send(Signal::Reset).unwrap();
    let card = Card::start(driver());
    assert_eq!(terminal.recv(), Signal::Atr(ATR.to_vec()));
    terminal.atr(Signal::PowerOn);
    terminal.exercise(10);
    let (seen, _) = card.stop();
    assert!(seen.ends_with('P'), "{seen}");
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_session_with_another_card_is_refused() {
    let _only = controller();
    let mut handset = board(Board::Simtrace2);
    let mut link = driver();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    assert_eq!(recv(&mut link), Signal::PowerOn);
    link.begin(&opening()).unwrap();
    assert_eq!(terminal.command(&[0x80, 0xF2, 0, 0, 2]), [0x6F, 0x00]);
    assert_eq!(link.troubles(), [Trouble::Midway]);
    terminal.atr(Signal::Reset);
    assert_eq!(recv(&mut link), Signal::Reset);
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_card_that_thinks_is_waited_for_and_a_modem_reset() {
    let _only = controller();
    let mut handset = board(Board::NgffCardem);
    let config = Simtrace2Config { modem_reset: true, board: Some(Board::NgffCardem), ..Simtrace2Config::default() };
    let mut link = Simtrace2::open(&config).unwrap();
    link.begin(&opening()).unwrap();
    let mut terminal = Terminal::new(&mut handset);
    terminal.atr(Signal::PowerOn);
    terminal.link.send(Signal::Command(vec![0x80, 0x12, 0, 0, 2])).unwrap();
    assert_eq!([recv(&mut link), recv(&mut link)], [Signal::PowerOn, Signal::Command(vec![0x80, 0x12, 0, 0, 2])]);
    // F = 512, D = 32, 4 MHz: half of the waiting time is 0,6 s.
    while handset.nulls() < 2 {
        std::thread::yield_now();
    }
    link.send(Signal::Response(vec![1, 2, 0x90, 0x00])).unwrap();
    assert_eq!(recv(&mut handset), Signal::Response(vec![1, 2, 0x90, 0x00]));
    link.begin(&opening()).unwrap();
    assert_eq!(recv(&mut link), Signal::PowerOff);
    assert_eq!(handset.modem_resets(), 2);
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn boards_are_listed_and_chosen() {
    let _only = controller();
    let _handset = board(Board::OctSimTest);
    let boards: Vec<BoardInfo> = usb::list().unwrap().iter().filter_map(BoardInfo::of).collect();
    let [found] = boards.as_slice() else { panic!("{boards:?}") };
    println!("{found}");
    assert_eq!((found.board, found.slots.as_slice()), (Board::OctSimTest, &[(0, Mode::CardEmulation)][..]));
    let open = |config| Simtrace2::open(&Simtrace2Config { appear: Duration::ZERO, ..config }).map(|link| link.board());
    let other = Simtrace2Config { board: Some(Board::Simtrace2), ..Simtrace2Config::default() };
    assert!(open(other).is_err());
    let serial = |serial: &str| Simtrace2Config {
        select: UsbSelect { serial: Some(serial.into()), ..UsbSelect::default() },
        ..Simtrace2Config::default()
    };
    assert!(open(serial("another")).is_err());
    assert_eq!(open(serial("dmsc")).unwrap(), Board::OctSimTest);
    // One program at a time.
    let holder = Simtrace2::open(&Simtrace2Config::default()).unwrap();
    let busy = open(Simtrace2Config::default()).unwrap_err().to_string();
    println!("{busy}");
    drop(holder);
}
