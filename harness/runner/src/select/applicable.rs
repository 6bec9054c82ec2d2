//! Whether a case concerns a DUT.

use dmsc_bench::offers::Offers;
use dmsc_engine::role::Role;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_language::ixit::Secrets;
use dmsc_scr::{NotApplicable, Readings, Tables};
use serde_json::Value;

/// Why a case does not concern a DUT.
pub(super) fn not_applicable(case: &Case, dut: &Dut, tables: &Tables) -> Option<NotApplicable> {
    let needed = std::iter::once(&case.item).chain(&case.claims);
    if let Some(item) = needed.into_iter().find(|item| dut.ics.claims(item.as_str()) != Some(true)) {
        return Some(NotApplicable::NotClaimed(item.clone()));
    }
    if let Some(other) = Readings::of(tables, &dut.interpretations).other(&case.when) {
        return Some(other);
    }
    let ixit = dut.ixit.to_json(Secrets::Hidden);
    for (name, wanted) in &case.ixit {
        let value = ixit.get(name).and_then(Value::as_str).unwrap_or_default();
        if value != wanted {
            let (name, wanted, value) = (name.clone(), wanted.clone(), value.to_owned());
            return Some(NotApplicable::OtherIxit { name, wanted, value });
        }
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
    if case.role == Role::Card && case.setup.encoding().is_some() && !offers.provision {
        return Some(NotApplicable::FixedEncoding);
    }
    if case.setup.account().is_some() && !offers.provision {
        return Some(NotApplicable::FixedAccount);
    }
    let encoding = case.setup.encoding();
    if let Some(wanted) = encoding.filter(|wanted| !offers.provision && *wanted != dut.ixit.encoding) {
        let (wanted, declared) = (wanted.name().to_owned(), dut.ixit.encoding.name().to_owned());
        return Some(NotApplicable::OtherEncoding { wanted, declared });
    }
    None
}
