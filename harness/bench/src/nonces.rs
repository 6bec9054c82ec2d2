//! The nonces of a DUT, followed from one session to the next and, in a file, from one run to the next.

use dmsc_engine::account::Account;
use dmsc_engine::dm::trust::{NonceTrust, Nonces};
use dmsc_language::dut::{Dut, NonceFile};

/// The account of a DUT as the last session left it, and how well its nonces are known.
#[derive(Debug)]
pub(crate) struct FollowedNonces {
    account: Account,
    /// Whether the DUT is known to go by its nonces, of the server and of the client.
    shown: (bool, bool),
    /// Where they are kept from one run to the next.
    file: Option<NonceFile>,
}

impl FollowedNonces {
    /// Those of `dut`, whose file may have changed since the DUT file was read: another DUT file may name it too, for the
    /// same card.
    pub(crate) fn of(dut: &Dut) -> FollowedNonces {
        let account = dut.ixit.account.clone();
        let file = dut.nonces.as_ref().map(NonceFile::reopened);
        let nonces = file.as_ref().map_or_else(|| Nonces::of(&account, false), |file| file.nonces(&account));
        let mut followed = FollowedNonces { account, shown: (false, false), file };
        followed.go_on(nonces);
        followed
    }

    /// The account with the nonces for the next session.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The nonces for the next session.
    pub(crate) fn nonces(&self) -> Nonces {
        let mut nonces = Nonces::of(&self.account, false);
        (nonces.server.shown, nonces.client.shown) = self.shown;
        nonces
    }

    /// Goes on with other nonces.
    pub(crate) fn go_on(&mut self, nonces: Nonces) {
        self.shown = (nonces.server.shown, nonces.client.shown);
        self.set(&nonces.server.octets, &nonces.client.octets);
    }

    /// The DUT has these nonces now, of the server and of the client.
    pub(crate) fn set(&mut self, server: &[u8], client: &[u8]) {
        self.account.server_nonce = server.to_vec();
        self.account.client_nonce = client.to_vec();
    }

    /// The DUT is as it was provisioned.
    pub(crate) fn reset(&mut self, account: &Account) {
        self.account.clone_from(account);
    }

    /// Takes note of what a session has shown of the nonces; `orderly` says that it passed and was brought to its end.
    /// Gives whether what its case missed may be for want of the right nonces.
    pub(crate) fn judge(&mut self, trust: NonceTrust, orderly: bool) -> bool {
        let before = self.nonces();
        self.shown = trust.known(&before, orderly);
        trust.is_doubtful(&before)
    }

    /// Keeps the nonces for the next run, where there is a file for them.
    ///
    /// # Errors
    /// Why they cannot be kept, in words.
    pub(crate) fn keep(&mut self, dut: &str) -> Result<(), String> {
        let nonces = self.nonces();
        self.file.as_mut().map_or(Ok(()), |file| file.keep(dut, &nonces))
    }

    /// Whether a file keeps them from one run to the next.
    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }
}
