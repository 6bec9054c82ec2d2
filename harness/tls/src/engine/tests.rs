//! Both sides against each other.

mod faults;
mod handshakes;

use super::*;
use crate::{Alert, Description, Handshake, Secret, Suite, Version};

const IDENTITY: &[u8] = b"terminal";

fn key() -> Secret {
    Secret::new(vec![0x0B; 16])
}

fn client_config() -> ClientConfig {
    ClientConfig::new(IDENTITY.to_vec(), key())
}

fn server_config() -> ServerConfig {
    ServerConfig::new(vec![(IDENTITY.to_vec(), key())])
}

/// A client and a server of one version and one suite, otherwise as they come.
fn configs(version: Version, suite: Suite) -> (ClientConfig, ServerConfig) {
    let (mut client, mut server) = (client_config(), server_config());
    client.common.max_version = version;
    server.common.suites = vec![suite];
    (client, server)
}

/// What happened on both sides.
#[derive(Debug, Default)]
struct Told {
    client: Vec<Event>,
    server: Vec<Event>,
}

impl Told {
    fn established(events: &[Event]) -> Vec<&Established> {
        events.iter().filter_map(|event| if let Event::Established(it) = event { Some(it) } else { None }).collect()
    }

    fn failure(events: &[Event]) -> Option<&Failure> {
        events.iter().find_map(|event| if let Event::Failed(it) = event { Some(it) } else { None })
    }

    fn data(events: &[Event]) -> Vec<u8> {
        let data =
            events.iter().filter_map(|event| if let Event::Data(it) = event { Some(it.as_slice()) } else { None });
        data.collect::<Vec<_>>().concat()
    }

    /// The description of the alert that a side has sent for its failure.
    fn alert(events: &[Event]) -> Option<Description> {
        Self::failure(events)?.sent.map(|alert| alert.description)
    }

    fn messages(events: &[Event], wanted: Direction) -> Vec<String> {
        let shown = events.iter().filter_map(|event| match event {
            Event::Handshake { direction, message, .. } if *direction == wanted => {
                Some(message.kind().name().unwrap_or("unknown").to_owned())
            }
            Event::ChangeCipherSpec { direction } if *direction == wanted => Some("change_cipher_spec".to_owned()),
            _ => None,
        });
        shown.collect()
    }
}

/// Carries octets to and fro, in pieces of so many, until nothing is left.
fn exchange<A: super::endpoint::Side, B: super::endpoint::Side>(
    client: &mut Endpoint<A>,
    server: &mut Endpoint<B>,
    piece: usize,
) -> Told {
    loop {
        let (up, down) = (client.take_output(), server.take_output());
        if up.is_empty() && down.is_empty() {
            break;
        }
        up.chunks(piece).for_each(|part| server.receive(part));
        down.chunks(piece).for_each(|part| client.receive(part));
    }
    told(client, server)
}

fn told<A: super::endpoint::Side, B: super::endpoint::Side>(
    client: &mut Endpoint<A>,
    server: &mut Endpoint<B>,
) -> Told {
    Told {
        client: std::iter::from_fn(|| client.next_event()).collect(),
        server: std::iter::from_fn(|| server.next_event()).collect(),
    }
}

/// A handshake of these two. A second one has other random values, and so another session_id.
fn shake(client: ClientConfig, server: ServerConfig) -> (Client, Server, Told) {
    let again = u64::from(client.session.is_some()) * 10;
    let (mut client, mut server) = (Client::new(client, again + 1), Server::new(server, again + 2));
    let told = exchange(&mut client, &mut server, usize::MAX);
    (client, server, told)
}

/// Data both ways.
fn talk(client: &mut Client, server: &mut Server) {
    client.send(b"question").unwrap();
    server.send(b"answer").unwrap();
    let told = exchange(client, server, 7);
    assert_eq!((Told::data(&told.client), Told::data(&told.server)), (b"answer".to_vec(), b"question".to_vec()));
}

fn everywhere() -> impl Iterator<Item = (Version, Suite)> {
    let versions = [Version::Tls10, Version::Tls11, Version::Tls12].into_iter();
    versions.flat_map(|version| Suite::DM_SC.map(|suite| (version, suite)))
}
