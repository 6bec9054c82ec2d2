//! A player run by itself: `dmsc card` and `dmsc terminal`.

use std::sync::mpsc::Receiver;

use dmsc_engine::event::Event;
use dmsc_engine::messages::What;
use dmsc_engine::patch::Change;
use dmsc_engine::player::{Player, Reply};
use dmsc_link::{AWAY, Link, LinkError, Opening, Poster, Time};

use crate::session::{Broken, Session};

/// What a person asks of a player.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Send such a message.
    Send(What, Change),
    /// Do what a person at a terminal would do.
    Act(String),
    /// End.
    Quit,
}

/// Who watches.
pub trait Audience {
    /// The link is open, or open again; orders reach the player when the poster wakes it.
    fn opened(&mut self, poster: Option<Poster>);
    /// The link was lost; it is opened again.
    fn lost(&mut self, what: &str);
    /// A message passed.
    fn event(&mut self, event: &Event);
    /// An order could not be carried out.
    fn refused(&mut self, why: &str);
}

/// Why a player stops that nobody told to.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Its link cannot be had.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// It cannot go on.
    #[error("the player cannot go on: {0}")]
    Player(String),
}

/// Plays until told to stop, or interrupted ([`dmsc_link::interrupt`]). A card keeps its state when its link is lost and comes back.
///
/// # Errors
/// [`PlayError`] when the link cannot be opened in the first place, or the player cannot go on.
pub fn play(
    player: Box<dyn Player>,
    opening: &Opening,
    open: &mut dyn FnMut() -> Result<Box<dyn Link>, LinkError>,
    orders: &Receiver<Order>,
    audience: &mut dyn Audience,
) -> Result<(), PlayError> {
    let mut player = player;
    let mut link = match open() {
        Err(LinkError::Interrupted) => return Ok(()),
        opened => opened?,
    };
    loop {
        audience.opened(link.poster());
        let lost = match link.begin(opening) {
            Err(LinkError::Interrupted) => return Ok(()),
            Err(LinkError::Gone { what }) => what,
            Err(error) => return Err(error.into()),
            Ok(()) => {
                let mut session = Session::start(player, link).by_hand();
                let ended = turn(&mut session, orders, audience);
                player = session.into_parts().0;
                match ended {
                    Ok(()) | Err(Broken::Link(LinkError::Interrupted)) => return Ok(()),
                    Err(Broken::Link(LinkError::Gone { what })) => what,
                    Err(Broken::Link(error @ LinkError::Unsure { .. })) => error.to_string(),
                    Err(Broken::Link(error)) => return Err(error.into()),
                    Err(error) => return Err(PlayError::Player(error.to_string())),
                }
            }
        };
        audience.lost(&lost);
        link = loop {
            // What a reader does not see leave it does not see come back.
            std::thread::sleep(AWAY);
            match open() {
                Ok(link) => break link,
                Err(LinkError::Interrupted) => return Ok(()),
                Err(LinkError::Gone { .. } | LinkError::Missing { .. }) => {
                    if orders.try_iter().any(|order| order == Order::Quit) {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        };
    }
}

/// Answers and tells, until the link breaks or an order ends it.
fn turn(session: &mut Session, orders: &Receiver<Order>, audience: &mut dyn Audience) -> Result<(), Broken> {
    loop {
        for order in orders.try_iter() {
            match order {
                Order::Quit => return Ok(()),
                Order::Act(name) => session.do_act(&name),
                Order::Send(what, change) => match session.perform(what, &change) {
                    Err(Broken::Player(error)) => audience.refused(&error.to_string()),
                    done => {
                        done?;
                        if session.to_deliver().is_some() {
                            audience.refused("there is no network here that could deliver a short message");
                        }
                    }
                },
            }
        }
        if let Some(event) = session.next(Time::NEVER)? {
            audience.event(&event);
            if event.wants_answer {
                session.answer(&Reply::Default)?;
            }
        }
    }
}
