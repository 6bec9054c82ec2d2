//! The service centre of the network, as far as a card needs it: what is sent to the subscriber's own number comes back
//! (DM_SC 7.2, TS 23.040 3).

use dmsc_link::Time;
use dmsc_uicc::sms::{CdmaMessage, CdmaWay, Deliver, SmsAddress, Submit};

use crate::short_message::timestamp;

/// What the network says to a message that it takes no charge of: RP cause 21, short message transfer rejected
/// (TS 24.011 8.2.5.4).
pub(crate) const REJECTED: u8 = 21;

/// A service centre.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceCentre {
    /// The number of the subscriber; without one every message is taken to go there, as by a server that sends it on.
    own: Option<SmsAddress>,
    /// Whether it rejects what it is given.
    pub(crate) rejects: bool,
}

impl ServiceCentre {
    /// One that knows this number of the subscriber.
    pub(crate) fn of(own: Option<&str>) -> ServiceCentre {
        ServiceCentre { own: own.and_then(SmsAddress::from_text), rejects: false }
    }

    /// Takes a message. Gives what comes back to the subscriber, if it goes there, or the RP cause of a refusal. What
    /// cannot be read is rejected.
    pub(crate) fn submit(&self, tpdu: &[u8], now: Time) -> Result<Option<Vec<u8>>, u8> {
        let submit = Submit::parse(tpdu).map_err(|_| REJECTED)?;
        if self.rejects {
            return Err(REJECTED);
        }
        let goes_back = self.own.as_ref().is_none_or(|own| *own == submit.destination);
        if !goes_back {
            return Ok(None);
        }
        let from = self.own.clone().unwrap_or(submit.destination);
        let deliver = Deliver::new(from, submit.dcs, timestamp(now), submit.user_data);
        Deliver { pid: submit.pid, ..deliver }.encode().map(Some).map_err(|_| REJECTED)
    }

    /// The same for a message of CDMA.
    pub(crate) fn submit_cdma(&self, message: CdmaMessage) -> Result<Option<CdmaMessage>, u8> {
        if self.rejects || message.way != CdmaWay::Submit {
            return Err(REJECTED);
        }
        let destination = SmsAddress::from_text(&message.number);
        let goes_back = self.own.is_none() || self.own == destination;
        Ok(goes_back.then_some(CdmaMessage { way: CdmaWay::Deliver, ..message }))
    }
}

#[cfg(test)]
mod tests {
    use dmsc_octets::{from_hex, to_hex};

    use super::*;

    /// Two octets of 8-bit data to +15551234567.
    const SUBMIT: &str = "01000B915155214365F700F502ABCD";

    #[test]
    fn what_goes_to_the_own_number_comes_back() {
        let tpdu = from_hex(SUBMIT).unwrap();
        let own = ServiceCentre::of(Some("+15551234567"));
        let back = own.submit(&tpdu, Time::ZERO).unwrap().unwrap();
        assert_eq!(to_hex(&back), "040B915155214365F700F5621010000000".to_owned() + "0002ABCD");
        assert_eq!(ServiceCentre::of(Some("12345")).submit(&tpdu, Time::ZERO), Ok(None));
        assert_eq!(ServiceCentre::of(None).submit(&tpdu, Time::ZERO).map(|back| back.is_some()), Ok(true));
    }

    #[test]
    fn what_goes_to_the_own_number_comes_back_over_cdma() {
        let message = |way, number: &str| {
            let (number, user_data) = (number.to_owned(), vec![0xAB]);
            CdmaMessage { way, teleservice: 0x1004, number, id: 1, user_data }
        };
        let own = ServiceCentre::of(Some("+15551234567"));
        let sent = |number| own.submit_cdma(message(CdmaWay::Submit, number));
        assert_eq!(sent("+15551234567"), Ok(Some(message(CdmaWay::Deliver, "+15551234567"))));
        assert_eq!(sent("12345"), Ok(None));
        assert_eq!(own.submit_cdma(message(CdmaWay::Deliver, "12345")), Err(REJECTED));
    }

    #[test]
    fn what_is_refused_has_a_cause() {
        let refusing = ServiceCentre { rejects: true, ..ServiceCentre::default() };
        assert_eq!(refusing.submit(&from_hex(SUBMIT).unwrap(), Time::ZERO), Err(REJECTED));
        assert_eq!(ServiceCentre::default().submit(&[0x01], Time::ZERO), Err(REJECTED));
    }
}
