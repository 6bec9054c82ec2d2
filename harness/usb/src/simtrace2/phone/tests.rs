use proptest::prelude::*;

use super::*;

fn octets(phone: &mut Phone) -> Vec<u8> {
    std::iter::from_fn(|| phone.poll_act())
        .filter_map(|act| if let Act::Octet(octet) = act { Some(octet) } else { None })
        .collect()
}

fn hear(phone: &mut Phone, octets: &[u8]) -> Vec<Heard> {
    octets.iter().for_each(|octet| phone.receive(*octet));
    std::iter::from_fn(|| phone.poll_heard()).collect()
}

fn ready() -> Phone {
    let mut phone = Phone::new();
    phone.power_on();
    assert_eq!(hear(&mut phone, &[0x3B, 0x00]), [Heard::Atr(vec![0x3B, 0x00])]);
    octets(&mut phone);
    phone
}

#[test]
fn lines_move_in_the_order_of_the_standard() {
    let mut phone = Phone::new();
    let mut wires = |act: fn(&mut Phone)| {
        act(&mut phone);
        std::iter::from_fn(|| phone.poll_act()).collect::<Vec<_>>()
    };
    let [off, reset, run] = [Wires::OFF, Wires::RESET, Wires::RUN].map(Act::Wire);
    assert_eq!(wires(Phone::reset), [reset, run]);
    assert_eq!(wires(Phone::reset), [reset, run]);
    assert_eq!(wires(Phone::power_on), [reset, off, reset, run]);
    assert_eq!(wires(Phone::power_off), [reset, off]);
    assert_eq!(wires(Phone::power_on), [reset, run]);
}

#[test]
fn rates_that_the_card_offers_are_negotiated_before_the_first_command() {
    let mut phone = Phone::new();
    phone.power_on();
    let atr = [0x3B, 0x90, 0x96, 0x00];
    assert_eq!(hear(&mut phone, &atr), []);
    assert_eq!(octets(&mut phone), [0xFF, 0x10, 0x96, 0x79]);
    assert_eq!(phone.command(&[0x80, 0xF2, 0, 0]), Err(CommandError::NotReady));
    assert_eq!(hear(&mut phone, &[0xFF, 0x10, 0x96, 0x79]), [Heard::Atr(atr.to_vec())]);
    phone.reset();
    assert_eq!(hear(&mut phone, &atr), []);
    assert_eq!(hear(&mut phone, &[0xFF, 0x00, 0xFF]), [Heard::Fault(Fault::Pps), Heard::Atr(atr.to_vec())]);
}

#[test]
fn procedure_octets_are_obeyed() {
    let mut phone = ready();
    phone.command(&[0x80, 0x10, 0, 0, 3, 1, 2, 3]).unwrap();
    assert_eq!(octets(&mut phone), [0x80, 0x10, 0, 0, 3]);
    // One octet, more time, the rest.
    assert_eq!(hear(&mut phone, &[0xEF]), []);
    assert_eq!(octets(&mut phone), [1]);
    assert_eq!(hear(&mut phone, &[0x60, 0x10]), []);
    assert_eq!((octets(&mut phone), phone.nulls()), (vec![2, 3], 1));
    assert_eq!(hear(&mut phone, &[0x91, 0x0C]), [Heard::Response(vec![0x91, 0x0C])]);

    phone.command(&[0x80, 0x12, 0, 0, 3]).unwrap();
    assert_eq!(octets(&mut phone), [0x80, 0x12, 0, 0, 3]);
    // Octets of data may look like procedure octets.
    let response = hear(&mut phone, &[0x12, 0x60, 0x90, 0x12, 0x90, 0x00]);
    assert_eq!(response, [Heard::Response(vec![0x60, 0x90, 0x12, 0x90, 0x00])]);
    phone.command(&[0x80, 0x12, 0, 0, 0]).unwrap();
    octets(&mut phone);
    let all = [&[0x12][..], &[7; 256], &[0x90, 0x00]].concat();
    assert_eq!(hear(&mut phone, &all), [Heard::Response(all[1..].to_vec())]);
}

#[test]
fn le_of_a_command_with_data_stays_at_home() {
    let mut phone = ready();
    phone.command(&[0x00, 0xA4, 0, 4, 2, 0x3F, 0, 0]).unwrap();
    assert_eq!(octets(&mut phone), [0x00, 0xA4, 0, 4, 2]);
    hear(&mut phone, &[0xA4]);
    assert_eq!(octets(&mut phone), [0x3F, 0x00]);
    assert_eq!(hear(&mut phone, &[0x61, 0x20]), [Heard::Response(vec![0x61, 0x20])]);
    phone.command(&[0x00, 0x20, 0, 1]).unwrap();
    assert_eq!(octets(&mut phone), [0x00, 0x20, 0, 1, 0]);
    assert_eq!(phone.command(&[0x00, 0x20, 0, 1]), Err(CommandError::NotReady));
}

#[test]
fn what_t0_does_not_allow_is_told() {
    let mut phone = ready();
    assert_eq!(hear(&mut phone, &[0x90]), [Heard::Fault(Fault::Unasked { octet: 0x90 })]);
    phone.command(&[0x80, 0x12, 0, 0, 3]).unwrap();
    assert_eq!(hear(&mut phone, &[0x11]), [Heard::Fault(Fault::Procedure { octet: 0x11, ins: 0x12 })]);
    assert!(matches!(phone.command(&[0x80]), Err(CommandError::NotReady)));
    phone.reset();
    assert_eq!(hear(&mut phone, &[0x3B, 0x00]).len(), 1);
    assert!(matches!(phone.command(&[0x80]), Err(CommandError::Tpdu(_))));
}

proptest! {
    #[test]
    fn any_octets_are_survived(apdu: Vec<u8>, octets: Vec<u8>) {
        let mut phone = ready();
        let _ = phone.command(&apdu);
        hear(&mut phone, &octets);
        phone.reset();
        hear(&mut phone, &octets);
    }
}
