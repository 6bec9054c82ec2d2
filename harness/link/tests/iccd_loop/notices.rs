//! What a device says by itself, on its interrupt endpoint.

use std::time::{Duration, Instant};

use dmsc_link::gadget::GadgetSpeed;
use dmsc_link::usb::{IccdConfig, IccdTerminal};
use dmsc_link::{Link, LinkError, Opening, Signal, Time};
use dmsc_usb::descriptor::Variant;
use dmsc_usb::iccd::notice::{HardwareError, Notice};

use crate::{ATR, Echo, SELECT, controller, gadget, terminal};

/// A card that thinks longer than it takes for this to be said of it, and the terminal that waits for its answer: what the
/// terminal is told, and when after the command.
fn said_meanwhile(variant: Variant, notices: Vec<(Duration, Notice)>) -> (Echo, IccdTerminal, LinkError) {
    let mut config = gadget(variant, GadgetSpeed::Full);
    config.iccd.notices = notices;
    let card = Echo::thinking(config, Duration::from_secs(4));
    let mut terminal = terminal();
    let began = Instant::now();
    // A card that is gone may show in its answer before the device says so.
    let error = match terminal.send(Signal::Command(SELECT.to_vec())) {
        Ok(()) => terminal.recv(Time::NEVER).unwrap_err(),
        Err(error) => error,
    };
    println!("{variant}: told after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let again = terminal.send(Signal::Command(SELECT.to_vec())).unwrap_err();
    assert_eq!(again.to_string(), error.to_string(), "until a new session");
    (card, terminal, error)
}

const OUT: Notice = Notice::SlotChange { present: false, changed: true };
const BACK: Notice = Notice::SlotChange { present: true, changed: true };

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_card_that_is_taken_out_of_its_device_is_gone_until_it_is_back() {
    let _only = controller();
    for variant in [Variant::Bulk, Variant::ControlB] {
        let notices = vec![(Duration::from_secs(2), OUT), (Duration::from_secs(2), BACK)];
        let (card, mut terminal, error) = said_meanwhile(variant, notices);
        assert!(error.is_interruption() && error.to_string().contains("taken out"), "{variant}: {error}");
        let began = Instant::now();
        terminal.begin(&Opening::default()).unwrap();
        assert!(began.elapsed() > Duration::from_millis(500), "it is waited for: {:?}", began.elapsed());
        terminal.send(Signal::PowerOn).unwrap();
        let atr = terminal.recv(terminal.now() + Duration::from_secs(1)).unwrap();
        assert_eq!(atr, Some(Signal::Atr(ATR.to_vec())), "{variant}");
        drop(terminal);
        let (_, heard) = card.stop();
        let command = Signal::Command(SELECT.to_vec());
        let wanted = [Signal::PowerOn, command, Signal::PowerOff, Signal::PowerOn, Signal::PowerOff];
        assert_eq!(heard, wanted, "{variant}");
    }
    // One that stays out is waited for as long as a card may take to appear.
    let (card, mut terminal, _) = said_meanwhile(Variant::Bulk, vec![(Duration::from_secs(2), OUT)]);
    let began = Instant::now();
    let error = terminal.begin(&Opening::default()).unwrap_err();
    assert!(error.is_interruption() && began.elapsed() >= IccdConfig::default().appear, "{error}");
    drop(terminal);
    card.stop();
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_card_that_is_taken_out_ends_a_wait_without_an_exchange() {
    let _only = controller();
    let mut config = gadget(Variant::ControlB, GadgetSpeed::Full);
    config.iccd.notices = vec![(Duration::from_secs(1), OUT)];
    let card = Echo::start(config);
    let mut terminal = terminal();
    let began = Instant::now();
    let error = terminal.recv(terminal.now() + Duration::from_secs(60)).unwrap_err();
    assert!(error.is_interruption() && began.elapsed() < Duration::from_secs(30), "{error}");
    drop(terminal);
    card.stop();
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn an_error_of_the_hardware_is_the_rigs() {
    let _only = controller();
    let error = Notice::HardwareError { slot: 0, sequence: 2, code: HardwareError(1) };
    for variant in [Variant::Bulk, Variant::ControlB] {
        let (card, mut terminal, error) = said_meanwhile(variant, vec![(Duration::from_secs(2), error)]);
        assert!(matches!(error, LinkError::Reader { .. }), "{variant}: {error}");
        assert!(error.to_string().contains("(HardwareError 01, overcurrent)"), "{variant}: {error}");
        terminal.begin(&Opening::default()).unwrap();
        drop(terminal);
        card.stop();
    }
}
