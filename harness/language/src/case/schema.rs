//! The closed schema of cases and includes.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use dmsc_doc::{Case as Tag, Definitions, Field, Mapping, Node, Problem, Schema, Tagged};
use dmsc_engine::messages::{Setup, What};
use dmsc_scr::{Aim, Cited, Tables};

use super::Trust;
use super::requires::requires_schema;
use crate::catalogue::schema::{kinds, mutations, settings, template, with, within_a_day};
use crate::catalogue::{Catalogue, Role};

/// What a case file may hold.
pub fn case_schema() -> Schema {
    let roles = Role::ALL.map(|role| {
        let doc = match role {
            Role::Card => "The harness plays the card, the DUT is a terminal.",
            Role::Terminal => "The harness plays the terminal, the DUT is a card.",
        };
        let setup = Field::optional("setup", setup_schema(role), "Settings of the player.");
        let steps = Field::required("steps", steps(role), "What happens, in order.");
        Tag::new(role.as_str(), doc, [requires(role), setup, steps])
    });
    let items = |doc: &'static str| (Schema::seq(item_schema()).with(no_item_twice), doc);
    let (covers, covers_doc) = items("Further items that the verdict counts for.");
    let (claims, claims_doc) = items("Further items that the statement has to claim.");
    let (unclaimed, unclaimed_doc) =
        items("Items that the statement must not claim: the case is for DUTs without them.");
    Tagged::new([
        Field::required("title", line(), "What the case shows, in one line."),
        Field::required("purpose", Schema::text(), "What is shown and why, in a sentence or two."),
        Field::optional("aim", aim(), "What it gives the DUT to deal with; `positive` unless given."),
        Field::required(
            "spec",
            Schema::seq_of(citation(), 1, usize::MAX),
            "The clauses it rests on: `DM_SC 7.1-3`, `DMNOTI 6.2`.",
        ),
        Field::optional(
            "refs",
            super::numbers::references(),
            "Numbers by which others know the case: `{ body: ETCS, id: \"5.2.1\" }`.",
        ),
        Field::optional("covers", covers, covers_doc),
        Field::optional("claims", claims, claims_doc),
        Field::optional("unclaimed", unclaimed, unclaimed_doc),
        Field::optional(
            "trust",
            Schema::reference("trust"),
            "How sure it is that the documents say so; `stated` unless given.",
        ),
        Field::optional(
            "about_credentials",
            Schema::Bool,
            "Whether it looks at rounds of challenge; it does if a field of it is about credentials, unless given.",
        ),
        Field::optional(
            "packages",
            Schema::documented_choice([
                ("joined", "A package in several messages is one message."),
                ("apart", "Each message is looked at by itself."),
            ]),
            "How packages in several messages are looked at; joined, unless a field is `final` or about credentials.",
        ),
        Field::optional("when", Schema::reference("readings"), "Applies only where these readings are in force."),
        Field::optional(
            "judged",
            Schema::reference("readings"),
            "Counts only where these readings are in force; under another one a miss is a remark.",
        ),
        Field::optional("ixit", conditions(), "Applies only to DUTs whose IXIT has these values."),
        Field::optional("parameters", parameters(), "Names with lists of values; every combination is an instance."),
    ])
    .value("role", "What the harness plays.", roles)
    .into()
}

/// What an include may hold, for steps of a role; for editors, of either role.
pub fn include_schema(role: Option<Role>) -> Schema {
    let (steps, requires) = match role {
        Some(role) => (steps(role), requires_name(role)),
        None => (Schema::one_of(Role::ALL.map(steps)), Schema::one_of(Role::ALL.map(requires_name))),
    };
    let variables = Mapping::new([]).free(crate::variables::name_schema(), Schema::Any);
    Mapping::new([
        Field::required("purpose", Schema::text(), "What the steps do."),
        Field::optional("variables", variables, "Names with defaults; `null` for those that must be given."),
        Field::optional("requires", requires, REQUIRES),
        Field::required("steps", steps, "The steps."),
    ])
    .into()
}

