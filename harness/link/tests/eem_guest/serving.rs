//! A card of ours that answers whatever comes, in a thread of its own.

use std::collections::HashMap;
use std::thread::{self, JoinHandle};

use dmsc_link::{Link, Poster, Signal, StreamId, Time};

use super::bulk::Served;

/// What is read over HTTP.
pub(crate) const PAGE: &str = "a page of the card\n";

/// T=1, historical octets left out.
pub(crate) const ATR: [u8; 4] = [0x3B, 0x80, 0x01, 0x81];

pub(crate) struct Serving<L> {
    thread: JoinHandle<L>,
    poster: Poster,
}

impl<L: Link + Send + 'static> Serving<L> {
    pub(crate) fn start(mut link: L) -> Serving<L> {
        let poster = link.poster().unwrap();
        let thread = thread::spawn(move || {
            serve(&mut link);
            link
        });
        Serving { thread, poster }
    }

    /// Ends the service and gives the link back.
    pub(crate) fn stop(self) -> L {
        self.poster.wake();
        self.thread.join().unwrap()
    }
}

/// Serves until somebody wakes the link.
fn serve(link: &mut impl Link) {
    let mut streams: HashMap<StreamId, Served> = HashMap::new();
    loop {
        match link.recv(Time::NEVER) {
            Ok(Some(Signal::Connect(id))) => drop(streams.insert(id, Served::default())),
            Ok(Some(Signal::Data(id, data))) => {
                let answer = streams.get_mut(&id).expect("data of no stream").take(&data);
                link.send(Signal::Data(id, answer)).unwrap();
            }
            Ok(Some(Signal::Close(id))) => link.send(Signal::Close(id)).unwrap(),
            Ok(Some(Signal::PowerOn | Signal::Reset)) => link.send(Signal::Atr(ATR.to_vec())).unwrap(),
            Ok(Some(Signal::Command(command))) => link.send(Signal::Response(answer_apdu(&command))).unwrap(),
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) if error.is_interruption() => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The instruction, then 9000.
pub(crate) fn answer_apdu(command: &[u8]) -> Vec<u8> {
    vec![command[1], 0x90, 0x00]
}
