//! What a faulty side takes.

/// Something that the standards have refused, and that a side made to be faulty takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forgive {
    /// A record whose MAC or padding is wrong (RFC 5246 6.2.3).
    Mac,
    /// A Finished that does not verify (RFC 5246 7.4.9).
    VerifyData,
    /// A suite that was not offered (RFC 5246 7.4.1.3).
    Suite,
    /// A version that was not offered (RFC 5246 E.1).
    Version,
    /// Messages that are not due, which are passed over (RFC 5246 7.4).
    Order,
    /// A record that is too long (RFC 5246 6.2).
    Length,
    /// A session resumed with another suite or version than it had (RFC 5246 7.4.1.3).
    Resumption,
    /// A client that fell back (RFC 7507).
    Fallback,
}
