//! The secrets of a connection, found again from its handshake: what a dissector needs to read what was protected.

use dmsc_octets::to_hex;

use crate::extension::ExtensionType;
use crate::message::{ClientHello, Handshake, ServerHello, Ssl2ClientHello};
use crate::prf::{Prf, premaster};
use crate::secret::Secret;

/// The messages of one handshake, as far as they are known. They are in clear up to Finished, and who records this
/// crate's own ends has those, too.
#[derive(Debug, Default)]
pub struct Transcript {
    messages: Vec<u8>,
    client: Option<[u8; 32]>,
    server: Option<ServerHello>,
    /// How much of the messages there was after ClientKeyExchange; none where a session is resumed.
    exchanged: Option<usize>,
    /// The first Finished: whether it is the client's, how much there was before it, and what it says.
    finished: Option<(bool, usize, Vec<u8>)>,
}

impl Transcript {
    /// A handshake that begins with this message; none where the message is no ClientHello.
    #[must_use]
    pub fn begin(hello: &[u8]) -> Option<Transcript> {
        let ClientHello { random, .. } = match Handshake::decode(hello) {
            Ok(Handshake::ClientHello(hello)) => hello,
            _ => Ssl2ClientHello::decode(hello).ok()?.to_client_hello(),
        };
        Some(Transcript { messages: hello.to_vec(), client: Some(random), ..Transcript::default() })
    }

    /// The next message, header included, of the client or of the server. HelloRequest is no part of a handshake (RFC
    /// 5246 7.4.1.1).
    pub fn add(&mut self, by_client: bool, message: &[u8]) {
        let before = self.messages.len();
        match Handshake::decode(message) {
            Ok(Handshake::HelloRequest) => return,
            Ok(Handshake::ServerHello(hello)) => self.server = Some(hello),
            Ok(Handshake::Finished { verify_data }) if self.finished.is_none() => {
                self.finished = Some((by_client, before, verify_data));
            }
            Ok(Handshake::ClientKeyExchange { .. }) => self.exchanged = Some(before + message.len()),
            _ => {}
        }
        self.messages.extend_from_slice(message);
    }

    /// Whether it went so far that the secrets can be told.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.server.is_some() && self.finished.is_some()
    }

    /// The master secret: of one of these keys, or, of a session that is resumed, one of these of earlier sessions. None
    /// where none of them leads to the Finished that was sent.
    #[must_use]
    pub fn master(&self, keys: &[Secret], earlier: &[Secret]) -> Option<Secret> {
        let (server, client) = (self.server.as_ref()?, self.client.as_ref()?);
        let (by_client, before, verify_data) = self.finished.as_ref()?;
        let prf = Prf::of(server.version);
        let messages = self.messages.get(..*before)?;
        let fits = |master: &Secret| prf.verify_data(master, *by_client, messages) == *verify_data;
        let Some(exchanged) = self.exchanged else { return earlier.iter().find(|master| fits(master)).cloned() };
        let exchange = self.messages.get(..exchanged)?;
        let extended = server.extensions.as_deref().unwrap_or_default().iter();
        let extended = { extended }.any(|one| one.kind == ExtensionType::ExtendedMasterSecret);
        let masters = keys.iter().filter_map(premaster).map(|premaster| match extended {
            true => prf.extended_master(&premaster, exchange),
            false => prf.master(&premaster, client, &server.random),
        });
        { masters }.find(fits)
    }

    /// The line of a key log (the format of NSS, which Wireshark reads) with this master secret.
    #[must_use]
    pub fn line(&self, master: &Secret) -> Option<String> {
        let random = self.client.as_ref()?;
        Some(format!("CLIENT_RANDOM {} {}", to_hex(random).to_lowercase(), to_hex(master.expose()).to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Client, ClientConfig, Direction, Event, Server, ServerConfig, Session};

    /// A handshake as the client sees it, and both sides' sessions.
    fn handshake(extended: bool, first: Option<&(Session, Session)>) -> (Transcript, (Session, Session)) {
        let key = Secret::new(vec![0x0B; 16]);
        let mut client = ClientConfig::new(b"terminal".to_vec(), key.clone());
        let mut server = ServerConfig::new(vec![(b"terminal".to_vec(), key)]);
        client.common.extended_master_secret = extended;
        if let Some((ours, theirs)) = first {
            client.session = Some(ours.clone());
            server.cache.insert(theirs.clone());
        }
        let seed = u64::from(first.is_some());
        let (mut client, mut server) = (Client::new(client, seed), Server::new(server, seed + 2));
        for _ in 0..3 {
            server.receive(&client.take_output());
            client.receive(&server.take_output());
        }
        let mut transcript = Transcript::default();
        for event in std::iter::from_fn(|| client.next_event()) {
            if let Event::Handshake { direction, octets, .. } = event {
                match Transcript::begin(&octets) {
                    Some(begun) => transcript = begun,
                    None => transcript.add(direction == Direction::Sent, &octets),
                }
            }
        }
        (transcript, (client.session().unwrap().clone(), server.session().unwrap().clone()))
    }

    #[test]
    fn the_master_secret_of_a_session_and_of_one_that_resumes_it_is_found_again() {
        let keys = [Secret::new(vec![0x0A; 16]), Secret::new(vec![0x0B; 16])];
        for extended in [false, true] {
            let (transcript, sessions) = handshake(extended, None);
            assert!(transcript.is_told());
            let master = transcript.master(&keys, &[]).unwrap();
            assert_eq!(master, sessions.0.master);
            assert_eq!(transcript.master(&keys[..1], &[]), None, "another key");
            let line = transcript.line(&master).unwrap();
            assert_eq!((line.len(), line.split(' ').count()), (14 + 64 + 1 + 96, 3), "{line}");
            let (again, _) = handshake(extended, Some(&sessions));
            assert_eq!(again.master(&[], std::slice::from_ref(&master)), Some(master));
            assert_eq!(again.master(&keys, &[]), None, "no key was exchanged");
        }
    }

    #[test]
    fn what_is_no_handshake_has_no_secrets() {
        assert!(Transcript::begin(&[0x02, 0, 0, 0]).is_none());
        let mut transcript = Transcript::default();
        transcript.add(true, &[0x14, 0, 0]);
        assert!(!transcript.is_told());
        assert_eq!(transcript.master(&[Secret::new(vec![1])], &[]), None);
        assert_eq!(transcript.line(&Secret::new(vec![1])), None);
    }
}
