//! The PC/SC link against the vpcd link, with the system's own pcscd between them. `host_pcsc.sh` runs it.
#![cfg(all(target_os = "linux", feature = "pcsc"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bench;

use std::time::{Duration, Instant};

use bench::{ATR_T0, ATR_T1, Card, Daemon, ICCID, bench, within};
use dmsc_link::pcsc::{Iccid, Pcsc, PcscConfig, PcscShare, ReaderState, Select, readers};
use dmsc_link::{Link, LinkError, Opening, Signal, VpcdConfig};
use dmsc_octets::HexPattern;

const READER: &str = "Virtual PCD 00 00";
/// How long the card may take for an answer.
const LIMIT: Duration = Duration::from_millis(300);
/// How long everything may take to come back.
const APPEAR: Duration = Duration::from_secs(20);
/// How long an exchange may take that ends in nothing: the limit, what the driver may need to see that the card is
/// gone, and some.
const AT_MOST: Duration = Duration::from_secs(3);
/// How long a card has to be out of its reader to be missed. pcscd looks every 400 ms; a card that is back before, and
/// failed in between, it holds for absent ever after.
const NOTICED: Duration = Duration::from_millis(1000);

fn config() -> PcscConfig {
    PcscConfig { reader: Select::Name(READER.into()), limit: LIMIT, appear: APPEAR, ..PcscConfig::default() }
}

fn vpcd() -> VpcdConfig {
    VpcdConfig { appear: APPEAR, ..VpcdConfig::default() }
}

fn open() -> Pcsc {
    let mut link = within(APPEAR + AT_MOST, "opening", || Pcsc::open(config())).unwrap();
    link.begin(&Opening::default()).unwrap();
    link
}

/// Sends a signal and takes what comes at once.
fn ask(link: &mut Pcsc, signal: Signal) -> Result<Option<Signal>, LinkError> {
    within(AT_MOST, "an exchange", || link.send(signal))?;
    let now = link.now();
    // That there is no answer is told at once, with why.
    Ok(link.recv(now)?.filter(|signal| !matches!(signal, Signal::Unanswered { .. })))
}

