//! Whether a case concerns a DUT.

use std::cell::LazyCell;

use dmsc_bench::offers::Offers;
use dmsc_engine::bootstrap::Takes;
use dmsc_engine::messages::{AccountWith, TriggerWays, WakeUp};
use dmsc_engine::role::Role;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_language::ixit::Secrets;
use dmsc_scr::{Feature, NotApplicable, Readings, Tables};
use serde_json::Value;

/// Why a case does not concern a DUT.
pub(super) fn not_applicable(case: &Case, dut: &Dut, tables: &Tables) -> Option<NotApplicable> {
    // A topic is nothing that a statement claims.
    let own = Some(&case.item).filter(|item| tables.topic(item.as_str()).is_none());
    let needed = own.into_iter().chain(&case.claims);
    if let Some(item) = needed.into_iter().find(|item| dut.ics.claims(item.as_str()) != Some(true)) {
        return Some(NotApplicable::NotClaimed(item.clone()));
    }
    if let Some(item) = case.unclaimed.iter().find(|item| dut.ics.claims(item.as_str()) != Some(false)) {
        return Some(NotApplicable::Claimed(item.clone()));
    }
    let lacks = |any: &&Vec<Feature>| !any.iter().any(|feature| dut.ics.has(*feature));
    if let Some(lacking) = case.requires.features.iter().find(lacks) {
        return Some(NotApplicable::NoFeature(lacking.clone()));
    }
    let readings = || Readings::of(tables, &dut.interpretations);
    if let Some(other) = (!case.when.is_empty()).then(|| readings().other(&case.when)).flatten() {
        return Some(other);
    }
    // Most cases ask for nothing of it.
    let ixit = LazyCell::new(|| dut.ixit.to_json(Secrets::Hidden));
    for (name, wanted) in &case.ixit {
        let value = ixit.get(name).and_then(Value::as_str).unwrap_or_default();
        let takes = Takes::Both.as_str();
        let both = [("trigger", TriggerWays::Both.as_str()), ("bootstrap", takes), ("pushed_bootstrap", takes)];
        let either = both.contains(&(name.as_str(), value));
        if value != wanted && !either {
            let (name, wanted, value) = (name.clone(), wanted.clone(), value.to_owned());
            return Some(NotApplicable::OtherIxit { name, wanted, value });
        }
    }
    let needed = case.needed_values();
    if let Some(name) = needed.iter().copied().find(|name| ixit.get(*name).is_none()) {
        return Some(NotApplicable::NoValue { name: name.to_owned() });
    }
    // What is shown of another account is that its sessions go elsewhere.
    let other = dut.ixit.other_account.as_ref();
    if other.is_some_and(|other| other.address == dut.ixit.account.address) && needed.contains("other_account") {
        return Some(NotApplicable::NoValue { name: "other_account.address".into() });
    }
    let offers = Offers::of(dut);
    if case.needs_contact() && !offers.contact {
        return Some(NotApplicable::NoContact);
    }
    if case.needs_contact() && offers.streams {
        return Some(NotApplicable::ContactAlone);
    }
    if case.needs_notification() && !offers.notify {
        return Some(NotApplicable::NoNotification);
    }
    if case.needs_own_number() && dut.ixit.own_number.is_none() {
        return Some(NotApplicable::NoOwnNumber);
    }
    if case.sees_network() && !offers.network {
        return Some(NotApplicable::NetworkUnseen);
    }
    if let Some(ways) = case.requires.wake_up.iter().find(|ways| !ways.iter().any(|way| dut.ixit.wakes(*way))) {
        let wanted = ways.iter().map(|way| way.as_str()).collect::<Vec<_>>().join("` or `");
        let value = dut.ixit.wake_up.map_or("none", WakeUp::as_str).to_owned();
        return Some(NotApplicable::OtherIxit { name: "wake_up".into(), wanted, value });
    }
    if offers.provision {
        return None;
    }
    // A client writes as it is set to; a server has to read what the harness, as the client, writes.
    let encoding = case.setup.encoding().filter(|_| case.role == Role::Card);
    if let Some(wanted) = encoding.filter(|wanted| *wanted != dut.ixit.encoding) {
        let (wanted, declared) = (wanted.name().to_owned(), dut.ixit.encoding.name().to_owned());
        return Some(NotApplicable::OtherEncoding { wanted, declared });
    }
    let own = |with: &AccountWith| {
        let nonces = with.server_nonce.is_some() || with.client_nonce.is_some();
        with.applied(&dut.ixit.account) == dut.ixit.account && !(nonces && dut.is_followed())
    };
    // A bootstrap gives the DUT the account of the case.
    let provisioned = case.setup.account().filter(|_| !case.setup.is_bootstrapped());
    if provisioned.is_some_and(|with| !own(with)) {
        return Some(NotApplicable::FixedAccount);
    }
    None
}
