//! Generic alerts that the client has raised (DMPRO 8.7): each is told once, whatever the server makes of it.

use dmsc_dm::syncml::{Command, CommandName, Message};

use super::DmClient;
use crate::choice::client::RaisedAlerts;
use crate::dm::opening;
use crate::switch::Switch;

impl DmClient {
    /// Something happens of which the client tells its server.
    pub fn raise(&mut self, what: &str) {
        self.raised.push(opening::generic(what, &self.choices));
    }

    /// Something happens whose importance is this word of DMPRO 8.7.1.8.
    pub fn raise_marked(&mut self, mark: &str) {
        let mut alert = opening::generic(mark, &self.choices);
        for meta in alert.items.iter_mut().filter_map(|item| item.meta.as_mut()) {
            meta.mark = Some(mark.into());
        }
        self.raised.push(alert);
    }

    /// The alerts for the message that is made now.
    pub(super) fn raised_alerts(&mut self) -> Vec<Command> {
        let mut alerts = std::mem::take(&mut self.raised);
        if self.switches.on(Switch::RepeatAlerts) {
            self.told.extend(alerts.iter().cloned());
        }
        // One with a correlator belongs to its Exec alone.
        let joins = |alert: &Command| alert.correlator.is_none();
        if self.choices.client.raised_alerts == RaisedAlerts::Together
            && let Some(first) = alerts.iter().position(joins)
        {
            let (others, kept): (Vec<_>, Vec<_>) =
                alerts.drain(first.saturating_add(1)..).partition(|alert| joins(alert));
            alerts.extend(kept);
            if let Some(first) = alerts.get_mut(first) {
                first.items.extend(others.into_iter().flat_map(|other| other.items));
            }
        }
        alerts
    }

    /// Takes note of what a server says of alerts.
    pub(super) fn alerts_answered(&mut self, request: &Message) {
        if self.told.is_empty() {
            return;
        }
        let good = |status: &Command| {
            status.cmd == CommandName::Status
                && status.name.as_deref() == Some("Alert")
                && status.status_code().is_some_and(|code| code.code() == 200)
        };
        let told = std::mem::take(&mut self.told);
        if !request.commands.iter().any(good) {
            self.raised.extend(told);
        }
    }
}
