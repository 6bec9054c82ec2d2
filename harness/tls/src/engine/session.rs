//! Sessions that can be resumed (RFC 5246 F.1.4).

use crate::extension::MaxFragmentLength;
use crate::secret::Secret;
use crate::suite::Suite;
use crate::version::Version;

/// What both sides keep of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// session_id, 1 to 32 octets.
    pub id: Vec<u8>,
    /// The version, which a resumption keeps.
    pub version: Version,
    /// The suite, which a resumption keeps.
    pub suite: Suite,
    /// The master secret.
    pub master: Secret,
    /// Whether it is an extended master secret; a resumption must agree (RFC 7627 5.3).
    pub extended_master_secret: bool,
    /// The limit that a resumption keeps (RFC 6066 4).
    pub max_fragment_length: Option<MaxFragmentLength>,
    /// The identity that opened the session.
    pub identity: Vec<u8>,
}

/// The sessions of a server, the oldest first; the caller keeps it from one connection to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCache {
    sessions: Vec<Session>,
    most: usize,
}

impl Default for SessionCache {
    fn default() -> SessionCache {
        SessionCache::new(16)
    }
}

impl SessionCache {
    /// An empty cache for at most so many sessions.
    #[must_use]
    pub fn new(most: usize) -> SessionCache {
        SessionCache { sessions: Vec::new(), most }
    }

    /// Takes a session in, in place of one with the same identifier; the oldest goes when there are too many.
    pub fn insert(&mut self, session: Session) {
        self.remove(&session.id);
        self.sessions.push(session);
        let excess = self.sessions.len().saturating_sub(self.most);
        self.sessions.drain(..excess);
    }

    /// Forgets a session, as after a fatal alert (RFC 5246 7.2.2).
    pub fn remove(&mut self, id: &[u8]) {
        self.sessions.retain(|session| session.id != id);
    }

    /// The session of an identifier.
    #[must_use]
    pub fn find(&self, id: &[u8]) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_session_goes() {
        let session = |id: u8| Session {
            id: vec![id],
            version: Version::Tls12,
            suite: Suite::PskAes128CbcSha,
            master: Secret::default(),
            extended_master_secret: true,
            max_fragment_length: None,
            identity: vec![],
        };
        let mut cache = SessionCache::new(2);
        for id in [1, 2, 1, 3] {
            cache.insert(session(id));
        }
        assert_eq!([1, 2, 3].map(|id| cache.find(&[id]).is_some()), [true, false, true]);
        cache.remove(&[3]);
        assert_eq!(cache.find(&[3]), None);
    }
}
