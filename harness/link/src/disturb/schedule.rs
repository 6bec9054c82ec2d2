//! What goes wrong on a link, and where, as data.

use std::fmt;
use std::time::Duration;

/// A place in a session, counted in what crosses the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The command APDU of this number, from 1.
    Command(u64),
    /// The response APDU of this number, from 1.
    Response(u64),
    /// A place in the octets of a byte stream.
    Stream {
        /// The number of the stream in the order they were opened, from 1.
        number: u64,
        /// Which direction is meant.
        to: Side,
        /// How many octets of this direction lie before the place.
        behind: u64,
    },
}

/// A side of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The DUT.
    Dut,
    /// The harness.
    Harness,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mishap {
    /// The command or the response is lost.
    Drop,
    /// The command, the response, or the stream data at the place arrive so much later, and all after them in their
    /// direction.
    Delay(Duration),
    /// The card is reset in the middle of the command: the command has reached it, its response reaches nobody. Where
    /// the harness is the card, it is the harness that starts again, and the DUT hears no more of this command.
    Reset,
    /// The command stops on its way, and nothing passes in either direction for so long; then it goes on.
    Stall(Duration),
    /// The data of a stream are cut in two at the place.
    Split,
    /// The data of a stream at the place arrive together with those that come next.
    Merge,
    /// The stream ends at the place, for both sides.
    Cut,
}

/// One thing that goes wrong at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Disturbance {
    /// Where.
    pub at: Place,
    /// What.
    pub mishap: Mishap,
}

/// What goes wrong in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule(pub Vec<Disturbance>);

impl Disturbance {
    /// Whether such a thing can go wrong at such a place.
    pub fn is_possible(&self) -> bool {
        match self.mishap {
            Mishap::Delay(_) => true,
            Mishap::Drop => matches!(self.at, Place::Command(_) | Place::Response(_)),
            Mishap::Reset | Mishap::Stall(_) => matches!(self.at, Place::Command(_)),
            Mishap::Split | Mishap::Merge | Mishap::Cut => matches!(self.at, Place::Stream { .. }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Command(number) => write!(f, "command {number}"),
            Place::Response(number) => write!(f, "response {number}"),
            Place::Stream { number, to, behind } => write!(f, "stream {number} to the {to} behind {behind} octets"),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Dut => "DUT",
            Side::Harness => "harness",
        })
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mishap::Drop => f.write_str("drop"),
            Mishap::Delay(by) => write!(f, "delay by {} ms", by.as_millis()),
            Mishap::Reset => f.write_str("reset"),
            Mishap::Stall(by) => write!(f, "stall for {} ms", by.as_millis()),
            Mishap::Split => f.write_str("split"),
            Mishap::Merge => f.write_str("merge"),
            Mishap::Cut => f.write_str("cut"),
        }
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.mishap, self.at)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        let parts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_reads_as_a_sentence() {
        let stream = Place::Stream { number: 2, to: Side::Harness, behind: 17 };
        let all = [
            Disturbance { at: Place::Command(3), mishap: Mishap::Stall(Duration::from_secs(2)) },
            Disturbance { at: stream, mishap: Mishap::Cut },
        ];
        let text = "stall for 2000 ms at command 3, cut at stream 2 to the harness behind 17 octets";
        assert_eq!(Schedule(all.to_vec()).to_string(), text);
        assert_eq!(Schedule::default().to_string(), "nothing");
    }

    #[test]
    fn some_things_cannot_go_wrong_in_some_places() {
        let possible = |at, mishap| Disturbance { at, mishap }.is_possible();
        let stream = Place::Stream { number: 1, to: Side::Dut, behind: 0 };
        assert!(possible(stream, Mishap::Delay(Duration::ZERO)) && possible(stream, Mishap::Split));
        assert!(!possible(stream, Mishap::Drop) && !possible(stream, Mishap::Reset));
        assert!(possible(Place::Command(1), Mishap::Reset) && !possible(Place::Response(1), Mishap::Reset));
        assert!(possible(Place::Response(1), Mishap::Drop) && !possible(Place::Response(1), Mishap::Cut));
    }
}
