//! A reference DUT that behaves as a variant or a fault has it.

use std::collections::BTreeMap;

use dmsc_doc::Problems;
use dmsc_scr::{ItemId, Tables};

use super::Dut;
use crate::fault::{Fault, FaultError};
use crate::ixit::{DEFAULT_PORT, Ixit, Secrets};
use crate::variant::{Variant, VariantError, object};

impl Variant {
    /// The reference DUT that behaves so.
    ///
    /// # Errors
    /// [`VariantError`] when its values or answers contradict those of the DUT.
    pub fn of(&self, dut: &Dut) -> Result<Dut, VariantError> {
        let error = |cause: String| VariantError { id: self.id.clone(), cause };
        let mut values = object(Some(dut.ixit.to_json(Secrets::Shown)));
        if self.ixit.contains_key("http_port") {
            // The address follows the port unless it is given too.
            values.remove("address");
        }
        if self.ixit.contains_key("server_id") {
            // So does the name by which the server proves itself.
            values.remove("server_name");
        }
        for (name, value) in &self.ixit {
            values.insert(name.clone(), value.clone());
        }
        let ixit = Ixit::from_value(&values, DEFAULT_PORT).map_err(|problem| error(problem.to_string()))?;
        let tables = Tables::builtin();
        let mut answers = BTreeMap::new();
        for item in self.choices.iter().flat_map(|chosen| chosen.alternative.claims) {
            let known = item.parse::<ItemId>().map_err(|problem| error(problem.to_string()))?;
            answers.extend(tables.closure(item).into_iter().chain([known]).map(|item| (item, true)));
        }
        answers.extend(self.statement.iter().map(|(item, answer)| (item.clone(), *answer)));
        let ics = dut.ics.with_answers(&answers, tables).map_err(|problems| error(problems.to_string()))?;
        Ok(Dut { ixit, ics, variant: Some(self.clone()), ..dut.clone() })
    }
}

impl Fault {
    /// The reference DUT that has it.
    ///
    /// # Errors
    /// [`FaultError`] when its answers contradict those of the DUT.
    pub fn of(&self, dut: &Dut) -> Result<Dut, FaultError> {
        let error = |problems: Problems| FaultError { id: self.id.clone(), cause: problems.to_string() };
        let ics = dut.ics.with_answers(&self.statement, Tables::builtin()).map_err(error)?;
        Ok(Dut { faults: vec![self.clone()], ics, ..dut.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Bundle;
    use crate::variant::load;

    const WAITS: &str = "
- id: waits
  side: terminal
  what: The client waits to be asked.
  clause: DMPRO 8.3
  ixit: { http_port: 4116, client_auth: basic }
  statement: { DM_SC-C-005-O: yes, DM-PRO-Abort-C-003: yes }
";

    fn made(text: &str) -> Result<Dut, VariantError> {
        let variants =
            load(&Bundle::of([("fixtures/variants/a.yaml", text)])).unwrap_or_else(|all| panic!("{}", all[0]));
        variants[0].of(&Dut::from_bundle(&Bundle::builtin(), "reference-terminal", &[]).unwrap())
    }

    #[test]
    fn a_variant_is_made_of_the_reference_dut() {
        let made = made(WAITS).unwrap();
        assert_eq!(made.ixit.account.address, "http://127.0.0.1:4116/OMA/DM");
        assert_eq!(made.ics.claims("DM_SC-C-005-O"), Some(true));
    }

    #[test]
    fn a_fault_may_be_one_of_a_dut_that_claims_less() {
        let with = |statement: &str| {
            let text =
                format!("- {{ id: f, side: card, what: W., switches: [never-trigger], statement: {{ {statement} }} }}");
            let faults = crate::fault::load(&Bundle::of([("fixtures/faults/a.yaml", text.as_str())]));
            let card = Dut::from_bundle(&Bundle::builtin(), "reference-card", &[]).unwrap();
            faults.unwrap_or_else(|all| panic!("{}", all[0]))[0].of(&card)
        };
        let dut = with("DM_SC-S-003-O: no").unwrap();
        assert_eq!((dut.ics.claims("DM_SC-S-003-O"), dut.faults.len()), (Some(false), 1));
        assert!(with("DM_SC-S-001-M: no").unwrap_err().to_string().starts_with("fault f: "));
    }

    #[test]
    fn one_whose_statement_contradicts_itself_is_refused() {
        let error = made(&WAITS.replace("DM-PRO-Abort-C-003: yes", "DM-PRO-Abort-C-003: no")).unwrap_err();
        assert!(error.to_string().contains("DM-PRO-Abort-C-003"), "{error}");
    }
}
