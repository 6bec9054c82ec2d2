//! The kinds of messages and their fields as Markdown.

use std::fmt::Write as _;

use dmsc_engine::messages::anchor;

use crate::catalogue::{Catalogue, Kind, Role};

const KINDS: &str = "\
## Kinds of messages

The column *link* says what the link to the DUT has to offer: `contact` is the contact interface with power, reset and
APDUs; with `any` the kind works over byte streams too. `envelope`, `event` and `terminal-response` stand for every
message of their family, `proactive` for every command of a type without a name.

";

/// Tables of the kinds of both roles and of the fields of all groups.
pub(super) fn write(out: &mut String) {
    // Writing to a text cannot fail.
    let _ = tables(out);
}

fn tables(out: &mut String) -> std::fmt::Result {
    out.push_str(KINDS);
    let catalogue = Catalogue::get();
    for role in Role::ALL {
        let dut = role.other();
        writeln!(out, "### Role {role}: the harness plays the {role}, the DUT is a {dut}\n")?;
        table(out, "`send`", catalogue.kinds(role).filter(|kind| kind.sent), |kind| {
            format!("`with`: {}", link(kind.build.unwrap_or("none")))
        })?;
        table(out, "`expect`, `expect-none`", catalogue.kinds(role).filter(|kind| kind.heard), |kind| {
            let reply = kind.reply.map_or_else(String::new, |group| format!("; `reply`: {}", link(group)));
            format!("`match`: {}{reply}", link(kind.fields))
        })?;
    }
    writeln!(out, "## Fields\n")?;
    for (group, fields) in catalogue.groups().filter(|(_, fields)| !fields.is_empty()) {
        writeln!(out, "### <a id=\"fields-{}\"></a>{group}\n", anchor(group))?;
        writeln!(out, "| field | value | meaning |\n|---|---|---|")?;
        for field in fields {
            writeln!(out, "| `{}` | {} | {} |", field.name, field.words(), field.doc)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn table<'k>(
    out: &mut String,
    key: &str,
    kinds: impl Iterator<Item = &'k Kind>,
    fields: impl Fn(&Kind) -> String,
) -> std::fmt::Result {
    writeln!(out, "| {key} | what it is | link | fields |\n|---|---|---|---|")?;
    for kind in kinds {
        let link = if kind.contact { "contact" } else { "any" };
        writeln!(out, "| `{}` | {} | {link} | {} |", kind.name, kind.doc, fields(kind))?;
    }
    writeln!(out)
}

fn link(group: &str) -> String {
    if group == "none" { "no fields".to_owned() } else { format!("[{group}](#fields-{})", anchor(group)) }
}
