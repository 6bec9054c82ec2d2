//! The DUT files of the fixtures that are a reference DUT with other choices: they conform, and their matrices say so.

mod common;

use std::path::Path;

use common::dmsc;
use serde_json::Value;

const FILES: [(&str, &[&str]); 5] = [
    ("xml-client-that-waits", TERMINAL),
    ("wbxml-client", TERMINAL),
    ("tcp-only-terminal", TERMINAL),
    ("card-woken-by-timer", CARD),
    ("card-with-two-listeners", CARD),
];

const TERMINAL: &[&str] = &["DM_SC-C-001-M", "DM_SC-C-008-M", "DM_SC-D-001-M", "DM_SC-D-003-M"];
const CARD: &[&str] = &["DM_SC-S-001-M", "DM_SC-S-002-M"];

#[test]
fn a_dut_that_chooses_otherwise_passes_every_mandatory_item() {
    let duts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/duts");
    for (file, items) in FILES {
        let path = duts.join(format!("{file}.yaml"));
        let ran = dmsc(&["run", "--no-report", "--json", "--dut", path.to_str().unwrap()]);
        // What such a DUT leaves of an optional item is inconclusive at worst.
        assert!(matches!(ran.code, 0 | 2), "{file}: {}", ran.err);
        let matrix: Value = serde_json::from_str(&ran.out).unwrap();
        for item in items {
            let rows = matrix["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["item"] == *item).unwrap_or_else(|| panic!("{file}: {item}"));
            assert_eq!(row["cells"][0]["state"], "pass", "{file}: {item}: {row}");
        }
        let wrong = ["fail", "error"];
        let cases = matrix["cases"].as_array().unwrap();
        let found = cases.iter().find(|case| wrong.iter().any(|word| case["outcome"] == *word));
        assert!(found.is_none() && cases.len() > 60, "{file}: {found:?}");
    }
}
