//! What stands before the root element (XML 1.0, 2.8).

use std::ops::Range;

use super::fault::{Fault, Rule};
use super::input::{Found, Input, wrong};
use crate::element::shown;

/// What the prolog says that matters to what follows.
#[derive(Debug, Default)]
pub(super) struct Prolog {
    /// The XML declaration of another version than 1.0.
    pub(super) other_version: Option<Range<usize>>,
    /// Whether entities may be defined in a part of the document type declaration that is not read.
    pub(super) external: bool,
}

/// Reads up to the root element, or to the end if there is none.
pub(super) fn read_prolog(input: &mut Input<'_>) -> Result<Prolog, Found> {
    let declaration = read_declaration(input)?;
    let mut prolog = Prolog { other_version: declaration.other_version, external: false };
    let mut has_type = false;
    loop {
        miscellaneous(input)?;
        if !input.starts_with("<!DOCTYPE") {
            break;
        }
        if has_type {
            return input.wrong(Rule::Prolog, "a second DOCTYPE");
        }
        has_type = true;
        prolog.external = document_type(input)? && !declaration.standalone;
    }
    Ok(prolog)
}

/// Comments, processing instructions and white space.
pub(super) fn miscellaneous(input: &mut Input<'_>) -> Result<(), Found> {
    loop {
        input.spaces();
        if input.starts_with("<!--") {
            input.comment()?;
        } else if input.starts_with("<?") {
            input.instruction()?;
        } else {
            return Ok(());
        }
    }
}

/// What the XML declaration says, or what goes without saying where there is none.
#[derive(Debug, Default)]
pub(super) struct Declaration {
    other_version: Option<Range<usize>>,
    standalone: bool,
}

/// Reads the XML declaration, if there is one.
pub(super) fn read_declaration(input: &mut Input<'_>) -> Result<Declaration, Found> {
    let start = input.at();
    let mut ahead = *input;
    ahead.skip("<?".len());
    if !input.starts_with("<?xml") || ahead.name() != Some("xml") {
        return Ok(Declaration::default());
    }
    *input = ahead;
    let Some((_, version)) = setting(input, "version")? else {
        return input.wrong(Rule::Declaration, "an XML declaration has a `version` first");
    };
    let encoding = setting(input, "encoding")?;
    if let Some((at, encoding)) = encoding
        && !encoding.starts_with(|first: char| first.is_ascii_alphabetic())
    {
        return wrong(at, Rule::Declaration, format!("`{encoding}` is not the name of an encoding"));
    }
    let standalone = match setting(input, "standalone")? {
        None | Some((_, "no")) => false,
        Some((_, "yes")) => true,
        Some((at, _)) => return wrong(at, Rule::Declaration, "`standalone` is `yes` or `no`"),
    };
    input.spaces();
    if !input.eat("?>") {
        let what = format!(
            "{} in an XML declaration, which has `version`, `encoding` and `standalone` in this order, and `?>`",
            input.shown()
        );
        return input.wrong(Rule::Declaration, what);
    }
    if let Some((at, encoding)) = encoding
        && !encoding.eq_ignore_ascii_case("UTF-8")
    {
        return Err(Found { at, fault: Fault::Encoding(shown(encoding)) });
    }
    Ok(Declaration { other_version: (version != "1.0").then(|| start..input.at()), standalone })
}

