//! A card played over FunctionFS against the terminal over libusb, through a real USB stack with both ends in one kernel.
//!
//! Run in the guest that has such a kernel, which needs nothing else:
//! `harness/cli/tests/bench/guest -- cargo test -p dmsc-link --test iccd_loop -- --ignored --test-threads=1`.
#![cfg(all(feature = "gadget", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod activation;
mod notices;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dmsc_link::gadget::{GadgetCard, GadgetConfig, GadgetSpeed, IccdFunction, Observed, PowerAnswers};
use dmsc_link::usb::{self, Device, IccdConfig, IccdTerminal, Speed, UsbSelect};
use dmsc_link::{Link, LinkError, Opening, Poster, Signal, Time};
use dmsc_usb::descriptor::{Features, Offer, Variant};
use dmsc_usb::iccd::bulk::{Kind, Message};
use dmsc_usb::iccd::card::Quirks;
use dmsc_usb::iccd::host::Failure;
use dmsc_usb::iccd::status::Chain;
use dmsc_usb::power::{Answer, Power};

const ATR: [u8; 8] = [0x3B, 0x80, 0x80, 0x81, 0x3F, 0xC7, 0xC0, 0xB9];
const SELECT: [u8; 8] = [0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00];
const VARIANTS: [Variant; 3] = [Variant::Bulk, Variant::ControlA, Variant::ControlB];

/// There is one device controller, so there is one card at a time.
static CONTROLLER: Mutex<()> = Mutex::new(());

fn controller() -> MutexGuard<'static, ()> {
    CONTROLLER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A card that answers each command with its own octets and a status word, in a thread of its own.
struct Echo {
    poster: Poster,
    thread: Option<JoinHandle<(Observed, Vec<Signal>)>>,
}

impl Echo {
    fn start(config: GadgetConfig) -> Echo {
        Echo::thinking(config, Duration::ZERO)
    }

    /// A card that thinks this long about each command.
    fn thinking(config: GadgetConfig, thinks: Duration) -> Echo {
        Echo::with(config, thinks, &ATR)
    }

    fn with(config: GadgetConfig, thinks: Duration, atr: &'static [u8]) -> Echo {
        let mut card = GadgetCard::open(config).unwrap();
        card.begin(&Opening { atr: atr.to_vec() }).unwrap();
        let poster = card.poster().unwrap();
        let thread = std::thread::spawn(move || {
            let mut heard = Vec::new();
            // A wake without a signal ends it.
            while let Ok(Some(signal)) = card.recv(Time::NEVER) {
                match &signal {
                    Signal::PowerOn | Signal::Reset => card.send(Signal::Atr(atr.to_vec())).unwrap(),
                    Signal::Command(apdu) => {
                        std::thread::sleep(thinks);
                        card.send(Signal::Response([apdu.as_slice(), &[0x90, 0x00]].concat())).unwrap();
                    }
                    _ => {}
                }
                heard.push(signal);
            }
            (card.observed(), heard)
        });
        Echo { poster, thread: Some(thread) }
    }

    fn stop(mut self) -> (Observed, Vec<Signal>) {
        self.poster.wake();
        self.thread.take().unwrap().join().unwrap()
    }
}

