//! Power, and what is settled before the first command.

use dmsc_usb::descriptor::{ClassDescriptor, Features, Variant};
use dmsc_usb::iccd::card::{CardConfig, Quirks};
use dmsc_usb::iccd::host::{Event, Failure, Host, HostConfig, Outcome, PowerSelect, Step, Task};

use crate::bench::{ATR, Bench, SELECT, bench, card_config, class};

/// A card in the bulk variant that takes power at one voltage, with bVoltageSupport and further bits of dwFeatures.
fn one_voltage(power: [u8; 2], voltages: u8, features: u32) -> Bench {
    let mut class = class(Variant::Bulk, Features::SHORT_APDU);
    class.voltages = voltages;
    class.features.0 |= features;
    let quirks = Quirks { power: Some(power), ..Quirks::default() };
    bench(CardConfig { class, quirks, ..card_config(Variant::Bulk) })
}

/// bPowerSelect of each IccPowerOn that went out.
fn selects(bench: &Bench) -> Vec<&str> {
    bench.wire.iter().filter_map(|line| line.strip_prefix("out 62")).map(|line| &line[12..14]).collect()
}

#[test]
fn a_card_that_takes_one_voltage_is_asked_for_each() {
    // That the value is not supported, that the card is mute, that something is broken: drivers try the next.
    for error in [0x07, 0xFE, 0xFB, 0x00] {
        let mut bench = one_voltage([3, error], 0x07, 0);
        assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()), "{error:02X}");
        assert_eq!(selects(&bench), ["00", "01", "02", "03"], "{error:02X}");
    }
    let mut bench = one_voltage([2, 0x07], 0x07, 0);
    assert_eq!(bench.run(Task::Reset), Outcome::Atr(ATR.to_vec()));
    assert_eq!(selects(&bench), ["00", "01", "02"]);
    // What the descriptor does not name is not tried.
    let mut bench = one_voltage([1, 0xFE], 0x05, 0);
    assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()));
    assert_eq!(selects(&bench), ["00", "01"]);
}

#[test]
fn a_card_that_refuses_all_voltages_is_told_with_each() {
    let mut bench = one_voltage([2, 0x07], 0x05, 0);
    let Outcome::Failed(failure) = bench.run(Task::PowerOn) else { panic!() };
    assert_eq!(selects(&bench), ["00", "01", "03"]);
    let text = "the card got no power: the voltage of its choice was refused (octet 7 of the message is not supported), \
                5 V was refused (octet 7 of the message is not supported), 1.8 V was refused (octet 7 of the message is \
                not supported); check its contacts, and which voltage it takes";
    assert_eq!(failure.to_string(), text);
    // A device that chooses by itself is asked once, and so is one at a voltage that somebody named.
    let mut bench = one_voltage([2, 0xFE], 0x07, Features::AUTO_VOLTAGE);
    assert_eq!(bench.run(Task::PowerOn), Outcome::Failed(Failure::Mute));
    assert_eq!(selects(&bench), ["00"]);
    let mut bench = one_voltage([2, 0xFE], 0x07, 0);
    let class = class(Variant::Bulk, Features::SHORT_APDU);
    bench.host =
        Host::new(HostConfig { variant: Variant::Bulk, class, power: PowerSelect::Volt5, ..HostConfig::default() });
    assert_eq!(bench.run(Task::PowerOn), Outcome::Failed(Failure::Mute));
    assert_eq!(selects(&bench), ["01"]);
}

/// A device at TPDU level with these further bits of dwFeatures, and an ATR that offers 111 875 bit/s.
fn negotiating(features: u32) -> Bench {
    let mut class = class(Variant::Bulk, Features::TPDU);
    class.features.0 = Features::TOKEN | Features::TPDU | features;
    (class.protocols, class.max_data_rate) = (1, 344_086);
    let mut bench = bench(CardConfig { class, ..card_config(Variant::Bulk) });
    bench.atr = FAST.to_vec();
    bench
}

/// TA1 95: F 512, D 16.
const FAST: [u8; 3] = [0x3B, 0x10, 0x95];

#[test]
fn a_device_that_negotiates_nothing_gets_pps_and_parameters() {
    let mut bench = negotiating(0);
    assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(FAST.to_vec()));
    let wire = [
        "out 63000000000000000000",
        "in  81000000000000010000",
        "out 62000000000001000000",
        "in  800300000000010000003B1095",
        "out 6F040000000002000000FF10957A",
        "in  80040000000002000000FF10957A",
        "out 610500000000030000009500000A00",
        "in  820500000000030000009500000A00",
    ];
    assert_eq!(bench.wire, wire);
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(vec![0x61, 0x08]));
    // After each reset, too: the card is slow again.
    assert_eq!(bench.run(Task::Reset), Outcome::Atr(FAST.to_vec()));
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(vec![0x61, 0x08]));
}

#[test]
fn a_device_that_makes_the_pps_gets_parameters_and_one_that_does_all_gets_nothing() {
    let mut bench = negotiating(Features::AUTO_PPS);
    assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(FAST.to_vec()));
    assert_eq!(bench.wire[4..], ["out 610500000000020000009500000A00", "in  820500000000020000009500000A00"]);
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(vec![0x61, 0x08]));
    let mut bench = negotiating(Features::AUTO_PARAMETERS);
    assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(FAST.to_vec()));
    assert_eq!(bench.wire.len(), 4);
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(vec![0x61, 0x08]));
}