/// The name of a known SCR item.
pub(crate) fn item_schema() -> Schema {
    Schema::text().named("an SCR item").with(|node| {
        let id = node.as_str()?;
        let tables = Tables::builtin();
        if tables.knows(id) {
            return None;
        }
        let problem =
            Problem::new(node.span, format!("`{id}` is no SCR item")).label("not in the tables of `fixtures/scr`");
        Some(match tables.nearest(id) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("item names look like `DM_SC-C-001-M` or `SCR-DM-NOTI-C-001`"),
        })
    })
}

/// The definitions that the schemas of cases, includes, DUT files and faults refer to.
pub(crate) fn definitions() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let levels = [("must", "A miss is a fail."), ("should", "A miss is a remark; a fail only when asked for.")];
        let all = crate::catalogue::schema::definitions()
            .define("level", Schema::documented_choice(levels))
            .define_with("trust", trust)
            .define_with("readings", readings)
            .define_with("disturbance", crate::disturb::disturbance_schema);
        Role::ALL.into_iter().fold(all, |all, role| {
            all.define_with(format!("step.{role}"), move || step(role).into())
                .define_with(setup_name(role), move || settings(Setup::group(role)).into())
                .define_with(format!("requires.{role}"), move || requires_schema(role))
        })
    })
}

fn steps(role: Role) -> Schema {
    Schema::seq_of(Schema::reference(format!("step.{role}")), 1, usize::MAX)
}

const REQUIRES: &str = "What the DUT has to offer; one that does not is no DUT for the case.";

fn requires(role: Role) -> Field {
    Field::optional("requires", requires_name(role), REQUIRES)
}

/// Where it is defined what a case of a role can require.
fn requires_name(role: Role) -> Schema {
    Schema::reference(format!("requires.{role}"))
}

/// Where the settings of a role's player are defined.
pub(super) fn setup_schema(role: Role) -> Schema {
    Schema::reference(setup_name(role))
}

fn setup_name(role: Role) -> String {
    format!("setup.{role}")
}

/// Text of one line.
fn line() -> Schema {
    Schema::text().with(|node| {
        let breaks = node.as_str()?.trim_end().contains('\n');
        breaks.then(|| {
            Problem::new(node.span, "a title of several lines").help("keep one line, and put the rest into `purpose`")
        })
    })
}

fn aim() -> Schema {
    let doc = |aim: Aim| match aim {
        Aim::Positive => "What is right, and in the range.",
        Aim::Negative => "What is wrong, out of turn, or not to be had.",
        Aim::Boundary => "The end of a range: smallest, largest, none, what just fits, what just does not.",
    };
    Schema::documented_choice(Aim::ALL.map(|aim| (aim.as_str(), doc(aim))))
}

fn trust() -> Schema {
    let doc = |trust: Trust| match trust {
        Trust::Stated => "Read in a document.",
        Trust::Verified => "Read, and confirmed by another source.",
        Trust::Memory => "From memory: never a fail.",
        Trust::Uncertain => "In doubt: never a fail.",
    };
    Schema::documented_choice(Trust::ALL.map(|trust| (trust.as_str(), doc(trust))))
}

/// A clause; it has to exist.
fn citation() -> Schema {
    Schema::verbatim().named("a clause").with(|node| {
        let written = node.written()?;
        if Tables::builtin().requirement(written).is_some() {
            return None;
        }
        let Some(ours) = written.strip_prefix("DM_SC ") else { return foreign(node, written) };
        // What follows the place is a remark: `DM_SC 7.1-14 "in any case"`.
        let cited = ours.split_whitespace().next().unwrap_or_default();
        let clauses = Tables::builtin().clauses();
        let bare = |id: &'static str| id.strip_prefix("DM_SC-").unwrap_or(id);
        if clauses.iter().any(|clause| clause.section == cited || bare(&clause.id) == cited) {
            return None;
        }
        let problem = Problem::new(node.span, format!("DM_SC has no clause `{cited}`"))
            .label("not in `fixtures/scr/clauses.yaml`");
        let section = cited.split('-').next().unwrap_or_default();
        if let Some(last) = clauses.iter().rfind(|clause| clause.section == section) {
            return Some(problem.help(format!("the last clause of section {section} is `DM_SC {}`", bare(&last.id))));
        }
        let mut sections: Vec<&str> = clauses.iter().map(|clause| clause.section.as_str()).collect();
        sections.dedup();
        Some(problem.help(format!("its sections are {}; clauses are cited as `DM_SC 7.1-3`", sections.join(", "))))
    })
}

