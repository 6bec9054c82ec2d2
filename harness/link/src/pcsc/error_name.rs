//! The errors of PC/SC by the names that its documentation and its tools have.

use pcsc::Error;

/// The name of an error, such as `SCARD_E_NOT_TRANSACTED`.
pub(super) fn error_name(error: Error) -> String {
    let mut name = String::from(match error {
        Error::InternalError | Error::WaitedTooLong | Error::CommError | Error::UnknownError => "SCARD_F",
        Error::Shutdown => "SCARD_P",
        Error::UnsupportedCard
        | Error::UnresponsiveCard
        | Error::UnpoweredCard
        | Error::ResetCard
        | Error::RemovedCard
        | Error::SecurityViolation
        | Error::WrongChv
        | Error::ChvBlocked
        | Error::Eof
        | Error::CancelledByUser
        | Error::CardNotAuthenticated => "SCARD_W",
        _ => "SCARD_E",
    });
    // The crate has the same words, without what stands in front of them.
    for letter in format!("{error:?}").chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_names_of_the_standard() {
        for (error, name) in [
            (Error::NotTransacted, "SCARD_E_NOT_TRANSACTED"),
            (Error::InvalidParameter, "SCARD_E_INVALID_PARAMETER"),
            (Error::PciTooSmall, "SCARD_E_PCI_TOO_SMALL"),
            (Error::UnresponsiveCard, "SCARD_W_UNRESPONSIVE_CARD"),
            (Error::CommError, "SCARD_F_COMM_ERROR"),
            (Error::Shutdown, "SCARD_P_SHUTDOWN"),
        ] {
            assert_eq!(error_name(error), name);
        }
    }
}
