//! The closed schema of DUT files.

use dmsc_doc::{Field, Mapping, Problem, Schema, Text};
use dmsc_engine::choice::Choice;
use dmsc_link::JOB;
use dmsc_scr::DutKind;

use super::Builtin;
use super::connection::{WORDS, address_with, connection_schema};
use super::jobs::MOST;
use crate::ixit::ixit_schema;
use crate::variant::{choices_field, profile_field};

/// What a DUT file may hold.
pub fn dut_schema() -> Schema {
    let builtin = Builtin::ALL.map(|builtin| (builtin.as_str(), doc(builtin)));
    let tcp = Mapping::new([
        Field::optional(
            "listen",
            address_with(JOB),
            "Where the harness listens for the DM Client: `127.0.0.1:0` takes any free port. `{host}` and `{port}` stand for it in commands and in the `address` of the IXIT.",
        ),
        Field::optional(
            "connect",
            address_with(JOB),
            "Where the SCWS of the card listens. `{host}` and `{port}` stand for it in commands and in the `address` of the IXIT.",
        ),
        Field::optional(
            "start",
            command_within(),
            "Started at the beginning of each session and killed at its end; `within` is for the line of `ready`.",
        ),
        Field::optional(
            "ready",
            Schema::text(),
            "A line of the started process's output that says it is ready; it may take 30 s unless `start` says.",
        ),
        Field::optional(
            "notify",
            command(),
            "Delivers a notification to the DM Client: in `{package0}`, else on standard input.",
        ),
        Field::optional(
            "ends_with_command",
            Schema::Bool,
            "The `notify` command is the client itself: when it has ended, nothing more can come. Saves waiting out windows.",
        ),
        Field::optional("wake", command(), "Makes the card send a notification; prints it in hexadecimal."),
    ]);
    let devices = WORDS.iter().map(|word| Field::optional(word.name, (word.fields)(), word.doc));
    let link = [
        Field::optional("builtin", Schema::documented_choice(builtin), "A DUT that is part of the harness."),
        Field::optional("tcp", tcp, "A DUT that is reached over TCP."),
    ];
    let link = Mapping::new(link.into_iter().chain(devices).collect::<Vec<_>>())
        .exactly_one(["builtin", "tcp"].into_iter().chain(WORDS.iter().map(|word| word.name)));
    let bench = Mapping::new([
        Field::required("builtin", Schema::documented_choice(builtin), "The DUT at the far end."),
        Field::required("link", connection_schema(), "How it reaches the link."),
    ]);
    let acts = Mapping::new([]).free(Schema::text(), command_within());
    Mapping::new([
        Field::required("dut", Schema::choice(["1"]), "Version of the format."),
        Field::required("name", name(), "Name of the DUT, as reports print it."),
        Field::required("kind", Schema::choice(DutKind::ALL.map(DutKind::as_str)), "What the DUT is."),
        Field::required("link", link, "How the DUT is reached."),
        Field::optional(
            "bench",
            bench,
            "A DUT that is part of the harness at the other end of the link, to prove the link.",
        ),
        Field::optional("recovery", Schema::Duration, "How long a lost link may take to come back; 60 s unless given."),
        Field::required("ics", Schema::text(), "The conformance statement, relative to this file."),
        Field::optional("ixit", ixit_schema(), "The values needed to test it."),
        Field::optional("interpretations", crate::case::readings(), "Readings other than the default."),
        Field::optional(
            "nonces",
            Schema::text(),
            "A file beside this one in which the nonces of a DUT that lives on are kept from run to run. While it is not there, those of `ixit` count: remove it when the DUT is provisioned again.",
        ),
        Field::optional(
            "card",
            Schema::text(),
            "The card that the harness plays, or that is built in: a file written like `fixtures/cards/reference.yaml`, relative to this one.",
        ),
        Field::optional("faults", Schema::seq(Schema::text()), "Faults of a built-in DUT."),
        choices_field(Choice::all()),
        profile_field(),
        Field::optional(
            "jobs",
            Schema::Int { min: 1, max: MOST },
            "How many of a DUT on a `tcp` link may run at once, each for a case of its own. `{job}` in commands and addresses stands for the number of one, from 0 to this: where it keeps its state. Nobody is asked for anything meanwhile.",
        ),
        Field::optional("reset", command_within(), "Run before each case. It must end within 60 s unless `within` says otherwise, has no terminal to ask at, and may leave something running."),
        Field::optional("operator", acts, "Commands that stand for a person, by act. Each must end within 60 s unless `within` says otherwise, and has no terminal to ask at."),
    ])
    .into()
}

fn doc(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Terminal => "The reference terminal.",
        Builtin::Card => "The reference card.",
        Builtin::Silent => "Answers nothing.",
        Builtin::Yes => "Answers 9000 and 200 to everything.",
    }
}

/// A command with or without the time that it may take.
fn command_within() -> Schema {
    let timed = Mapping::new([
        Field::required("run", command(), "The program and its arguments."),
        Field::optional("within", Schema::time_to_pass(), "How long it may take."),
    ]);
    Schema::one_of([command(), timed.into()])
}

/// Each line of a record has the name of its DUT, and each table.
fn name() -> Schema {
    const MOST: usize = 200;
    Schema::verbatim().with(|node| {
        let count = node.written()?.chars().count();
        let text = format!("a name of {count} characters");
        (count > MOST).then(|| Problem::new(node.span, text).label(format!("expected {MOST} at most")))
    })
}

fn command() -> Schema {
    // An argument may be empty (POSIX: any string is one), a program has a name.
    let word = Schema::Text(Text { verbatim: true, empty: true });
    Schema::seq_of(word, 1, usize::MAX).named("a command: [program, argument, ...]").with(|node| {
        let program = node.items().first()?;
        if program.written().is_some_and(str::is_empty) {
            return Some(Problem::new(program.span, "empty text").label("expected a program"));
        }
        let cut = node.items().iter().find(|word| word.written().is_some_and(|text| text.contains('\0')))?;
        Some(Problem::new(cut.span, "a zero octet").label("expected text that a program can be given"))
    })
}

#[cfg(test)]
mod tests {
    use dmsc_doc::{Definitions, Source, parse};

    use super::*;

    #[test]
    fn an_argument_may_be_empty_and_a_program_not() {
        for (text, problems) in [
            ("[./client, --password, \"\"]", &[][..]),
            ("[python3, -c, '']", &[]),
            ("[\"\", --password]", &["empty text"]),
            ("[\"\"]", &["empty text"]),
            ("[./client, \"a\\0b\"]", &["a zero octet"]),
        ] {
            let node = parse(&Source::new("dut.yaml", text)).unwrap();
            let found: Vec<_> =
                command().check(&node, &Definitions::default()).into_iter().map(|problem| problem.message).collect();
            assert_eq!(found, problems, "{text}");
        }
    }
}