fn echo(link: &mut Pcsc, command: &[u8]) {
    let mut expected = command.to_vec();
    expected.extend_from_slice(&[0x90, 0x00]);
    let answer = ask(link, Signal::Command(command.to_vec())).unwrap();
    assert!(answer == Some(Signal::Response(expected)), "{} octets: {answer:02X?}", command.len());
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn apdus_of_all_lengths_pass() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let _card = Card::insert(&ATR_T1, vpcd());
    let mut link = open();
    assert_eq!(ask(&mut link, Signal::PowerOn).unwrap(), Some(Signal::Atr(ATR_T1.to_vec())));
    echo(&mut link, &[0x00, 0xA4, 0x00, 0x04]);
    for le in 0..=255 {
        echo(&mut link, &[0x80, 0x12, 0x00, 0x00, le]);
    }
    for lc in 1..=255_u8 {
        let mut command = vec![0x80, 0xC2, 0x00, 0x00, lc];
        command.extend((0..lc).map(|octet| octet ^ 0x5A));
        echo(&mut link, &command);
        command.push(0);
        echo(&mut link, &command);
    }
    for length in [256_u16, 257, 1000, 4096, 32767, 65000, 65524] {
        let mut command = vec![0x80, 0xC2, 0x00, 0x00, 0x00];
        command.extend(length.to_be_bytes());
        command.extend((0..length).map(|octet| octet.to_le_bytes()[0]));
        echo(&mut link, &command);
        command.extend([0, 0]);
        echo(&mut link, &command);
    }
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn over_t0_case_1_gets_its_p3_case_4_loses_its_le_and_extended_length_does_not_go() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let _card = Card::insert(&ATR_T0, vpcd());
    let mut link = open();
    assert_eq!(ask(&mut link, Signal::PowerOn).unwrap(), Some(Signal::Atr(ATR_T0.to_vec())));
    let answer = ask(&mut link, Signal::Command(vec![0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00])).unwrap();
    assert_eq!(answer, Some(Signal::Response(vec![0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x90, 0x00])));
    let answer = ask(&mut link, Signal::Command(vec![0x00, 0x20, 0x00, 0x01])).unwrap();
    assert_eq!(answer, Some(Signal::Response(vec![0x00, 0x20, 0x00, 0x01, 0x00, 0x90, 0x00])));
    let error = link.send(Signal::Command(vec![0x00, 0xB0, 0x00, 0x00, 0x00, 0x01, 0x00])).unwrap_err();
    assert!(error.to_string().contains("extended length over T=0"), "{error}");
    echo(&mut link, &[0x80, 0xF2, 0x00, 0x00, 0x00]);
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn power_and_resets_reach_the_card_as_what_they_are() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let card = Card::insert(&ATR_T1, vpcd());
    let mut link = open();
    for (signal, seen) in [
        (Signal::PowerOn, &[Signal::PowerOff, Signal::PowerOn][..]),
        (Signal::Reset, &[Signal::Reset]),
        (Signal::PowerOn, &[Signal::PowerOff, Signal::PowerOn]),
        (Signal::PowerOff, &[Signal::PowerOff]),
        (Signal::PowerOn, &[Signal::PowerOn]),
    ] {
        card.seen();
        let answer = ask(&mut link, signal.clone()).unwrap();
        let expected = (signal != Signal::PowerOff).then(|| Signal::Atr(ATR_T1.to_vec()));
        assert_eq!(answer, expected, "{signal:?}");
        // That its power is gone the card is not asked for, and may learn a little later.
        let until = Instant::now() + Duration::from_secs(10);
        let mut told = card.seen();
        while told.len() < seen.len() && Instant::now() < until {
            std::thread::yield_now();
            told.extend(card.seen());
        }
        assert_eq!(told, seen, "{signal:?}");
    }
    ask(&mut link, Signal::PowerOff).unwrap();
    assert_eq!(ask(&mut link, Signal::Command(vec![0; 5])).unwrap(), None, "a card without power answers nothing");
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn readers_are_listed_with_what_is_in_them() {
    let _turn = bench();
    let error = readers().unwrap_err().to_string();
    assert!(
        error.starts_with("pcscd does not run: nobody listens on ") && error.contains("systemctl start"),
        "{error}"
    );
    let _daemon = Daemon::start();
    let _card = Card::insert(&ATR_T1, vpcd());
    let link = open();
    let list = readers().unwrap();
    let state = |name: &str| list.iter().find(|reader| reader.name == name).map(|reader| reader.state);
    assert_eq!(state(READER), Some(ReaderState::InUse { exclusively: true }));
    assert_eq!(state("Virtual PCD 00 01"), Some(ReaderState::Empty));
    assert!(list.iter().any(|reader| reader.atr == ATR_T1), "{list:?}");

    let error = Pcsc::open(PcscConfig { appear: Duration::from_millis(200), ..config() }).err().unwrap().to_string();
    assert!(error.contains("in use by another program") && error.contains("share: shared"), "{error}");
    drop(link);
    let absent = PcscConfig { reader: Select::Pattern("*01".into()), appear: Duration::ZERO, ..config() };
    let error = Pcsc::open(absent).err().unwrap().to_string();
    let expected = "there is not a card in a reader like `*01`: `Virtual PCD 00 00` (card present), `Virtual PCD 00 01` (empty); put";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_card_is_chosen_by_what_it_is() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let _card = Card::insert(&ATR_T1, vpcd());
    let choose = |reader| Pcsc::open(PcscConfig { reader, appear: Duration::from_secs(3), ..config() });
    let atr = |text| Select::Atr(HexPattern::parse(text).unwrap());
    let iccid = |text| Select::Iccid(Iccid::parse(text).unwrap());
    // Waits for the card to be seen.
    drop(open());
    for fitting in [Select::Only, Select::Pattern("Virtual*".into()), atr("3B ?0 01 *"), iccid(ICCID.1)] {
        let mut link = choose(fitting.clone()).unwrap_or_else(|error| panic!("{fitting}: {error}"));
        assert_eq!(ask(&mut link, Signal::PowerOn).unwrap(), Some(Signal::Atr(ATR_T1.to_vec())), "{fitting}");
    }
    let error = choose(iccid("8988120100001449280")).err().unwrap().to_string();
    let found = format!("`{READER}` (card present, ICCID {})", ICCID.1);
    assert!(
        error.starts_with("there is not a card with ICCID 8988120100001449280: ") && error.contains(&found),
        "{error}"
    );

    let _other = Card::insert(&ATR_T0, VpcdConfig { address: "127.0.0.1:35964".into(), ..vpcd() });
    drop(Pcsc::open(PcscConfig { reader: Select::Pattern("*01".into()), ..config() }).unwrap());
    let error = choose(Select::Only).err().unwrap().to_string();
    assert!(error.starts_with("a card in any reader fits 2 cards: in `Virtual PCD 00 00`, `Virtual"), "{error}");
    drop(choose(atr("3B00")).unwrap());
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_card_that_another_program_resets_is_not_taken_for_the_same() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let _card = Card::insert(&ATR_T1, vpcd());
    let mut link = Pcsc::open(PcscConfig { share: PcscShare::Shared, ..config() }).unwrap();
    ask(&mut link, Signal::PowerOn).unwrap();
    echo(&mut link, &[0; 5]);
    let context = pcsc::Context::establish(pcsc::Scope::System).unwrap();
    let reader = std::ffi::CString::new(READER).unwrap();
    // Let go of, it is reset.
    drop(context.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap());
    let error = ask(&mut link, Signal::Command(vec![0; 5])).unwrap_err();
    assert!(error.is_interruption() && error.to_string().contains("another program has reset the card"), "{error}");
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_card_pulled_before_or_in_an_exchange_is_gone_and_comes_back() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let card = Card::insert(&ATR_T1, vpcd());
    for during in [false, true] {
        let mut link = open();
        ask(&mut link, Signal::PowerOn).unwrap();
        echo(&mut link, &[0; 5]);
        let error = if during {
            card.be_silent(true);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(LIMIT / 4);
                    card.pull();
                });
                ask(&mut link, Signal::Command(vec![0; 5])).unwrap_err()
            })
        } else {
            card.pull();
            ask(&mut link, Signal::Command(vec![0; 5])).unwrap_err()
        };
        assert!(error.is_interruption() && error.to_string().contains("was pulled from `Virtual PCD"), "{error}");
        card.be_silent(false);
        card.put_in();
    }
    let mut link = open();
    ask(&mut link, Signal::PowerOn).unwrap();
    echo(&mut link, &[0; 5]);
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_silent_card_gives_no_answer_and_is_powered_again_once_it_is_freed() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let card = Card::insert(&ATR_T1, vpcd());
    let mut link = open();
    ask(&mut link, Signal::PowerOn).unwrap();
    card.be_silent(true);
    let began = Instant::now();
    within(AT_MOST, "an exchange", || link.send(Signal::Command(vec![0; 5]))).unwrap();
    let why = format!("nothing came over PC/SC within {} s", LIMIT.as_secs_f32());
    let now = link.now();
    assert_eq!(link.recv(now).unwrap(), Some(Signal::Unanswered { reset: false, why }));
    assert!((LIMIT..LIMIT * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    // What follows finds a card that is given up.
    assert_eq!(ask(&mut link, Signal::Command(vec![0; 5])).unwrap(), None);
    card.be_silent(false);
    // vpcd waits for the answer until the card is pulled.
    card.pull();
    std::thread::sleep(NOTICED);
    card.put_in();
    let answer = within(APPEAR, "power on", || link.send(Signal::PowerOn));
    answer.unwrap();
    let now = link.now();
    assert_eq!(link.recv(now).unwrap(), Some(Signal::Atr(ATR_T1.to_vec())));
    echo(&mut link, &[0; 5]);
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_silent_card_that_is_not_freed_is_gone_in_time() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let card = Card::insert(&ATR_T1, vpcd());
    drop(open());
    let appear = Duration::from_secs(1);
    let mut link = Pcsc::open(PcscConfig { appear, ..config() }).unwrap();
    ask(&mut link, Signal::PowerOn).unwrap();
    card.be_silent(true);
    assert_eq!(ask(&mut link, Signal::Command(vec![0; 5])).unwrap(), None);
    let error = within(appear + AT_MOST, "power on", || link.send(Signal::PowerOn)).unwrap_err();
    assert!(error.is_interruption() && error.to_string().ends_with("by an exchange that does not end"), "{error}");
    within(AT_MOST, "dropping", || drop(link));
    card.be_silent(false);
    card.pull();
    std::thread::sleep(NOTICED);
    card.put_in();
    let mut link = open();
    ask(&mut link, Signal::PowerOn).unwrap();
    echo(&mut link, &[0; 5]);
}

/// vpcd has no word for a card that is mute at its reset, so the card is pulled.
#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_card_that_is_mute_at_its_reset_is_gone_and_comes_back() {
    let _turn = bench();
    let _daemon = Daemon::start();
    let card = Card::insert(&ATR_T1, VpcdConfig { atr_limit: LIMIT / 3, ..vpcd() });
    for signal in [Signal::PowerOn, Signal::Reset] {
        let mut link = open();
        ask(&mut link, Signal::PowerOn).unwrap();
        echo(&mut link, &[0; 5]);
        card.be_silent(true);
        let error = ask(&mut link, signal).unwrap_err();
        assert!(error.is_interruption() && error.to_string().contains("was pulled"), "{error}");
        card.be_silent(false);
    }
    let mut link = open();
    ask(&mut link, Signal::PowerOn).unwrap();
    echo(&mut link, &[0; 5]);
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_daemon_that_ends_is_gone_and_comes_back() {
    let _turn = bench();
    let daemon = Daemon::start();
    let _card = Card::insert(&ATR_T1, vpcd());
    let mut link = open();
    ask(&mut link, Signal::PowerOn).unwrap();
    daemon.kill();
    let error = ask(&mut link, Signal::Command(vec![0; 5])).unwrap_err();
    assert!(error.is_interruption() && error.to_string().starts_with("pcscd is gone"), "{error}");
    drop(link);
    let (mut link, _daemon) = std::thread::scope(|scope| {
        let opening = scope.spawn(open);
        std::thread::sleep(Duration::from_millis(500));
        let daemon = Daemon::start();
        (opening.join().unwrap(), daemon)
    });
    ask(&mut link, Signal::PowerOn).unwrap();
    echo(&mut link, &[0; 5]);
}

#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn a_stopped_daemon_holds_nobody() {
    let _turn = bench();
    let daemon = Daemon::start();
    let _card = Card::insert(&ATR_T1, vpcd());
    let mut link = open();
    ask(&mut link, Signal::PowerOn).unwrap();
    daemon.signal("STOP");
    assert_eq!(ask(&mut link, Signal::Command(vec![0; 5])).unwrap(), None);
    let short = Duration::from_millis(200);
    for _ in 0..4 {
        let error = within(Duration::from_secs(12), "opening", || Pcsc::open(PcscConfig { appear: short, ..config() }));
        let error = error.err().unwrap().to_string();
        let known = ["pcscd does not answer", "pcscd takes no connections on "];
        assert!(known.iter().any(|known| error.starts_with(known)) && error.contains("kill -CONT"), "{error}");
    }
    daemon.signal("CONT");
    within(APPEAR, "power on", || link.send(Signal::PowerOn)).unwrap();
    let now = link.now();
    assert_eq!(link.recv(now).unwrap(), Some(Signal::Atr(ATR_T1.to_vec())));
    echo(&mut link, &[0; 5]);
}