#[test]
fn a_card_in_specific_mode_is_followed() {
    // TA1 95, TA2 00: the card has its rate at once, and the device has to be told where it does not see it.
    let atr = [0x3B, 0x90, 0x95, 0x10, 0x00];
    for (features, told) in [(0, 1), (Features::AUTO_CONFIGURATION, 0)] {
        let mut bench = negotiating(features);
        bench.atr = atr.to_vec();
        assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(atr.to_vec()));
        let parameters = bench.wire.iter().filter(|line| *line == "out 610500000000020000009500000A00").count();
        assert_eq!((bench.wire.len(), parameters), (4 + 2 * told, told));
        assert_eq!(bench.exchange(&SELECT), Outcome::Response(vec![0x61, 0x08]));
    }
}

#[test]
fn a_device_that_is_not_told_understands_nothing() {
    // A host that takes it for one that negotiates by itself: the card is not slow any more, or not yet fast.
    let mut bench = negotiating(0);
    bench.atr = vec![0x3B, 0x90, 0x95, 0x10, 0x00];
    let class = ClassDescriptor { protocols: 1, ..class(Variant::Bulk, Features::TPDU) };
    bench.host = Host::new(HostConfig { variant: Variant::Bulk, class, ..HostConfig::default() });
    assert!(matches!(bench.run(Task::PowerOn), Outcome::Atr(_)));
    assert_eq!(bench.exchange(&SELECT), Outcome::Failed(Failure::Mute));
}

/// Powers a device that negotiates nothing, and answers what is asked of it as `answer` has it.
fn negotiated(answer: impl Fn(&[u8]) -> Vec<u8>) -> Outcome {
    let mut class = class(Variant::Bulk, Features::TPDU);
    class.features.0 = Features::TOKEN | Features::TPDU;
    class.max_data_rate = 344_086;
    let mut host = Host::new(HostConfig { variant: Variant::Bulk, class, ..HostConfig::default() });
    let (mut step, mut command) = (host.start(Task::Reset), Vec::new());
    loop {
        step = match step {
            Step::Done(outcome) => return outcome,
            Step::BulkOut(octets) => {
                command = octets;
                host.next(Event::Sent)
            }
            _ => {
                let mut message = answer(&command);
                message[6] = command[6];
                host.next(Event::Received(&message))
            }
        };
    }
}

#[test]
fn what_cannot_be_settled_is_told() {
    let atr = vec![0x80, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0x3B, 0x10, 0x95];
    let parameters = vec![0x82, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let told = |pps: Vec<u8>, parameters: Vec<u8>| {
        let outcome = negotiated(|command| match command[0] {
            0x62 => atr.clone(),
            0x6F => pps.clone(),
            _ => parameters.clone(),
        });
        if let Outcome::Failed(failure) = outcome { failure.to_string() } else { format!("{outcome:?}") }
    };
    let agreed = vec![0x80, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x10, 0x95, 0x7A];
    let slow = vec![0x80, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x00, 0xFF];
    assert_eq!(told(agreed.clone(), parameters.clone()), "Atr([59, 16, 149])");
    let mute = vec![0x80, 0, 0, 0, 0, 0, 0, 0x40, 0xFE, 0];
    let text = told(mute, parameters.clone());
    assert!(text.starts_with("the device refused the PPS [FF, 10, 95, 7A]: FE, card mute or absent; use it"), "{text}");
    let other = vec![0x80, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x6F, 0x00];
    let text = told(other, parameters);
    assert_eq!(text, "the PPS [FF, 10, 95, 7A] was answered [6F, 00]; power the card again");
    // Parameters that are refused matter where the card is fast, and not where both have what they had.
    let refused = vec![0x82, 0, 0, 0, 0, 0, 0, 0x40, 10, 0];
    let text = told(agreed, refused.clone());
    assert!(text.starts_with("the device refused the parameters [95, 00, 00, 0A, 00]: octet 10 of the"), "{text}");
    assert_eq!(told(slow.clone(), refused), "Atr([59, 16, 149])");
    let text = told(slow, vec![0x82, 0, 0, 0, 0, 0, 0, 0x40, 0xFB, 0]);
    assert!(text.contains("FB, hardware error"), "{text}");
}

#[test]
fn a_slot_status_in_place_of_the_atr_is_told_and_the_next_voltage_is_tried() {
    let power = |voltages, features| {
        let mut class = class(Variant::Bulk, Features::SHORT_APDU | features);
        class.voltages = voltages;
        let mut host = Host::new(HostConfig { variant: Variant::Bulk, class, ..HostConfig::default() });
        let (mut step, mut asked) = (host.start(Task::Reset), Vec::new());
        loop {
            step = match step {
                Step::Done(outcome) => return (outcome, asked),
                Step::BulkOut(octets) => {
                    asked.push((octets[6], octets[7]));
                    host.next(Event::Sent)
                }
                _ => host.next(Event::Received(&[0x81, 0, 0, 0, 0, 0, asked.last().unwrap().0, 0x41, 0xFB, 0])),
            };
        }
    };
    let (outcome, asked) = power(0x01, Features::AUTO_VOLTAGE);
    let Outcome::Failed(failure) = outcome else { panic!() };
    let said = "the card is present without power, the command failed: FB, hardware error";
    assert_eq!(failure.to_string(), format!("SlotStatus (81) came in place of DataBlock: {said}"));
    assert_eq!(asked, [(0, 0)]);
    let (outcome, asked) = power(0x01, 0);
    assert!(matches!(outcome, Outcome::Failed(Failure::NoPower(refused)) if refused.len() == 2));
    assert_eq!(asked, [(0, 0), (1, 1)]);
}
