//! The coverage of the tables as one HTML file: no network, no script, everything escaped.

use dmsc_scr::Coverage;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};

use crate::matrix::HtmlError;
use crate::text::visible;

/// Coverage as a page: clause to cases, requirement to cases, case to clauses, and the fields of messages.
///
/// # Errors
/// If the template cannot be filled, which no coverage causes.
pub fn coverage_html(coverage: &Coverage) -> Result<String, HtmlError> {
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut syntax = SyntaxConfig::builder();
    env.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    env.add_filter("visible", |text: &str| visible(text).into_owned());
    env.add_template("coverage.html", include_str!("../templates/coverage.html"))?;
    Ok(env.get_template("coverage.html")?.render(Serde(coverage))?)
}

#[cfg(test)]
mod tests {
    use dmsc_scr::{Aim, CaseRef, Tables};

    use super::*;

    #[test]
    fn each_way_is_on_the_page_and_texts_are_escaped() {
        let case = CaseRef {
            case: "<a>&".into(),
            item: "DM_SC-D-003-M".parse().unwrap(),
            covers: Vec::new(),
            spec: vec!["DM_SC 7.1-6".into(), "TS 102 223 <8>".into()],
            aim: Aim::Positive,
        };
        let page = coverage_html(&Coverage::of(Tables::builtin(), &[case])).unwrap();
        assert!(page.matches("&lt;a&gt;&amp;").count() >= 3, "as the case of an item, of a clause, and by itself");
        assert!(!page.contains("<a>&") && page.contains("TS 102 223 &lt;8&gt;"));
        for clause in Tables::builtin().clauses() {
            assert!(page.contains(&format!("id=\"{}\"", clause.id)), "{}", clause.id);
        }
        for requirement in Tables::builtin().requirements() {
            assert!(page.contains(&format!("id=\"{}\"", requirement.id)), "{}", requirement.id);
        }
    }
}