/// A clause of another document that is not in the list of those that cases cite.
fn foreign(node: &Node, citation: &str) -> Option<Problem> {
    const LIST: &str = "not in `fixtures/scr/documents.yaml`";
    let (message, near) = match Tables::builtin().cited(citation) {
        Cited::Known(_) => return None,
        Cited::NoDocument(near) => (format!("no document is called as in `{citation}`"), near),
        Cited::NoClause(document, near) => {
            (format!("no clause of {} is known as in `{citation}`", document.document), near)
        }
    };
    let problem = Problem::new(node.span, message).label(LIST);
    Some(match near {
        Some(near) => problem.help(format!("did you mean `{near}`? Otherwise add it to the list")),
        None => problem.help("add it to the list, and whether it was read"),
    })
}

/// Interpretations and the readings that must be in force.
pub(crate) fn readings() -> Schema {
    let readings = Tables::builtin().interpretations().iter().map(|interpretation| {
        let alternatives = interpretation.alternatives.iter();
        let choice =
            Schema::documented_choice(alternatives.map(|choice| (choice.id.as_str(), choice.meaning.as_str())));
        Field::optional(interpretation.id.as_str(), choice, interpretation.title.as_str())
    });
    Mapping::new(readings).into()
}

/// The values of an IXIT that a case can be made for.
fn conditions() -> Schema {
    let scheme = || Schema::choice(["none", "basic", "md5"]);
    Mapping::new([
        Field::optional("server_auth", scheme(), "How the server proves itself."),
        Field::optional("client_auth", scheme(), "How the client proves itself."),
        Field::optional("encoding", Schema::choice(["xml", "wbxml"]), "Encoding of messages."),
        Field::optional(
            "trigger",
            Schema::choice(["off-line", "on-line"]),
            "How the card sends its notification; one that does so either way is meant, too.",
        ),
        Field::optional(
            "bootstrap",
            Schema::choice(["cp", "dm"]),
            "Which documents of a smart card bootstrap the terminal takes in; one that takes either is meant, too.",
        ),
        Field::optional(
            "pushed_bootstrap",
            Schema::choice(["cp", "dm"]),
            "Which documents of a bootstrap by push the terminal takes in; one that takes either is meant, too.",
        ),
    ])
    .into()
}

fn parameters() -> Schema {
    let scalar = Schema::one_of([Schema::verbatim(), Schema::int(i64::MIN, i64::MAX), Schema::Bool]);
    let values = Schema::seq_of(scalar, 1, usize::MAX).with(no_value_twice);
    Mapping::new([]).free(crate::variables::name_schema(), values).into()
}

/// The first item of a list that stands in it before.
fn twice(node: &Node) -> Option<&Node> {
    let mut seen = BTreeSet::new();
    node.items().iter().find(|item| !seen.insert(item.written()))
}

fn no_item_twice(node: &Node) -> Option<Problem> {
    twice(node).map(|item| {
        Problem::new(item.span, format!("`{}` stands twice", item.written().unwrap_or_default()))
            .label("counts once all the same")
            .help("remove one of them")
    })
}

/// A length of time of one step.
fn duration() -> Schema {
    within_a_day(Schema::Duration)
}

fn no_value_twice(node: &Node) -> Option<Problem> {
    twice(node).map(|item| {
        Problem::new(item.span, format!("the value `{}` stands twice", item.written().unwrap_or_default()))
            .label("two instances of one name")
            .help("remove one of them")
    })
}

