//! How a terminal takes in the bootstrap that a push brings (DMBOOT, ProvBoot).

use dmsc_provision::cp::{Document, Entry};
use dmsc_provision::push::{Content, Push};
use dmsc_provision::smart_card::Kind;
use dmsc_provision::{Imsi, Pin, Protection, Security};
use dmsc_uicc::sms::WspPush;

use super::Terminal;
use crate::bootstrap::USER_PIN;
use crate::choice::terminal::{AfterBootstrap, BootstrapConsent, WrongUserPin};
use crate::patch::Change;
use crate::switch::Switch;

/// How often the user is asked for the PIN of a push.
const ATTEMPTS: u8 = 3;

/// A PIN that no case protects a push with.
const OTHER_PIN: &str = "8642";

/// A push that waits for the user.
#[derive(Clone, Debug)]
pub(super) struct AskedFor {
    push: Push,
    kind: Kind,
    /// The PINs given so far.
    given: u8,
}

impl Terminal {
    /// Takes in the bootstrap in a push, if that is what is in it; gives whether it is.
    pub(super) fn pushed_bootstrap(&mut self, octets: &[u8]) -> bool {
        if self.switches.on(Switch::PushOfAnyType) {
            return false;
        }
        let Ok(push) = Push::decode(octets) else { return false };
        let kind = match push.content {
            Content::Provisioning => Kind::ClientProvisioning,
            Content::DmMessage => Kind::DeviceManagement,
            Content::Other(_) => return false,
        };
        let for_client = || WspPush::parse(octets).is_ok_and(|push| push.is_for_dm_client());
        let is_ours = kind == Kind::ClientProvisioning || self.switches.on(Switch::PushForAnyApplication);
        if !self.config.pushed_bootstrap.has(&kind) || self.switches.on(Switch::NoPushedBootstrap) {
            return true;
        }
        if is_ours || for_client() {
            self.weigh(AskedFor { push, kind, given: 0 });
        }
        true
    }

    fn weigh(&mut self, asked: AskedFor) {
        let again = self.switches.on(Switch::PushedMacOnce) && self.client.given_index().is_some();
        let unchecked = again || self.switches.on(Switch::PushedMacUnchecked);
        match asked.push.security {
            Some(Security::UserPin | Security::UserNetwPin) if !self.switches.on(Switch::UserPinUnasked) => {
                self.asked_for = Some(asked);
            }
            // A MAC that is the PIN of the user is not offered.
            Some(Security::UserPinMac) | None if !unchecked => {}
            security => {
                let key = self.start.imsi().cloned().map(Protection::NetwPin);
                let right = key.is_some_and(|key| asked.push.is_protected_by(&key));
                if !right && !unchecked && security == Some(Security::NetwPin) {
                    return;
                }
                match self.config.choices.terminal.bootstrap_consent {
                    BootstrapConsent::Never => self.install(asked.kind, asked.push.body),
                    BootstrapConsent::Asked => self.asked_for = Some(asked),
                }
            }
        }
    }

    /// The user agrees to the account of a push, where that is asked for.
    pub(super) fn accept_bootstrap(&mut self) {
        let asks =
            |asked: &mut AskedFor| !matches!(asked.push.security, Some(Security::UserPin | Security::UserNetwPin));
        if let Some(asked) = self.asked_for.take_if(asks) {
            self.install(asked.kind, asked.push.body);
        }
    }

    /// The user gives a PIN, where one is asked for: that of the push, or another.
    pub(super) fn give_user_pin(&mut self, right: bool) {
        let digits = if right { USER_PIN } else { OTHER_PIN };
        let (Some(mut asked), Ok(pin)) = (self.asked_for.take(), Pin::new(digits)) else { return };
        let protection = match asked.push.security {
            Some(Security::UserPin) => Some(Protection::UserPin(pin)),
            Some(Security::UserNetwPin) => {
                self.start.imsi().cloned().map(|imsi: Imsi| Protection::UserNetwPin(imsi, pin))
            }
            _ => {
                self.asked_for = Some(asked);
                return;
            }
        };
        let fits = protection.is_some_and(|protection| asked.push.is_protected_by(&protection));
        if fits || self.switches.on(Switch::AnyUserPin) || self.switches.on(Switch::PushedMacUnchecked) {
            return self.install(asked.kind, asked.push.body);
        }
        asked.given = asked.given.saturating_add(1);
        let again = self.config.choices.terminal.wrong_user_pin == WrongUserPin::AskedAgain;
        self.asked_for = Some(asked).filter(|asked| again && asked.given < ATTEMPTS);
    }

    fn install(&mut self, kind: Kind, mut document: Vec<u8>) {
        if self.switches.on(Switch::SecondPushClears) && self.bootstrap.contains(&document) {
            return self.client.accounts.clear();
        }
        if self.switches.on(Switch::AnyProvisionedApplication) && kind == Kind::ClientProvisioning {
            document = of_dm(&document).unwrap_or(document);
        }
        if self.switches.on(Switch::PushedFirstOctets) {
            document.truncate(140);
        }
        let before = self.bootstrap.len();
        self.bootstrapped(vec![(kind, document)]);
        let is_new = self.bootstrap.len() > before;
        let begins = self.config.choices.terminal.after_bootstrap == AfterBootstrap::Session;
        let index = self.client.given_index().filter(|_| is_new && begins);
        if let Some(index) = index
            && let Err(error) = self.open_session(index, None, &Change::default())
        {
            self.io.break_off(&error);
        }
    }
}

/// Makes DM accounts of all applications of a document.
fn of_dm(document: &[u8]) -> Option<Vec<u8>> {
    let mut document = Document::from_wbxml(document).ok()?.document;
    let applications = document.characteristics.iter_mut().flat_map(|one| &mut one.entries);
    for entry in applications {
        if let Entry::Parm(parm) = entry
            && parm.name == "APPID"
        {
            parm.value = Some("w7".into());
        }
    }
    document.to_wbxml().ok()
}
