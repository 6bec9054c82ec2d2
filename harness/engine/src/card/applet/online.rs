//! The notification in short messages to the terminal's own number (DM_SC 7.2).

use std::collections::VecDeque;

use dmsc_uicc::profile::Facility;
use dmsc_uicc::response::GeneralResult;
use serde_json::{Map, Value};

use super::{Applet, Order};
use crate::card::cat::{Cat, Origin};
use crate::card::send_short_message::command;
use crate::choice::card::{PushSource, SmsAlpha, SmsCoding, TriggerBearer};
use crate::messages::{Removable, SmsWith, TriggerWays};
use crate::patch::Change;
use crate::player::{PlayerError, PlayerIo};
use crate::short_message::Draft;
use crate::switch::Switch;

/// The data coding scheme of 8-bit data of no class (TS 23.038 4).
const UNCLASSED: u8 = 0x04;

/// The source port of a card that takes one of its own.
const DYNAMIC_PORT: u16 = 49_154;

/// A notification on its way.
#[derive(Clone, Debug)]
pub(super) struct Online {
    order: Order,
    with: SmsWith,
    rest: VecDeque<Vec<u8>>,
}

impl Applet {
    /// Whether the next notification goes in short messages.
    pub(super) fn goes_online(&self) -> bool {
        let offered = self.offers(Facility::SendShortMessage) || self.switches.on(Switch::SmsWithoutBearer);
        let sends = self.own_number.is_some() && offered;
        let channel = || self.local_transport(false).is_some();
        match self.ways {
            TriggerWays::OffLine => false,
            TriggerWays::OnLine => sends,
            TriggerWays::Both => sends && (self.choices.trigger_bearer == TriggerBearer::Sms || !channel()),
        }
    }

    pub(super) fn send_online(&mut self, order: Order, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        let change = io.change("sms", None, || Map::from_iter([("type".to_owned(), Value::from("submit"))]));
        if change.as_ref().is_some_and(|change| change.drop) {
            return Ok(());
        }
        let with = self.as_chosen(change.as_ref().map(Change::read).transpose()?.unwrap_or_default());
        let draft = Draft::new(&with, &order.octets, self.own_number.as_deref())?;
        let mut rest = VecDeque::from(draft.submitted()?);
        if let Some(change) = change {
            rest.iter_mut().try_for_each(|tpdu| change.edit(tpdu)).map_err(PlayerError)?;
        }
        self.online = Some(Online { order, with, rest });
        self.send_part(cat, io)
    }

    /// What is not given is as the card has chosen.
    fn as_chosen(&self, with: SmsWith) -> SmsWith {
        let dcs = (self.choices.sms_coding == SmsCoding::Unclassed).then_some(UNCLASSED);
        let source = (self.choices.push_source == PushSource::Dynamic).then_some(DYNAMIC_PORT);
        let alpha = match self.choices.sms_alpha {
            SmsAlpha::Nothing => None,
            SmsAlpha::Anything => Some(Removable::Removed),
            SmsAlpha::Name => Some(Removable::Set("Device management".to_owned())),
        };
        SmsWith {
            dcs: with.dcs.or(dcs),
            source_port: with.source_port.or(source),
            alpha_id: with.alpha_id.clone().or(alpha),
            ..with
        }
    }

    fn send_part(&mut self, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        let Some(online) = self.online.as_mut() else { return Ok(()) };
        let Some(tpdu) = online.rest.pop_front() else {
            self.online = None;
            return self.next_order(cat, io);
        };
        let command = command(cat.next_number(), &online.with, tpdu)?;
        self.issue(Origin::TriggerSms, command, cat, io)
    }

    /// The terminal has answered: the next part, or what becomes of a notification that it could not send.
    pub(super) fn sms_answered(
        &mut self,
        performed: bool,
        result: Option<GeneralResult>,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        if performed {
            return self.send_part(cat, io);
        }
        let Some(Online { order, .. }) = self.online.take() else { return Ok(()) };
        self.again_later(order, result, cat, io)
    }
}
