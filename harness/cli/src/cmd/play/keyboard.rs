//! Orders to a player: from the keyboard, from Ctrl-C, from the clock.

use std::io::{BufRead as _, Write as _};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use dmsc_bench::play::Order;
use dmsc_engine::messages::Catalogue;
use dmsc_engine::patch::Change;
use dmsc_engine::role::Role;
use dmsc_link::Poster;
use dmsc_octets::visible;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::interrupt::on_signal;

/// Passes orders on, and wakes the player for them.
#[derive(Clone)]
pub(super) struct Keyboard {
    orders: Sender<Order>,
    poster: Arc<Mutex<Option<Poster>>>,
}

impl Keyboard {
    pub(super) fn new(orders: Sender<Order>) -> Self {
        Self { orders, poster: Arc::default() }
    }

    /// The link through which the player is woken from now on.
    pub(super) fn reaches(&self, poster: Option<Poster>) {
        *self.poster.lock().unwrap_or_else(PoisonError::into_inner) = poster;
    }

    fn order(&self, order: Order) {
        let ends = order == Order::Quit;
        // A player that has ended takes no orders.
        let _ = self.orders.send(order);
        match self.poster.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(poster) => poster.wake(),
            // Whoever waits for the link to be there, or to be back, looks at no orders meanwhile.
            None if ends => dmsc_link::interrupt(),
            None => {}
        }
    }

    pub(super) fn quit(&self) {
        self.order(Order::Quit);
    }

    /// Ends the player in good order, so that nothing is left of a gadget.
    pub(super) fn end_on_interrupt(&self) -> Result<(), Failure> {
        let keyboard = self.clone();
        on_signal(move || keyboard.quit())
            .map_err(|error| Failure::Rig(format!("Ctrl-C cannot be taken: {error}; start the command again")))
    }

    pub(super) fn end_after(&self, time: Duration) -> Result<(), Failure> {
        let keyboard = self.clone();
        beside(move || {
            thread::sleep(time);
            keyboard.quit();
        })
    }

    /// Takes orders to a player of this role from standard input, a line each, until it ends.
    pub(super) fn listen(&self, role: Role) -> Result<(), Failure> {
        let keyboard = self.clone();
        beside(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                match read(&line, role) {
                    Ok(Some(order)) => keyboard.order(order),
                    Ok(None) => {}
                    // Where nobody can be told, nobody has to be.
                    Err(why) => drop(writeln!(std::io::stderr(), "{}", visible(&why))),
                }
            }
        })
    }
}

/// Does something beside the player.
fn beside(work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let started = thread::Builder::new().name("keyboard".into()).spawn(work);
    started.map(drop).map_err(|error| {
        Failure::Rig(format!("no thread can be started: {error}; let the command have more of them (`ulimit -u`)"))
    })
}

/// What can be said, for the help text.
pub(super) const ORDERS: &str = "\
Orders, a line each on standard input:
  send KIND [FIELD=VALUE ...]  a message, as cases send it: `send status`, `send select data=3F00 le=256`,
                               `send apdu octets=00A40004023F00`, `send wake-up by=location`, `send dm.message session_id=A5`
  act NAME                     what a person does: `act start-dm-session`, `act stop-dm-client`
  quit                         the end
`dmsc cases kinds terminal` shows every kind and its fields.";

/// An order, or nothing on an empty line.
fn read(line: &str, role: Role) -> Result<Option<Order>, String> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (None, _) => Ok(None),
        (Some("quit" | "exit"), None) => Ok(Some(Order::Quit)),
        (Some("act"), Some(name)) => Ok(Some(Order::Act(name.into()))),
        (Some("send"), Some(name)) => {
            let kind = Catalogue::get().kind(role, name).filter(|kind| kind.sent).ok_or_else(|| unknown(name, role))?;
            let mut fields = Map::new();
            for word in words {
                let Some((name, value)) = word.split_once('=') else {
                    return Err(format!("`{word}` is no field; write NAME=VALUE"));
                };
                fields.insert(name.into(), scalar(value));
            }
            Ok(Some(Order::Send(kind.what, Change::with(fields))))
        }
        _ => Err(format!("`{}` is no order; write `send KIND`, `act NAME` or `quit`", line.trim())),
    }
}

fn unknown(name: &str, role: Role) -> String {
    let sent = Catalogue::get().kinds(role).filter(|kind| kind.sent);
    match dmsc_doc::nearest(name, sent.map(|kind| &*kind.name)) {
        Some(near) => format!("a {role} does not send `{name}`; did you mean `{near}`?"),
        None => format!("a {role} does not send `{name}`; `dmsc cases kinds {role}` shows what it sends"),
    }
}

/// A number where the text is a decimal one that a person would not take for octets, else the text.
fn scalar(text: &str) -> Value {
    let octets = text.len() > 1 && text.starts_with('0') && !text.starts_with("0x");
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if octets => None,
        None => text.parse().ok(),
    };
    match (number, text) {
        (Some(number), _) => number.into(),
        (None, "true") => true.into(),
        (None, "false") => false.into(),
        (None, text) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use dmsc_engine::messages::What;
    use serde_json::json;

    use super::*;

    #[test]
    fn orders_are_read_and_what_is_none_is_refused() {
        let read = |line: &str| super::read(line, Role::Terminal);
        let Ok(Some(Order::Send(what, change))) = read("send select data=3F00 le=256 p2=0x04 x=0012") else {
            panic!("no order")
        };
        assert_eq!(what, What::Apdu(Some(0xA4)));
        assert_eq!(Value::Object(change.with), json!({ "data": "3F00", "le": 256, "p2": 4, "x": "0012" }));
        assert_eq!(read("  "), Ok(None));
        assert_eq!(read("quit"), Ok(Some(Order::Quit)));
        assert_eq!(read("act stop-dm-client"), Ok(Some(Order::Act("stop-dm-client".into()))));
        assert!(read("send select 3F00").unwrap_err().contains("NAME=VALUE"));
        assert!(read("sned status").unwrap_err().contains("no order"));
        assert_eq!(read("send statsu").unwrap_err(), "a terminal does not send `statsu`; did you mean `status`?");
        assert!(super::read("send status", Role::Card).unwrap_err().starts_with("a card does not send `status`"));
    }
}
