//! `dmsc cases schema`: JSON Schemas for editors.

use clap::{Args, ValueEnum};
use dmsc_doc::{Definitions, Field, Mapping, Schema as Shape};
use dmsc_language::editors::json_schemas;
use dmsc_scr::{DutKind, Feature, Tables};

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::terminal::Terminal;

/// Write the JSON Schema of a kind of file, for completion and hints in editors
///
/// `dmsc cases check` and `dmsc ics check` find more than a schema can say.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc cases schema > case.schema.json
  dmsc cases schema dut > dut.schema.json")]
pub(super) struct Schema {
    /// The kind of file
    #[arg(value_enum, default_value_t = Kind::Case)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A case.
    Case,
    /// An include of cases.
    Include,
    /// A DUT file.
    Dut,
    /// A file of faults.
    Faults,
    /// A file of variants.
    Variants,
    /// A conformance statement.
    Ics,
}

impl Schema {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let name = match self.kind {
            Kind::Case => "case.schema.json",
            Kind::Include => "include.schema.json",
            Kind::Dut => "dut.schema.json",
            Kind::Faults => "faults.schema.json",
            Kind::Variants => "variants.schema.json",
            Kind::Ics => {
                terminal.json(&ics_schema().json_schema(&Definitions::new()))?;
                return Ok(Exit::Conforms);
            }
        };
        let schema = json_schemas().into_iter().find(|(file, _)| *file == name);
        let (_, schema) =
            schema.ok_or_else(|| Failure::Rig(format!("this dmsc has no {name}; use another version")))?;
        terminal.json(&schema)?;
        Ok(Exit::Conforms)
    }
}

/// The form of a statement; that it is complete and free of contradictions, a schema cannot say.
fn ics_schema() -> Shape {
    let tables = Tables::builtin();
    let dut = Mapping::new([
        Field::required("name", Shape::verbatim(), "Name of the DUT, as reports print it."),
        Field::required("kind", Shape::choice(DutKind::ALL.map(DutKind::as_str)), "What the DUT is."),
    ]);
    let own = tables.items().iter().map(|item| (item.id.as_str(), item.function.as_str()));
    let external = tables.external().iter().map(|item| (item.id.as_str(), item.what.as_str()));
    let answers = own.chain(external).map(|(id, what)| Field::optional(id, Shape::choice(["yes", "no"]), what));
    let features = Feature::ALL.map(|one| Field::optional(one.as_str(), Shape::choice(["yes", "no"]), one.question()));
    let readings = tables.interpretations().iter().map(|point| {
        let choices = point.alternatives.iter().map(|reading| (reading.id.as_str(), reading.meaning.as_str()));
        Field::optional(point.id.as_str(), Shape::documented_choice(choices), point.title.as_str())
    });
    Mapping::new([
        Field::required("ics", Shape::int(1, 1), "Version of the format."),
        Field::required("dut", dut, "The DUT that the statement speaks of."),
        Field::required("answers", Mapping::new(answers), "Every item of the DUT, with yes or no."),
        Field::optional("features", Mapping::new(features), "What conditional demands depend on; each has a default."),
        Field::optional("interpretations", Mapping::new(readings), "Readings other than the default."),
    ])
    .into()
}