/// ` name="value"` of an XML declaration, and where the value stands; `None` if it is not next.
fn setting<'a>(input: &mut Input<'a>, name: &str) -> Result<Option<(usize, &'a str)>, Found> {
    let mut ahead = *input;
    if !ahead.spaces() || ahead.name() != Some(name) {
        return Ok(None);
    }
    ahead.spaces();
    if !ahead.eat("=") {
        return ahead.wrong(Rule::Declaration, format!("`{name}` without `=`"));
    }
    ahead.spaces();
    let at = ahead.at() + 1;
    let Some(value) = ahead.quoted(name, Rule::Declaration)? else {
        return ahead.wrong(Rule::Declaration, format!("the value of `{name}` is in quotes"));
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if let Some((index, other)) = value.char_indices().find(|(_, character)| !allowed(*character)) {
        let what = format!("`{}` in the value of `{name}`", other.escape_debug());
        return wrong(at + index, Rule::Declaration, what);
    }
    *input = ahead;
    Ok(Some((at, value)))
}

/// A document type declaration, whose `<!DOCTYPE` is next; whether a part of it is elsewhere.
fn document_type(input: &mut Input<'_>) -> Result<bool, Found> {
    let start = input.at();
    input.skip("<!DOCTYPE".len());
    if !input.spaces() {
        return input.wrong(Rule::DocumentType, "`<!DOCTYPE` without white space after it");
    }
    let Some(_) = input.name() else {
        return input.wrong(Rule::DocumentType, format!("the name in a DOCTYPE cannot start with {}", input.shown()));
    };
    if input.eat(":") && local_part(input).is_none() {
        return input.wrong(Rule::QualifiedName, format!("{} after the colon of a name", input.shown()));
    }
    input.spaces();
    let external = matches!(input.next(), Some(b'S' | b'P'));
    if external {
        external_id(input)?;
        input.spaces();
    }
    if input.eat("[") {
        internal_subset(input, start)?;
        input.spaces();
    }
    if input.eat(">") {
        return Ok(external);
    }
    input.wrong(Rule::DocumentType, format!("{} in a DOCTYPE, where `>` is to be", input.shown()))
}

/// What stands after the colon of a name. Readers take a digit as its first character here, and here only.
fn local_part<'a>(input: &mut Input<'a>) -> Option<&'a str> {
    let rest = input.rest();
    let length =
        rest.char_indices().find(|(_, c)| !super::names::is_in_name(*c)).map_or(rest.len(), |(index, _)| index);
    input.skip(length);
    rest.get(..length).filter(|name| !name.is_empty() && !input.starts_with(":"))
}

fn external_id(input: &mut Input<'_>) -> Result<(), Found> {
    let public = input.starts_with("PUBLIC");
    if !public && !input.starts_with("SYSTEM") {
        return input.wrong(Rule::ExternalId, "an external identifier starts with `SYSTEM` or `PUBLIC`");
    }
    input.skip("PUBLIC".len());
    if public {
        let (at, id) = literal(input, "a public identifier")?;
        if let Some((index, other)) = id.char_indices().find(|(_, character)| !is_public(*character)) {
            let what = format!("`{}` in a public identifier", other.escape_debug());
            return wrong(at + index, Rule::ExternalId, what);
        }
    }
    literal(input, "a system identifier").map(|_| ())
}

/// White space and text in quotes, with its place.
fn literal<'a>(input: &mut Input<'a>, what: &str) -> Result<(usize, &'a str), Found> {
    if !input.spaces() {
        return input.wrong(Rule::ExternalId, format!("{} where white space and {what} are to be", input.shown()));
    }
    let mut inside = *input;
    inside.skip(1);
    match input.quoted(what, Rule::ExternalId)? {
        Some(text) => inside.characters_only(text.len()).map(|()| (inside.at(), text)),
        None => input.wrong(Rule::ExternalId, format!("{} where {what} in quotes is to be", input.shown())),
    }
}

/// Characters of public identifiers (2.3 [13]).
fn is_public(character: char) -> bool {
    character.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(character)
}

/// The internal subset after its `[`: comments, processing instructions and white space. What defines is refused by name.
fn internal_subset(input: &mut Input<'_>, start: usize) -> Result<(), Found> {
    miscellaneous(input)?;
    let at = input.at();
    match input.next() {
        Some(b']') => {
            input.skip(1);
            Ok(())
        }
        Some(b'%') => {
            input.skip(1);
            if input.name().is_some() && input.eat(";") {
                return Err(Found { at, fault: Fault::Definition(shown(input.since(at))) });
            }
            wrong(at, Rule::DocumentType, "`%` that starts no reference to a parameter entity")
        }
        Some(b'<') => {
            let definition = ["<!ENTITY", "<!ELEMENT", "<!ATTLIST", "<!NOTATION"];
            match definition.into_iter().find(|word| input.starts_with(word)) {
                Some(word) => Err(Found { at, fault: Fault::Definition(word.to_owned()) }),
                None => wrong(at, Rule::DocumentType, "markup in a DOCTYPE that declares nothing"),
            }
        }
        Some(_) => input.wrong(Rule::DocumentType, format!("{} between declarations of a DOCTYPE", input.shown())),
        None => wrong(start, Rule::DocumentType, "a DOCTYPE that does not end"),
    }
}
