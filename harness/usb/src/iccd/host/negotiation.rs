//! What a device is told after the ATR that negotiates nothing by itself, by dwFeatures (CCID 5.1): the PPS and the
//! parameters of the protocol.

use crate::atr::{DEFAULT_RATE, InterfaceOctets, baud_rate_adjustment, clock_rate_conversion, interface_octets, pps};
use crate::descriptor::{ClassDescriptor, ExchangeLevel, Features};
use crate::iccd::failure::NegotiationError;

/// WI of T=0, BWI with CWI, and IFSC of T=1 where the ATR does not tell them (ISO/IEC 7816-3 10.2, 11.4).
const WAITING_T0: u8 = 10;
const WAITING_T1: u8 = 0x4D;
const IFSC: u8 = 32;

/// What is to be said after an ATR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Negotiation {
    /// bProtocolNum.
    pub(super) protocol: u8,
    /// The PPS request, where the host makes it.
    pub(super) pps: Option<Vec<u8>>,
    /// abProtocolDataStructure, where the device wants it; F and D come first.
    pub(super) parameters: Option<Vec<u8>>,
}

impl Negotiation {
    /// What a device with this descriptor is told after this ATR; nothing where it negotiates by itself.
    pub(super) fn after(atr: &[u8], class: &ClassDescriptor) -> Result<Option<Negotiation>, NegotiationError> {
        if class.features.has(Features::AUTO_PARAMETERS) {
            return Ok(None);
        }
        let octets = interface_octets(atr);
        if octets.length.is_none() {
            return Err(NegotiationError::Atr);
        }
        let tpdu = class.features.level() == ExchangeLevel::Tpdu;
        let first = octets.ta2.map(|ta2| ta2 & 0x0F).or(octets.protocols.first().copied()).unwrap_or_default();
        // TPDUs are those of T=0 here; whoever takes APDUs speaks what the card does.
        let protocol = if tpdu { 0 } else { first };
        let offered = if octets.ta2.is_some() { first == protocol } else { octets.protocols.contains(&protocol) };
        if !offered || protocol > 1 {
            return Err(NegotiationError::Protocol { offered: octets.protocols });
        }
        let negotiates = class.features.has(Features::AUTO_PPS);
        let configures = class.features.has(Features::AUTO_CONFIGURATION);
        let (rate, asked) = match octets.ta2 {
            // In specific mode nothing is negotiated: the card is as fast as its TA1 says (ISO/IEC 7816-3 8.3).
            Some(ta2) if ta2 & 0x10 != 0 => return Err(NegotiationError::Implicit(ta2)),
            Some(_) => (octets.ta1.unwrap_or(DEFAULT_RATE), false),
            // At APDU level a PPS would pass for a command, so that only the device can make it.
            None if tpdu || negotiates => {
                let fast = octets.ta1.filter(|rate| is_within(class, *rate));
                (fast.unwrap_or(DEFAULT_RATE), fast.is_some() || first != protocol)
            }
            None => (DEFAULT_RATE, false),
        };
        let inverse = atr.first() == Some(&0x3F);
        Ok(Some(Negotiation {
            protocol,
            pps: (asked && !negotiates).then(|| pps(protocol, (rate != DEFAULT_RATE).then_some(rate))),
            parameters: (asked || !configures).then(|| parameters(protocol, rate, inverse, &octets)),
        }))
    }

    /// Takes the answer to the PPS (ISO/IEC 7816-3 9.3): the card repeats it, or leaves F and D out, which then stay as
    /// they are.
    pub(super) fn answered(&mut self, response: &[u8]) -> Result<(), NegotiationError> {
        let Some(asked) = self.pps.take() else { return Ok(()) };
        if response == asked {
            return Ok(());
        }
        if response != pps(self.protocol, None) {
            return Err(NegotiationError::Pps { asked, answered: response.to_vec() });
        }
        if let Some(rate) = self.parameters.as_mut().and_then(|parameters| parameters.first_mut()) {
            *rate = DEFAULT_RATE;
        }
        Ok(())
    }

