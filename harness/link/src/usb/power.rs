//! Power negotiation with a USB UICC (TS 102 600), before the card is used.

use std::time::Duration;

use dmsc_usb::power::{Answer, FROM_CARD, Negotiation, Power, READ, RESUME, TO_CARD, WRITE};

use super::device::{ControlSetup, Device, TransferError};

/// How often each request is made before it is given up, as a host in the field does.
const TRIES: u32 = 3;

/// How long a request may take.
const LIMIT: Duration = Duration::from_millis(500);

/// Asks the card which power it can do with, gives it that, and asks for its resume time.
///
/// # Errors
/// The words of [`TransferError::Gone`]; what a card answers, or refuses, is none.
pub(super) fn negotiate(device: &Device) -> Result<Negotiation, String> {
    let mut negotiation = Negotiation::default();
    let requests = &mut negotiation.requests;
    let offer = ask(requests, || {
        let octets = device.control_in(setup(FROM_CARD, READ), 2, LIMIT)?;
        Ok(<[u8; 2]>::try_from(octets.as_slice()).map_err(|_| format!("{} octets in place of 2", octets.len())))
    })?;
    negotiation.offer = match offer {
        Answer::Given(Ok(octets)) => Answer::Given(Power::parse(octets)),
        Answer::Given(Err(text)) | Answer::Failed(text) => Answer::Failed(text),
        Answer::Stalled => Answer::Stalled,
        Answer::NotAsked => Answer::NotAsked,
    };
    if let Answer::Given(offer) = &negotiation.offer {
        let given = offer.accepted();
        negotiation.given = ask(requests, || {
            device.control_out(setup(TO_CARD, WRITE), &given.encode(), LIMIT)?;
            Ok(given)
        })?;
    }
    negotiation.resume = ask(requests, || device.control_in(setup(FROM_CARD, RESUME), 3, LIMIT))?;
    Ok(negotiation)
}

fn ask<T>(requests: &mut u32, request: impl Fn() -> Result<T, TransferError>) -> Result<Answer<T>, String> {
    let mut answer = Answer::NotAsked;
    for _ in 0..TRIES {
        *requests += 1;
        answer = match request() {
            Ok(given) => return Ok(Answer::Given(given)),
            Err(TransferError::Stalled) => Answer::Stalled,
            Err(TransferError::TimedOut) => Answer::Failed(format!("no answer within {} ms", LIMIT.as_millis())),
            Err(TransferError::Gone(what)) => return Err(what),
        };
    }
    Ok(answer)
}

fn setup(request_type: u8, request: u8) -> ControlSetup {
    ControlSetup { request_type, request, value: 0, index: 0 }
}
