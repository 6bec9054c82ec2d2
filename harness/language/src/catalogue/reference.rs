//! The catalogue as Markdown: the part of `LANGUAGE.md` that lists kinds and fields.

use std::fmt::Write as _;

use super::{Catalogue, Kind, Role};
use dmsc_engine::messages::anchor;

/// Tables of the kinds of both roles and of the fields of all groups.
pub fn reference() -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write(&mut out);
    out
}

fn write(out: &mut String) -> std::fmt::Result {
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
    writeln!(out, "### Fields\n")?;
    for (group, fields) in catalogue.groups().filter(|(_, fields)| !fields.is_empty()) {
        writeln!(out, "#### <a id=\"fields-{}\"></a>{group}\n", anchor(group))?;
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
