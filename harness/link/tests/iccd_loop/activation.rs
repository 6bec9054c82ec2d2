//! Power at one voltage, what is settled before the first command, and devices that are not spoken to.

use std::time::Duration;

use dmsc_link::gadget::GadgetSpeed;
use dmsc_link::usb::{IccdConfig, IccdTerminal};
use dmsc_link::{Link, LinkError, Signal};
use dmsc_usb::descriptor::{Features, Variant};

use crate::{ATR, Echo, SELECT, controller, exchange_t0, gadget, next, opened, select};

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn power_comes_at_the_voltage_that_the_card_takes() {
    let _only = controller();
    let powered = |power| {
        let mut config = gadget(Variant::Bulk, GadgetSpeed::Full);
        config.iccd.quirks.power = Some(power);
        if let Some(class) = &mut config.iccd.descriptor {
            class.voltages = 0x05;
        }
        let card = Echo::start(config);
        let mut terminal = opened();
        terminal.send(Signal::PowerOn).unwrap();
        let result = (next(&mut terminal), terminal.failure().map(ToString::to_string).unwrap_or_default());
        drop(terminal);
        card.stop();
        result
    };
    // 1.8 V, after its own choice and 5 V.
    assert_eq!(powered([3, 0xFE]).0, Some(Signal::Atr(ATR.to_vec())));
    // 3 V is not what the descriptor offers.
    let (atr, failure) = powered([2, 0x07]);
    assert_eq!(atr, None);
    assert!(failure.starts_with("the card got no power: the voltage of its choice was refused (octet 7"), "{failure}");
    assert!(failure.contains("5 V was refused") && failure.contains("1.8 V was refused"), "{failure}");
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_device_that_negotiates_nothing_is_told_what_the_atr_asks_for() {
    let _only = controller();
    // TA1 95, and the same in specific mode.
    for atr in [&[0x3B, 0x10, 0x95][..], &[0x3B, 0x90, 0x95, 0x10, 0x00]] {
        for automatic in [0, Features::AUTO_CONFIGURATION, Features::AUTO_PPS, Features::AUTO_PARAMETERS] {
            let mut config = gadget(Variant::Bulk, GadgetSpeed::Full);
            if let Some(class) = &mut config.iccd.descriptor {
                class.features = Features(Features::TOKEN | Features::TPDU | automatic);
                (class.protocols, class.max_data_rate) = (1, 344_086);
            }
            let card = Echo::with(config, Duration::ZERO, atr);
            let mut terminal = opened();
            terminal.send(Signal::PowerOn).unwrap();
            assert_eq!(next(&mut terminal), Some(Signal::Atr(atr.to_vec())), "{automatic:X}: {:?}", terminal.failure());
            let answered = exchange_t0(&mut terminal, &SELECT[..7]);
            assert_eq!(answered, [&SELECT[..], &[0x90, 0x00]].concat(), "{automatic:X}");
            drop(terminal);
            card.stop();
        }
    }
}

#[test]
#[ignore = "needs a device controller: run it in the guest"]
fn a_device_of_single_characters_is_refused_by_name() {
    let _only = controller();
    for variant in [Variant::Bulk, Variant::ControlB] {
        let mut config = gadget(variant, GadgetSpeed::Full);
        if let Some(class) = &mut config.iccd.descriptor {
            class.features = Features(Features::TOKEN | Features::AUTO_PARAMETERS);
        }
        let card = Echo::start(config);
        let error = IccdTerminal::open(IccdConfig { select: select(), ..IccdConfig::default() }).unwrap_err();
        assert!(matches!(error, LinkError::Missing { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("exchanges single characters") && text.contains("through PC/SC"), "{variant}: {text}");
        card.stop();
    }
}
