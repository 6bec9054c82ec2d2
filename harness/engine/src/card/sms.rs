//! Short messages that the card sends, and that the network delivers for it (DM_SC 7.2, TS 31.111 6.4.10).

use dmsc_octets::to_hex;
use dmsc_provision::Imsi;
use dmsc_uicc::response::TerminalResponse;
use dmsc_uicc::sms::CdmaWay;

use super::Card;
use super::applet::Order;
use super::cat::{Issued, Origin, name_of};
use super::send_short_message::command;
use crate::account::Account;
use crate::event::Actor;
use crate::messages::{Digest, NotificationWith, Octets, SentBy, SmsWith};
use crate::patch::Change;
use crate::player::{Delivery, PlayerError};
use crate::short_message::{self, Draft, Format};

/// Octets of Package#0 before the ServerID (DMNOTI 6.2), and what fills it up behind it.
const HEADER: usize = 24;
const FILL: u8 = 0x5A;

/// What a case makes of the notification in a short message, filled up to the length that it asks for.
pub(super) fn filled(with: &SmsWith, server_id: &str) -> NotificationWith {
    let mut notification = with.notification.as_deref().cloned().unwrap_or_default();
    if let Some(length) = with.package0_length {
        let named = notification.server_id.as_deref().unwrap_or(server_id).len();
        let Octets(mut body) = notification.body.take().unwrap_or_default();
        let wanted = usize::try_from(length.get()).unwrap_or(usize::MAX);
        let missing = wanted.saturating_sub(HEADER.saturating_add(named)).saturating_sub(body.len());
        body.resize(body.len().saturating_add(missing), FILL);
        notification.body = Some(Octets(body));
    }
    notification
}

/// The same with the push of a bootstrap for its user data, where it is to have one.
pub(super) fn with_bootstrap(with: SmsWith, account: &Account, imsi: Option<&Imsi>) -> Result<SmsWith, PlayerError> {
    let Some(pushed) = &with.bootstrap else { return Ok(with) };
    let push = pushed.push(with.push_id.unwrap_or(1), account, imsi)?;
    Ok(SmsWith { payload: with.payload.or(Some(Octets(push))), ..with })
}

impl Card {
    /// Has a short message delivered by the network, or sends it to the terminal's own number.
    pub(super) fn send_sms(&mut self, change: &Change) -> Result<(), PlayerError> {
        let with = with_bootstrap(change.read()?, &self.scws.server.account, self.imsi.as_ref())?;
        let notification = filled(&with, &self.scws.server.account.server_id);
        let order = match notification.digest {
            Some(Digest::ReplacedNonce) if self.scws.server.replaced_nonce.is_none() => {
                self.io.delivery = Delivery::Failed("no nonce of the server has been replaced by another".into());
                return Ok(());
            }
            _ => Order::new(notification, &mut self.scws.server)?,
        };
        let cdma = with.cdma == Some(true);
        let format = if cdma { Format::Cdma } else { Format::Tpdu };
        match with.by.unwrap_or_default() {
            SentBy::Network => {
                let draft = Draft::new(&with, &order.octets, None)?;
                let messages = if cdma { vec![draft.cdma(CdmaWay::Deliver)?] } else { draft.delivered(self.io.now)? };
                for mut tpdu in messages {
                    change.edit(&mut tpdu)?;
                    self.io.say(Actor::Server, "sms", &tpdu, || short_message::fields(format, &tpdu));
                    self.deliveries.push_back(tpdu);
                }
                self.io.delivery = Delivery::Delivered(self.io.now);
            }
            SentBy::Card => {
                let lacking = || PlayerError("the number of the terminal is not known".into());
                let own = self.own_number.clone().ok_or_else(lacking)?;
                let draft = Draft::new(&with, &order.octets, Some(&own))?;
                let messages = if cdma { vec![draft.cdma(CdmaWay::Submit)?] } else { draft.submitted()? };
                for mut tpdu in messages {
                    change.edit(&mut tpdu)?;
                    let octets = command(self.cat.next_number(), &with, tpdu)?.encode();
                    self.cat.issue(Issued { origin: Origin::ScriptSms, name: name_of(&octets), octets });
                }
                self.io.delivery = Delivery::Failed("the SEND SHORT MESSAGE with it was not answered".into());
            }
        }
        Ok(())
    }

    /// The terminal has answered a SEND SHORT MESSAGE that a case asked for.
    pub(super) fn sms_sent(&mut self, response: &TerminalResponse) {
        let result = response.result();
        let performed = result.is_some_and(|(result, _)| result.is_performed());
        self.io.delivery = match performed {
            true => Delivery::Delivered(self.io.now),
            false => Delivery::Failed(format!(
                "the SEND SHORT MESSAGE with it was answered with result {}",
                result.map_or_else(String::new, |(result, more)| to_hex(&[&[result.code()], more].concat()))
            )),
        };
    }
}