/// A test that fails leaves the controller to the next.
impl Drop for Echo {
    fn drop(&mut self) {
        self.poster.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn gadget(variant: Variant, speed: GadgetSpeed) -> GadgetConfig {
    let mut iccd = IccdFunction::of(variant);
    if let Some(class) = &mut iccd.descriptor
        && variant != Variant::ControlA
    {
        class.features = Features(Features::TOKEN | Features::AUTO_PARAMETERS | Features::EXTENDED_APDU);
    }
    GadgetConfig { speed, iccd, ..GadgetConfig::default() }
}

fn select() -> UsbSelect {
    UsbSelect { vendor: Some(0x1D6B), product: Some(0x0105), ..UsbSelect::default() }
}

/// A terminal whose card has no power yet.
fn opened() -> IccdTerminal {
    let config = IccdConfig { select: select(), limit: Duration::from_secs(5), ..IccdConfig::default() };
    let mut terminal = IccdTerminal::open(config).unwrap();
    terminal.begin(&Opening::default()).unwrap();
    terminal
}

fn terminal() -> IccdTerminal {
    let mut terminal = opened();
    terminal.send(Signal::PowerOn).unwrap();
    assert_eq!(next(&mut terminal), Some(Signal::Atr(ATR.to_vec())));
    terminal
}

/// The next signal; none where the link says that there is no answer.
fn next(link: &mut impl Link) -> Option<Signal> {
    let until = link.now() + Duration::from_millis(10);
    link.recv(until).unwrap().filter(|signal| !matches!(signal, Signal::Unanswered { .. }))
}

fn exchange(terminal: &mut IccdTerminal, apdu: &[u8]) -> Vec<u8> {
    terminal.send(Signal::Command(apdu.to_vec())).unwrap();
    match next(terminal) {
        Some(Signal::Response(response)) => response,
        other => panic!("{other:?}, {:?}", terminal.failure()),
    }
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// The whole response over version A, whose terminal follows 61xx and 6Cxx.
fn exchange_t0(terminal: &mut IccdTerminal, apdu: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut response = exchange(terminal, apdu);
    loop {
        let sw = response.split_off(response.len() - 2);
        data.extend(response);
        response = match sw.as_slice() {
            [0x61, p3] => exchange(terminal, &[0x00, 0xC0, 0x00, 0x00, *p3]),
            [0x6C, p3] => exchange(terminal, &[apdu[0], apdu[1], apdu[2], apdu[3], *p3]),
            _ => return [data, sw].concat(),
        };
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn random_exchanges_in_all_variants_at_both_speeds() {
    let _only = controller();
    for speed in [GadgetSpeed::Full, GadgetSpeed::High] {
        for variant in VARIANTS {
            let card = Echo::start(gadget(variant, speed));
            let mut terminal = terminal();
            let info = terminal.device().unwrap().clone();
            let wanted = if speed == GadgetSpeed::Full { Speed::Full } else { Speed::High };
            assert_eq!(info.speed, wanted, "start the guest with --speed high");
            let mut numbers = Numbers(7);
            let began = Instant::now();
            for number in 0..300 {
                let octets = if variant == Variant::ControlA { 1 + numbers.next(255) } else { 1 + numbers.next(700) };
                let body: Vec<u8> = (0..octets).map(|at| (at + number) as u8).collect();
                let mut apdu = vec![0x80, 0xC2, 0x00, 0x00];
                match u8::try_from(octets) {
                    Ok(short) => apdu.push(short),
                    Err(_) => apdu.extend([0x00, (octets >> 8) as u8, octets as u8]),
                }
                apdu.extend(body);
                let answered = if variant == Variant::ControlA {
                    // The card sees case 4: ENVELOPE has an answer.
                    let all = exchange_t0(&mut terminal, &apdu);
                    apdu.push(0);
                    all
                } else {
                    exchange(&mut terminal, &apdu)
                };
                assert_eq!(answered, [apdu.as_slice(), &[0x90, 0x00]].concat(), "{variant}, {octets} octets");
            }
            let each = began.elapsed() / 300;
            let counters = terminal.counters();
            drop(terminal);
            let (observed, heard) = card.stop();
            println!("{variant} at {}: {each:?} each, {counters:?}, {observed:?}", info.speed);
            let commands = heard.iter().filter(|signal| matches!(signal, Signal::Command(_))).count();
            assert_eq!((commands, observed.dropped), (300, 0));
            assert_eq!(heard.last(), Some(&Signal::PowerOff), "the terminal leaves the card without power");
        }
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn lengths_around_packets_arrive() {
    let _only = controller();
    for variant in [Variant::Bulk, Variant::ControlB] {
        for zero_length_packets in [true, false] {
            let mut config = gadget(variant, GadgetSpeed::Full);
            config.iccd.zero_length_packets = zero_length_packets;
            let card = Echo::start(config);
            let mut terminal = terminal();
            // With the header of ten octets, and with the status word of the answer, around multiples of 64.
            for octets in (40..70).chain(100..140).chain(240..262).chain([4000, 4096, 9000]) {
                let apdu: Vec<u8> = (0..octets).map(|at| at as u8).collect();
                assert_eq!(exchange(&mut terminal, &apdu), [apdu.as_slice(), &[0x90, 0x00]].concat(), "{octets}");
            }
            drop(terminal);
            card.stop();
        }
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_message_that_fills_its_last_packet_ends_as_asked() {
    let _only = controller();
    let patience = Duration::from_millis(500);
    for zero_length_packets in [true, false] {
        let mut config = gadget(Variant::Bulk, GadgetSpeed::Full);
        config.iccd.zero_length_packets = zero_length_packets;
        let card = Echo::start(config);
        let device = Device::open(&select(), "card", &|offer| matches!(offer, Offer::Iccd(_)), patience).unwrap();
        let (out, into) = (device.interface.bulk_out().unwrap(), device.interface.bulk_in().unwrap());
        let ask = |message: Message| {
            device.bulk_out(out, &message.encode(), patience).unwrap();
            let began = Instant::now();
            let answer = device.bulk_in(into, 4096, patience).unwrap();
            (answer.len(), began.elapsed() < patience)
        };
        assert_eq!(ask(Message::command(Kind::IccPowerOn, 0, 0)), (18, true));
        // 116 octets and the status word make a message of two full packets.
        let answer = ask(Message::xfr_block(1, Chain::Whole, &[0x5A; 116]));
        assert_eq!(answer, (128, zero_length_packets), "a read of more ends with the message only if it is marked");
        drop(device);
        card.stop();
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn the_longest_apdu_arrives() {
    let _only = controller();
    for variant in [Variant::Bulk, Variant::ControlB] {
        let card = Echo::start(gadget(variant, GadgetSpeed::High));
        let mut terminal = terminal();
        let mut apdu = vec![0x00, 0xD6, 0x00, 0x00, 0x00, 0xFF, 0xFF];
        apdu.extend((0..65_528).map(|at| (at / 3) as u8));
        assert_eq!(exchange(&mut terminal, &apdu), [apdu.as_slice(), &[0x90, 0x00]].concat(), "{variant}");
        drop(terminal);
        card.stop();
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_slow_card_gets_its_time_and_a_silent_one_is_given_up() {
    let _only = controller();
    for variant in VARIANTS {
        let mut config = gadget(variant, GadgetSpeed::Full);
        config.iccd.extension = Duration::from_millis(100);
        let card = Echo::thinking(config, Duration::from_millis(450));
        let mut terminal = terminal();
        assert!(!exchange(&mut terminal, &[0x00, 0xB0, 0x00, 0x00, 0x05]).is_empty());
        let counters = terminal.counters();
        assert!(counters.time_extensions > 0 || counters.polls > 0, "{variant}: {counters:?}");
        drop(terminal);
        card.stop();

        // The player of this one never says anything but its ATR.
        let mut config = gadget(variant, GadgetSpeed::Full);
        config.iccd.extension = Duration::from_millis(100);
        let mut card = GadgetCard::open(config).unwrap();
        card.begin(&Opening { atr: ATR.to_vec() }).unwrap();
        let until = Duration::from_secs(20);
        let (told, late) = std::sync::mpsc::channel();
        let quiet = std::thread::spawn(move || {
            while let Ok(Some(signal)) = card.recv(card.now() + until) {
                match signal {
                    Signal::PowerOn => card.send(Signal::Atr(ATR.to_vec())).unwrap(),
                    // Later than the terminal's patience: nobody may take it for the answer to the next command.
                    Signal::Command(apdu) if apdu[1] == 0xB0 => {
                        std::thread::sleep(Duration::from_millis(400));
                        card.send(Signal::Response(vec![0xDE, 0xAD, 0x90, 0x00])).unwrap();
                        told.send(()).unwrap();
                    }
                    Signal::Command(_) => card.send(Signal::Response(vec![0x90, 0x00])).unwrap(),
                    // The card lives until the terminal is done with it.
                    _ => return card,
                }
            }
            panic!("the terminal was silent");
        });
        let config = IccdConfig { select: select(), limit: Duration::from_millis(200), ..IccdConfig::default() };
        let mut terminal = IccdTerminal::open(config).unwrap();
        terminal.send(Signal::PowerOn).unwrap();
        assert!(next(&mut terminal).is_some());
        terminal.send(Signal::Command(vec![0x00, 0xB0, 0x00, 0x00, 0x02])).unwrap();
        assert_eq!(next(&mut terminal), None, "{variant}: no answer in time");
        if variant == Variant::Bulk {
            late.recv().unwrap();
            terminal.send(Signal::Command(SELECT.to_vec())).unwrap();
            let answer = next(&mut terminal);
            assert_eq!(answer, Some(Signal::Response(vec![0x90, 0x00])), "the late answer is skipped");
        }
        terminal.send(Signal::PowerOff).unwrap();
        drop(quiet.join().unwrap());
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn quirks_of_a_card_show_at_the_terminal() {
    let _only = controller();
    let quirky = |variant, quirks| {
        let mut config = gadget(variant, GadgetSpeed::Full);
        config.iccd.quirks = quirks;
        let card = Echo::start(config);
        let mut terminal = terminal();
        terminal.send(Signal::Command(SELECT.to_vec())).unwrap();
        let answer = next(&mut terminal);
        let result = (answer.is_some(), terminal.failure().cloned(), terminal.counters());
        drop(terminal);
        card.stop();
        result
    };
    let stale = Quirks { stale_first: true, time_extensions: 3, ..Quirks::default() };
    let (answered, _, counters) = quirky(Variant::Bulk, stale);
    assert_eq!((answered, counters.stale, counters.time_extensions), (true, 1, 3));
    let polls = Quirks { polls: vec![20, 0, 0, 0, 0], ..Quirks::default() };
    let began = Instant::now();
    let (answered, _, counters) = quirky(Variant::ControlB, polls);
    assert!(answered && counters.polls == 5 && began.elapsed() >= Duration::from_millis(200), "{counters:?}");
    for variant in VARIANTS {
        let mute = Quirks { status: Some([0x42, 0xFE]), ..Quirks::default() };
        let (answered, failure, _) = quirky(variant, mute);
        assert_eq!((answered, failure), (false, Some(Failure::Mute)), "{variant}");
    }
    let refused = Quirks { slot_status: Some([0x40, 0xFB]), ..Quirks::default() };
    let (answered, failure, counters) = quirky(Variant::Bulk, refused);
    let said = "SlotStatus (81) came in place of DataBlock: the card is active, the command failed: FB, hardware error";
    assert_eq!((answered, failure.map(|failure| failure.to_string()), counters.stale), (false, Some(said.into()), 0));
    for variant in [Variant::Bulk, Variant::ControlB] {
        let unknown = Quirks { chain: Some(0x7F), ..Quirks::default() };
        let (answered, failure, _) = quirky(variant, unknown);
        assert_eq!((answered, failure), (false, Some(Failure::UnknownType(0x7F))), "{variant}");
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn power_is_negotiated_or_stalled() {
    let _only = controller();
    let card = Echo::start(gadget(Variant::ControlB, GadgetSpeed::Full));
    let first = terminal();
    let negotiation = first.negotiation().unwrap().clone();
    assert_eq!(negotiation.offer, Answer::Given(Power::CLASS_C));
    assert_eq!(negotiation.resume, Answer::Given(vec![0, 0, 0]));
    drop(first);
    let (observed, _) = card.stop();
    assert_eq!((observed.power_read, observed.power_written, observed.resume_read), (1, Some([0x04, 50]), 1));

    let power = PowerAnswers { offer: None, takes: false, resume: None };
    let card = Echo::start(GadgetConfig { power, ..gadget(Variant::ControlB, GadgetSpeed::Full) });
    let second = terminal();
    let negotiation = second.negotiation().unwrap().clone();
    assert_eq!((negotiation.offer, negotiation.given), (Answer::Stalled, Answer::NotAsked));
    assert_eq!((negotiation.resume, negotiation.requests), (Answer::Stalled, 6));
    drop(second);
    assert_eq!(card.stop().0.stalled, 6);
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_reset_is_warm_and_power_on_is_cold() {
    let _only = controller();
    for variant in VARIANTS {
        let card = Echo::start(gadget(variant, GadgetSpeed::Full));
        let mut terminal = terminal();
        terminal.send(Signal::Reset).unwrap();
        assert_eq!(next(&mut terminal), Some(Signal::Atr(ATR.to_vec())), "{variant}");
        terminal.send(Signal::PowerOn).unwrap();
        assert_eq!(next(&mut terminal), Some(Signal::Atr(ATR.to_vec())), "{variant}");
        drop(terminal);
        let (_, heard) = card.stop();
        let wanted = [Signal::PowerOn, Signal::Reset, Signal::PowerOff, Signal::PowerOn, Signal::PowerOff];
        assert_eq!(heard, wanted, "{variant}");
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_card_that_is_plugged_in_again_is_found_again() {
    let _only = controller();
    let mut card = GadgetCard::open(gadget(Variant::Bulk, GadgetSpeed::Full)).unwrap();
    let mut opened: Option<IccdTerminal> = None;
    for session in 0..4 {
        let began = Instant::now();
        card.begin(&Opening { atr: ATR.to_vec() }).unwrap();
        let mut terminal = match opened.take() {
            Some(terminal) => terminal,
            None => IccdTerminal::open(IccdConfig { select: select(), ..IccdConfig::default() }).unwrap(),
        };
        terminal.begin(&Opening::default()).unwrap();
        let took = began.elapsed();
        std::thread::scope(|scope| {
            let player = scope.spawn(|| {
                assert_eq!(card.recv(Time::NEVER).unwrap(), Some(Signal::PowerOn), "session {session}");
                card.send(Signal::Atr(ATR.to_vec())).unwrap();
            });
            terminal.send(Signal::PowerOn).unwrap();
            player.join().unwrap();
        });
        assert_eq!(next(&mut terminal), Some(Signal::Atr(ATR.to_vec())), "session {session}");
        println!("session {session} began within {took:?}");
        opened = Some(terminal);
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn what_goes_away_is_gone() {
    let _only = controller();
    // The card goes: the terminal learns it.
    let card = Echo::start(gadget(Variant::ControlB, GadgetSpeed::Full));
    let mut terminal = terminal();
    card.stop();
    let error = terminal.send(Signal::Command(SELECT.to_vec())).unwrap_err();
    assert!(error.is_interruption(), "{error}");
    let began = Instant::now();
    let config = IccdConfig { select: select(), appear: Duration::from_millis(300), ..IccdConfig::default() };
    let error = IccdTerminal::open(config).unwrap_err();
    assert!(error.to_string().contains("1d6b:0105"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(2));

    // The terminal goes: the card learns it.
    let absence = Duration::from_millis(500);
    let mut card = GadgetCard::open(GadgetConfig { absence, ..gadget(Variant::Bulk, GadgetSpeed::Full) }).unwrap();
    card.begin(&Opening { atr: ATR.to_vec() }).unwrap();
    assert!(card.wait_configured(Duration::from_secs(5)));
    let device = usb::list().unwrap().into_iter().find(|device| device.vendor == 0x1D6B && device.product == 0x0105);
    let path = device.unwrap().path;
    let configuration = format!("/sys/bus/usb/devices/{path}/bConfigurationValue");
    // In the normal course: the configuration is set again.
    std::fs::write(&configuration, "0").unwrap();
    std::fs::write(&configuration, "1").unwrap();
    assert_eq!(card.recv(card.now() + Duration::from_secs(1)).unwrap(), None);
    std::fs::write(&configuration, "0").unwrap();
    let error = card.recv(card.now() + Duration::from_secs(5)).unwrap_err();
    assert!(error.is_interruption() && error.to_string().contains("did not come back"), "{error}");
    drop(card);

    // The controller is taken away by somebody else.
    let mut card = GadgetCard::open(gadget(Variant::Bulk, GadgetSpeed::Full)).unwrap();
    card.begin(&Opening { atr: ATR.to_vec() }).unwrap();
    assert!(card.wait_configured(Duration::from_secs(5)));
    for gadget in usb_gadget::registered().unwrap() {
        gadget.bind(None).unwrap();
    }
    let error = card.recv(card.now() + Duration::from_secs(5)).unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn devices_are_listed_with_what_they_offer_and_nothing_is_left_behind() {
    let _only = controller();
    for variant in VARIANTS {
        let mut card = GadgetCard::open(gadget(variant, GadgetSpeed::Full)).unwrap();
        let error = GadgetCard::open(gadget(variant, GadgetSpeed::Full)).and_then(|mut other| {
            card.begin(&Opening::default())?;
            other.begin(&Opening::default())
        });
        assert!(matches!(error, Err(LinkError::Missing { .. })), "the controller is taken: {error:?}");
        assert!(card.wait_configured(Duration::from_secs(5)));
        let device = usb::list().unwrap().into_iter().find(|device| device.product == 0x0105).unwrap();
        assert_eq!(device.to_string(), format!("1d6b:0105 at {} (dmsc, USB UICC)", device.path));
        assert_eq!((device.serial.as_deref(), device.problem.as_deref()), (Some("1"), None));
        match device.offers().as_slice() {
            [Offer::Iccd(iccd)] => {
                assert_eq!((iccd.variant, &iccd.class), (variant, &gadget(variant, GadgetSpeed::Full).iccd.descriptor));
            }
            other => panic!("{other:?}"),
        }
        let began = Instant::now();
        drop(card);
        println!("{variant}: removed within {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(1), "no thread is waited for");
        assert!(usb_gadget::registered().unwrap().is_empty());
    }
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    assert!(threads <= 4, "{threads} threads are left");
}