/// One step of a role.
fn step(role: Role) -> Tagged {
    let catalogue = Catalogue::get();
    let judged = || {
        [
            Field::optional("level", Schema::reference("level"), "What a miss means; `must` unless given."),
            Field::optional(
                "trust",
                Schema::reference("trust"),
                "How sure the demand is; that of the case unless given.",
            ),
            Field::optional("spec", citation(), "The clause, where it is not the one of the case."),
            Field::optional("hint", Schema::text(), "What to try when it misses."),
            Field::optional(
                "judged",
                Schema::reference("readings"),
                "Demanded only where these readings are in force; under another one a miss is a remark.",
            ),
        ]
    };
    let mutate = |doc: &'static str| Field::optional("mutate", mutations(), doc);
    let when =
        || Field::optional("when", Schema::reference("readings"), "Done only where these readings are in force.");
    let within = || Field::optional("within", duration(), "How long to wait.");
    let filter = |group: &str| Field::optional("where", template(group), "Which messages count; others pass by.");
    let matching = |group: &str| Field::optional("match", template(group), "What the message must look like.");

    let sends = kinds(
        role,
        |kind| kind.sent,
        |kind| {
            let group = kind.build.unwrap_or("none");
            let mut fields = vec![
                Field::optional("with", with(group), "Fields that differ from the default; `null` leaves one out."),
                mutate("Edits of the octets, after they were built."),
            ];
            if kind.what == What::DmMessage {
                let doc = "Keeps all fields of the message, as it was sent, under this name.";
                fields.push(Field::optional("as", crate::variables::name_schema(), doc));
            }
            fields
        },
    );
    let expects = kinds(
        role,
        |kind| kind.heard,
        |kind| {
            let mut fields = vec![within(), filter(kind.fields), matching(kind.fields)];
            fields.push(Field::optional(
                "as",
                crate::variables::name_schema(),
                "Keeps all fields of the message under this name.",
            ));
            if let Some(reply) = kind.reply {
                let answer = Schema::one_of([Schema::choice(["none"]), with(reply)]);
                fields.push(Field::optional(
                    "reply",
                    answer,
                    "Fields of the answer that differ from a correct one, or `none`.",
                ));
                fields.push(mutate("Edits of the octets of the answer."));
                if kind.what == What::DmMessage {
                    let doc = "Keeps all fields of the answer, as it was sent, under this name.";
                    fields.push(Field::optional("sent", crate::variables::name_schema(), doc));
                }
            }
            let meanings = [
                ("fail", "The DUT has to send it."),
                ("inconclusive", "Nothing obliges the DUT to send it at this point; what comes is judged."),
            ];
            fields.push(Field::optional(
                "absence",
                Schema::documented_choice(meanings),
                "What it means that no such message comes; `fail` unless given.",
            ));
            fields.extend(judged());
            fields
        },
    );
    let absences = kinds(
        role,
        |kind| kind.heard,
        |kind| {
            let mut fields = vec![
                filter(kind.fields),
                Field::required("during", duration(), "How long no such message may come."),
                Field::required("control", steps(role), "Steps that show that the DUT is alive and the way is open."),
            ];
            fields.extend(judged());
            fields
        },
    );
    let until = || {
        let heard = catalogue.kinds(role).filter(|kind| kind.heard);
        Schema::documented_choice(heard.map(|kind| (kind.name.clone(), kind.doc.clone())))
    };
    let operator = [
        Field::required("prompt", Schema::text(), "What the person is asked to do."),
        Field::optional("until", until(), "The message that proves the act."),
        Field::optional("match", Schema::Any, "What that message must look like."),
        within(),
    ];
    let wait = [
        Field::optional("until", until(), "The message that ends the wait before its time; it need not come."),
        Field::optional("match", Schema::Any, "What that message must look like."),
    ];
    let repeated = Field::required("steps", steps(role), "The steps.");
    let given = Mapping::new([]).free(crate::variables::name_schema(), Schema::Any);
    let given = Field::optional("with", given, "Values for the variables of the include.");
    let skips = [(
        "without-wake-up",
        "Where nothing makes the DUT send a notification (a process without `wake`). The case can do without it.",
    )];
    let skip = Field::optional("skip", Schema::documented_choice(skips), "Where these steps are left out.");
    let act = Schema::text().with(|node| {
        let name = node.as_str()?;
        let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        (!fits).then(|| {
            Problem::new(node.span, format!("`{name}` is not the name of an act"))
                .label("lower case letters, digits and `-` only")
                .help("what the person reads goes into `prompt`")
        })
    });
    Tagged::new([when()])
        .value("send", "Sends a message.", sends)
        .value("expect", "Waits for a message.", expects)
        .value("expect-none", "Shows that no such message comes.", absences)
        .key("wait", "Lets time pass; ends with a DUT that is a command.", duration(), wait)
        .key("operator", "Asks a person to act; the DUT file may name a command instead.", act, operator)
        .key("repeat", "Does the steps this many times.", Schema::int(1, 100_000), [repeated])
        .key("include", "Does the steps of `testcases/include/<name>.yaml`.", Schema::text(), [given, skip])
}
