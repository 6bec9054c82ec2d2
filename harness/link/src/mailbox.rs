//! Where a driver's signals wait until they are asked for.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::{Clock, LinkError, Signal, Time};

/// Posts into a link's mailbox from another thread.
#[derive(Clone)]
pub struct Poster {
    posts: Sender<Post>,
    wake: Option<Wake>,
}

/// Wakes a driver that waits in its own way, such as in poll(2).
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Post {
    Signal(Signal),
    Broken(LinkError),
    Wake,
}

impl Poster {
    /// Posts a signal. A mailbox that is gone takes nothing, and then nobody wants it.
    pub fn signal(&self, signal: Signal) {
        self.post(Post::Signal(signal));
    }

    /// Says that the other side is gone: whoever receives next learns it, in these words.
    pub fn gone(&self, what: impl Into<String>) {
        self.broken(LinkError::Gone { what: what.into() });
    }

    /// Says that the rig is at fault: whoever receives next learns it.
    pub(crate) fn broken(&self, error: LinkError) {
        self.post(Post::Broken(error));
    }

    /// Ends a wait early: the receiver gets nothing, as if the time had come.
    pub fn wake(&self) {
        self.post(Post::Wake);
    }

    fn post(&self, post: Post) {
        let _ = self.posts.send(post);
        if let Some(wake) = &self.wake {
            wake();
        }
    }
}

/// The receiving end: what the driver itself put in comes first, then what other threads posted.
#[derive(Debug)]
pub struct Mailbox {
    own: VecDeque<Signal>,
    posted: Receiver<Post>,
    poster: Poster,
}

impl Default for Mailbox {
    fn default() -> Mailbox {
        let (posts, posted) = channel();
        Mailbox { own: VecDeque::new(), posted, poster: Poster { posts, wake: None } }
    }
}

impl Mailbox {
    /// A mailbox for a driver that does not wait in [`Mailbox::recv`]: `wake` is called after each post, and the
    /// driver then looks with [`Mailbox::look`].
    #[cfg_attr(not(unix), expect(dead_code, reason = "used by the drivers that wait in poll(2)"))]
    pub(crate) fn waking(wake: Wake) -> Mailbox {
        let mut mailbox = Mailbox::default();
        mailbox.poster.wake = Some(wake);
        mailbox
    }

    /// A handle for other threads.
    pub fn poster(&self) -> Poster {
        self.poster.clone()
    }

    /// Puts in a signal from the driver's own thread; costs no system call.
    pub fn push(&mut self, signal: Signal) {
        self.own.push_back(signal);
    }

    /// Forgets the signals that wait, but not that the other side is gone.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when a thread said so.
    pub fn forget(&mut self) -> Result<(), LinkError> {
        self.own.clear();
        while let Ok(post) = self.posted.try_recv() {
            open(post)?;
        }
        Ok(())
    }

    /// What is there now.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when a thread said so.
    pub fn take(&mut self) -> Result<Option<Signal>, LinkError> {
        if let Some(signal) = self.own.pop_front() {
            return Ok(Some(signal));
        }
        self.posted.try_recv().map_or(Ok(None), open)
    }

    /// All that is there now, whoever wanted to end a wait meanwhile.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when a thread said so.
    #[cfg_attr(not(feature = "usb"), expect(dead_code, reason = "used by the driver of SIMtrace2 boards"))]
    pub(crate) fn drain(&mut self) -> Result<Vec<Signal>, LinkError> {
        let mut signals: Vec<Signal> = self.own.drain(..).collect();
        while let Ok(post) = self.posted.try_recv() {
            signals.extend(open(post)?);
        }
        Ok(signals)
    }

    /// What is there now; `Some(None)` when somebody ends the wait.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when a thread said so.
    #[cfg_attr(not(unix), expect(dead_code, reason = "used by the drivers that wait in poll(2)"))]
    pub(crate) fn look(&mut self) -> Result<Option<Option<Signal>>, LinkError> {
        if let Some(signal) = self.own.pop_front() {
            return Ok(Some(Some(signal)));
        }
        self.posted.try_recv().ok().map(open).transpose()
    }

    /// Waits for a signal, at most until `until` on `clock`, or until somebody wakes it.
    ///
    /// # Errors
    /// [`LinkError::Gone`] when a thread said so.
    pub fn recv(&mut self, until: Time, clock: &Clock) -> Result<Option<Signal>, LinkError> {
        if let Some(signal) = self.own.pop_front() {
            return Ok(Some(signal));
        }
        let post = match clock.wait(until) {
            // The mailbox holds a sender itself, so the channel is never without one.
            Some(limit) => self.posted.recv_timeout(limit).ok(),
            None => self.posted.recv().ok(),
        };
        post.map_or(Ok(None), open)
    }
}

fn open(post: Post) -> Result<Option<Signal>, LinkError> {
    match post {
        Post::Signal(signal) => Ok(Some(signal)),
        Post::Broken(error) => Err(error),
        Post::Wake => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_signals_come_before_posted_ones_and_an_end_is_an_error() {
        let (mut mailbox, clock) = (Mailbox::default(), Clock::new());
        let poster = mailbox.poster();
        poster.signal(Signal::Reset);
        mailbox.push(Signal::PowerOn);
        assert_eq!(mailbox.take().unwrap(), Some(Signal::PowerOn));
        assert_eq!(mailbox.recv(Time::NEVER, &clock).unwrap(), Some(Signal::Reset));
        std::thread::spawn(move || poster.gone("the reader was unplugged")).join().unwrap();
        let error = mailbox.recv(Time::NEVER, &clock).unwrap_err();
        assert!(error.to_string().contains("unplugged"), "{error}");
        assert_eq!(mailbox.recv(clock.now(), &clock).unwrap(), None);
    }

    #[test]
    fn a_wake_hides_nothing_of_what_is_there() {
        let mut mailbox = Mailbox::default();
        mailbox.push(Signal::PowerOn);
        mailbox.poster().wake();
        mailbox.poster().signal(Signal::Reset);
        assert_eq!(mailbox.drain().unwrap(), [Signal::PowerOn, Signal::Reset]);
        mailbox.poster().gone("cut");
        assert!(mailbox.drain().is_err());
    }

    #[test]
    fn signals_are_forgotten_and_an_end_is_not() {
        let mut mailbox = Mailbox::default();
        mailbox.push(Signal::Reset);
        mailbox.poster().signal(Signal::PowerOn);
        mailbox.forget().unwrap();
        assert_eq!(mailbox.take().unwrap(), None);
        mailbox.poster().wake();
        assert_eq!(mailbox.recv(Time::NEVER, &Clock::new()).unwrap(), None);
        mailbox.poster().gone("cut");
        assert!(mailbox.forget().is_err());
    }
}
