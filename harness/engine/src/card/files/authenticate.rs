//! AUTHENTICATE (TS 102 221 11.1.16, TS 31.102 7.1).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::authentication::{Challenge, ChallengeError};
use dmsc_uicc::status::StatusWord;

use super::pin::PIN1;
use super::tree::Body;
use super::{Access, Answer, Done};

/// Services of EF.UST (TS 31.102 4.2.8): a network's GSM key is given beside CK and IK, and a GSM context is offered.
const GSM_ACCESS: u8 = 27;
const GSM_SECURITY_CONTEXT: u8 = 38;

impl Access<'_> {
    pub(super) fn authenticate(&mut self, command: &CommandApdu) -> Done {
        if command.p1 != 0x00 {
            return Err(StatusWord::WRONG_P1_P2);
        }
        let application = self.channel.application.ok_or(StatusWord::CONDITIONS_OF_USE)?;
        if !self.system.is_within(application, self.channel.directory) {
            return Err(StatusWord::CONDITIONS_OF_USE);
        }
        let challenge = Challenge::parse(command.p2, &command.data).map_err(|error| match error {
            ChallengeError::Length { .. } => StatusWord::WRONG_LENGTH,
            // Voice groups, GBA, MBMS and local keys are contexts of other services.
            ChallengeError::Context { found: 0x82..=0x86 } => StatusWord::NO_SUCH_CONTEXT,
            ChallengeError::Context { .. } => StatusWord::WRONG_P1_P2,
        })?;
        if !self.system.pins.is_met(PIN1) {
            return Err(StatusWord::SECURITY_STATUS);
        }
        let services = self.system.services(application);
        let Some(Body::Application(body)) = self.system.nodes.get_mut(application).map(|node| &mut node.body) else {
            return Err(StatusWord::CONDITIONS_OF_USE);
        };
        let authenticator = body.authenticator.as_mut().ok_or(StatusWord::CONDITIONS_OF_USE)?;
        match challenge {
            Challenge::Gsm { rand } if services.has(GSM_SECURITY_CONTEXT) => {
                Ok(Answer::ok(authenticator.gsm(&rand).encode()))
            }
            Challenge::Gsm { .. } => Err(StatusWord::NO_SUCH_CONTEXT),
            Challenge::Umts { rand, autn } => {
                let outcome = authenticator.umts(&rand, &autn);
                outcome.encode(services.has(GSM_ACCESS)).map(Answer::ok).ok_or(StatusWord::WRONG_MAC)
            }
        }
    }
}
