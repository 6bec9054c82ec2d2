//! A card as a fixture describes it: the form of `fixtures/cards/*.yaml`, whose head explains it.

use dmsc_doc::Octets;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardSpec {
    pub(super) atr: Octets,
    #[serde(default)]
    pub(super) pins: Vec<PinSpec>,
    #[serde(default)]
    pub(super) rules: Vec<RuleSpec>,
    pub(super) files: Vec<FileSpec>,
    #[serde(default)]
    pub(super) applications: Vec<ApplicationSpec>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum PinName {
    Pin1,
    Pin2,
    Universal,
    Adm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PinSpec {
    pub(super) name: PinName,
    pub(super) value: String,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default = "three")]
    pub(super) tries: u8,
    pub(super) puk: Option<String>,
    #[serde(default = "ten")]
    pub(super) puk_tries: u8,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ConditionSpec {
    Always,
    Never,
    Pin1,
    Pin2,
    Universal,
    Adm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSpec {
    pub(super) name: String,
    pub(super) read: ConditionSpec,
    pub(super) update: ConditionSpec,
    #[serde(default = "never")]
    pub(super) increase: ConditionSpec,
    #[serde(default = "adm")]
    pub(super) activate: ConditionSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationSpec {
    pub(super) aid: Octets,
    pub(super) authentication: Option<AuthenticationSpec>,
    pub(super) files: Vec<FileSpec>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum AlgorithmName {
    Milenage,
    Xor,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum SequenceSpec {
    Fresh,
    Any,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthenticationSpec {
    pub(super) algorithm: AlgorithmName,
    pub(super) k: String,
    pub(super) op: Option<String>,
    pub(super) opc: Option<String>,
    pub(super) res_length: Option<u8>,
    pub(super) sequence: Option<SequenceSpec>,
    pub(super) sqn: Option<Octets>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSpec {
    pub(super) id: Octets,
    pub(super) name: String,
    pub(super) sfi: Option<u8>,
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) deactivated: bool,
    /// A transparent file: its first octets, and how many it has.
    pub(super) content: Option<Octets>,
    pub(super) size: Option<usize>,
    /// A file of records: the first of them, the length of each, and how many there are.
    pub(super) records: Option<Vec<Octets>>,
    pub(super) length: Option<usize>,
    pub(super) count: Option<usize>,
    #[serde(default)]
    pub(super) cyclic: bool,
    /// An EF.ARR, whose records follow from the rules.
    #[serde(default)]
    pub(super) access_rules: bool,
    /// A directory.
    pub(super) files: Option<Vec<FileSpec>>,
}

fn yes() -> bool {
    true
}

fn three() -> u8 {
    3
}

fn ten() -> u8 {
    10
}

fn never() -> ConditionSpec {
    ConditionSpec::Never
}

fn adm() -> ConditionSpec {
    ConditionSpec::Adm
}