/// What happens to the bench. The number is how long until it is undone.
#[derive(Clone, Copy, Debug)]
enum Interruption {
    Pull(Duration),
    Kill(Duration),
    Stop(Duration),
    Silence(Duration),
}

impl Interruption {
    fn random(mut random: impl FnMut(u64) -> u64) -> Interruption {
        let kind = random(4);
        let pause = Duration::from_millis(random(900));
        match kind {
            0 => Interruption::Pull(pause),
            1 => Interruption::Kill(pause),
            2 => Interruption::Stop(pause),
            _ => Interruption::Silence(pause),
        }
    }

    fn happen(self, daemon: &mut Option<Daemon>, card: &Card) {
        match self {
            Interruption::Pull(pause) => {
                card.pull();
                std::thread::sleep(NOTICED + pause);
                card.put_in();
            }
            Interruption::Kill(pause) => {
                daemon.take().unwrap().kill();
                std::thread::sleep(pause);
                *daemon = Some(Daemon::start());
            }
            Interruption::Stop(pause) => {
                let daemon = daemon.as_ref().unwrap();
                daemon.signal("STOP");
                std::thread::sleep(pause);
                daemon.signal("CONT");
            }
            Interruption::Silence(pause) => {
                card.be_silent(true);
                std::thread::sleep(pause);
                card.be_silent(false);
                card.pull();
                std::thread::sleep(NOTICED);
                card.put_in();
            }
        }
    }
}