    /// Whether the device can be left to its own parameters: as after a reset, F and D are what it has anyway.
    pub(super) fn is_default(&self) -> bool {
        self.parameters.as_ref().and_then(|parameters| parameters.first()).is_none_or(|rate| *rate == DEFAULT_RATE)
    }
}

/// Whether a rate is above that of the reset, and the device follows. One that names the rates it has instead of a range
/// stays at the rate of the reset.
fn is_within(class: &ClassDescriptor, rate: u8) -> bool {
    let (Some(f), Some(d)) = (clock_rate_conversion(rate >> 4), baud_rate_adjustment(rate & 0x0F)) else {
        return false;
    };
    // In bit/s: the clock is in kHz.
    let speed = |f: u16, d: u8| u64::from(class.default_clock) * 1000 * u64::from(d) / u64::from(f);
    let bits = speed(f, d);
    class.data_rates == 0 && bits > speed(372, 1) && bits <= u64::from(class.max_data_rate)
}

/// abProtocolDataStructure of SetParameters (CCID 6.1.7).
fn parameters(protocol: u8, rate: u8, inverse: bool, octets: &InterfaceOctets) -> Vec<u8> {
    let convention = if inverse { 0x02 } else { 0x00 };
    let guard = octets.tc1.unwrap_or(0);
    match protocol {
        0 => vec![rate, convention, guard, octets.tc2.unwrap_or(WAITING_T0), 0x00],
        _ => {
            let [ifsc, waiting, check] = octets.t1;
            let check = 0x10 | convention | check.unwrap_or(0) & 0x01;
            vec![rate, check, guard, waiting.unwrap_or(WAITING_T1), 0x00, ifsc.unwrap_or(IFSC), 0x00]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T=0 with TA1 95 (F 512, D 16), TC1 2 and TC2 20.
    const FAST: [u8; 7] = [0x3B, 0xD0, 0x95, 0x02, 0x40, 0x14, 0x00];

    /// A device with these features that does 3.58 MHz and this many bit/s.
    fn class(features: u32, max_data_rate: u32) -> ClassDescriptor {
        ClassDescriptor { features: Features(features), max_data_rate, ..ClassDescriptor::default() }
    }

    fn after(atr: &[u8], features: u32) -> Negotiation {
        Negotiation::after(atr, &class(features, 344_086)).unwrap().unwrap()
    }

    fn refused(atr: &[u8], features: u32) -> NegotiationError {
        Negotiation::after(atr, &class(features, 344_086)).unwrap_err()
    }

    #[test]
    fn a_device_that_does_it_all_is_told_nothing() {
        let (all, none) = (class(Features::AUTO_PARAMETERS | Features::TPDU, 344_086), Ok(None));
        assert_eq!(Negotiation::after(&FAST, &all), none);
        // Whatever the ATR is.
        assert_eq!(Negotiation::after(&[], &all), none);
        // In negotiable mode, a device that follows the ATR by itself needs no word at the rate of the reset.
        let configured = after(&[0x3B, 0x00], Features::AUTO_CONFIGURATION | Features::TPDU);
        assert_eq!((configured.pps, configured.parameters), (None, None));
    }

    #[test]
    fn a_device_that_does_nothing_gets_the_pps_and_the_parameters() {
        let told = after(&FAST, Features::TPDU);
        assert_eq!(told.pps, Some(vec![0xFF, 0x10, 0x95, 0x7A]));
        assert_eq!((told.protocol, told.parameters), (0, Some(vec![0x95, 0x00, 0x02, 0x14, 0x00])));
        // TS 3F.
        let told = after(&[0x3F, 0x00], Features::TPDU);
        assert_eq!((told.pps, told.parameters), (None, Some(vec![0x11, 0x02, 0x00, 0x0A, 0x00])));
        // After a PPS that the host made, a device that follows the ATR only has to be told.
        let told = after(&FAST, Features::TPDU | Features::AUTO_CONFIGURATION);
        assert!(told.pps.is_some() && told.parameters.is_some());
    }

    #[test]
    fn a_device_that_makes_the_pps_gets_the_parameters_for_it() {
        for level in [Features::TPDU, Features::SHORT_APDU] {
            let told = after(&FAST, Features::AUTO_PPS | level);
            assert_eq!((told.pps, told.parameters), (None, Some(vec![0x95, 0x00, 0x02, 0x14, 0x00])));
        }
        // At APDU level nobody else can.
        let told = after(&FAST, Features::SHORT_APDU);
        assert_eq!((told.pps, told.parameters), (None, Some(vec![0x11, 0x00, 0x02, 0x14, 0x00])));
    }

    #[test]
    fn a_rate_that_the_device_cannot_do_is_not_asked_for() {
        // 3.58 MHz * 16 / 512 is 111 875 bit/s.
        let told = |class| Negotiation::after(&FAST, &class).unwrap().unwrap().pps.is_some();
        assert!(told(class(Features::TPDU, 111_875)));
        assert!(!told(class(Features::TPDU, 111_874)));
        assert!(!told(ClassDescriptor { data_rates: 3, ..class(Features::TPDU, 344_086) }));
        // Slower than after a reset, and not a rate at all.
        assert_eq!(after(&[0x3B, 0x10, 0x01], Features::TPDU).pps, None);
        assert_eq!(after(&[0x3B, 0x10, 0xFF], Features::TPDU).pps, None);
    }

    #[test]
    fn in_specific_mode_nothing_is_negotiated() {
        // TA1 95, TD1 T=0, TA2 00.
        let told = after(&[0x3B, 0x90, 0x95, 0x10, 0x00], Features::TPDU);
        assert_eq!((told.pps, told.parameters), (None, Some(vec![0x95, 0x00, 0x00, 0x0A, 0x00])));
        let told = after(&[0x3B, 0x90, 0x95, 0x10, 0x00], Features::TPDU | Features::AUTO_CONFIGURATION);
        assert_eq!(told.parameters, None);
        assert_eq!(refused(&[0x3B, 0x90, 0x95, 0x10, 0x10], Features::TPDU), NegotiationError::Implicit(0x10));
        let other = refused(&[0x3B, 0x80, 0x11, 0x01, 0x00], Features::TPDU);
        assert_eq!(other, NegotiationError::Protocol { offered: vec![1] });
    }

    #[test]
    fn a_second_protocol_is_asked_for_and_one_that_is_not_offered_is_told() {
        // T=1 first, then T=0.
        let told = after(&[0x3B, 0x80, 0x81, 0x00, 0x81], Features::TPDU);
        assert_eq!(told.pps, Some(vec![0xFF, 0x00, 0xFF]));
        // T=1 alone, with IFSC, waiting times and a CRC.
        let t1 = [0x3B, 0x80, 0x81, 0x71, 0xFE, 0x45, 0x01, 0x00];
        let error = refused(&t1, Features::TPDU);
        assert_eq!(error, NegotiationError::Protocol { offered: vec![1] });
        assert!(error.to_string().starts_with("the card offers T=1, and the device wants TPDUs of T=0"), "{error}");
        let told = after(&t1, Features::SHORT_APDU);
        assert_eq!((told.protocol, told.parameters), (1, Some(vec![0x11, 0x11, 0x00, 0x45, 0x00, 0xFE, 0x00])));
        assert_eq!(refused(&[0x3B], Features::TPDU), NegotiationError::Atr);
        assert_eq!(refused(&[0x3B, 0x80], Features::TPDU), NegotiationError::Atr);
    }

    #[test]
    fn a_card_may_leave_the_rate_out_and_nothing_else() {
        let mut told = after(&FAST, Features::TPDU);
        told.clone().answered(&[0xFF, 0x10, 0x95, 0x7A]).unwrap();
        assert!(!told.is_default());
        for wrong in [&[][..], &[0xFF, 0x10, 0x94, 0x7B], &[0xFF, 0x01, 0xFE], &[0xFF, 0x00, 0x00]] {
            let (asked, answered) = (vec![0xFF, 0x10, 0x95, 0x7A], wrong.to_vec());
            assert_eq!(told.clone().answered(wrong), Err(NegotiationError::Pps { asked, answered }));
        }
        told.answered(&[0xFF, 0x00, 0xFF]).unwrap();
        assert!(told.is_default());
        assert_eq!(told.parameters, Some(vec![0x11, 0x00, 0x02, 0x14, 0x00]));
    }
}