/// Interruptions at random moments, and after each the bench works again. `DMSC_SEED` repeats a run, and
/// `DMSC_INTERRUPTIONS` says how many there are: with 200 it takes four minutes.
#[test]
#[ignore = "starts and kills pcscd: host_pcsc.sh"]
fn whatever_happens_ends_in_time_and_is_got_over() {
    let _turn = bench();
    let from_environment = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (mut state, turns) = (from_environment("DMSC_SEED", 1), from_environment("DMSC_INTERRUPTIONS", 40));
    // The multiplier and increment of Knuth's MMIX generator; the low bits are the weak ones.
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut daemon = Some(Daemon::start());
    let card = Card::insert(&ATR_T1, vpcd());
    let mut link = Some(open());
    ask(link.as_mut().unwrap(), Signal::PowerOn).unwrap();
    let (mut silences, mut gone) = (0, std::collections::BTreeMap::<String, u32>::new());
    let (mut exchange, mut opening) = (Duration::ZERO, Duration::ZERO);
    let mut number: u32 = 0;
    for turn in 0..turns {
        let (after, interruption) = (Duration::from_micros(random(30_000)), Interruption::random(&mut random));
        let (daemon, card) = (&mut daemon, &card);
        std::thread::scope(|scope| {
            let acting = scope.spawn(move || {
                std::thread::sleep(after);
                interruption.happen(daemon, card);
            });
            let mut good_after = 0;
            while good_after < 3 {
                let over = acting.is_finished();
                let mut current = link.take().unwrap_or_else(|| {
                    let began = Instant::now();
                    let mut link = open();
                    opening = opening.max(began.elapsed());
                    // What it says is seen below.
                    let _ = link.send(Signal::PowerOn);
                    let now = link.now();
                    let _ = link.recv(now);
                    link
                });
                number += 1;
                // Each command is another one, so that an answer to an earlier one is seen.
                let mut command = vec![0x80, 0xC2, 0x00, 0x00, 0x04];
                command.extend(number.to_be_bytes());
                let began = Instant::now();
                let answer = ask(&mut current, Signal::Command(command.clone()));
                exchange = exchange.max(began.elapsed());
                command.extend([0x90, 0x00]);
                match answer {
                    Ok(Some(answer)) => {
                        assert_eq!(answer, Signal::Response(command), "turn {turn}, {interruption:?}");
                        good_after += u32::from(over);
                        link = Some(current);
                    }
                    Ok(None) => {
                        silences += 1;
                        let powered = within(APPEAR + AT_MOST, "power on", || current.send(Signal::PowerOn));
                        if let Err(error) = powered {
                            assert!(error.is_interruption(), "turn {turn}, {interruption:?}: {error}");
                        } else {
                            let now = current.now();
                            let _ = current.recv(now);
                            link = Some(current);
                        }
                    }
                    Err(error) => {
                        assert!(error.is_interruption(), "turn {turn}, {interruption:?}: {error}");
                        *gone.entry(error.to_string()).or_default() += 1;
                    }
                }
            }
        });
    }
    eprintln!("{turns} interruptions of {number} exchanges, {silences} of them without an answer; gone: {gone:#?}");
    eprintln!("the longest exchange took {exchange:?}, the longest opening {opening:?}");
    assert!(silences > 0 && gone.len() > 1, "the interruptions did not interrupt");
}
