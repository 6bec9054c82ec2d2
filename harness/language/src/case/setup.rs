//! Reading the `setup` of a case: what the check accepts, the run can do.

use dmsc_doc::{Node, Problem, nearest};
use dmsc_engine::messages::FieldProblem;

use super::schema::setup_schema;
use super::{Setup, definitions, json};
use crate::catalogue::Role;
use crate::variables::references;

/// Reads a `setup` that complies with its schema, where the parameters of an instance have their values already.
pub(super) fn read(role: Role, node: &Node, instance: &[(String, Node)]) -> Result<Setup, Vec<Problem>> {
    let mut problems = Vec::new();
    find_names(node, instance, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let fields = json(&setup_schema(role), node, definitions());
    let fields = fields.as_object().cloned().unwrap_or_default();
    Setup::from_fields(role, &fields).map_err(|problem| vec![located(node, problem)])
}

/// The names that are left. A setting is used before the case runs, when none of them has a value.
fn find_names(node: &Node, instance: &[(String, Node)], problems: &mut Vec<Problem>) {
    match node.as_str().map_or_else(|| Ok(Vec::new()), references) {
        Ok(found) => problems.extend(found.into_iter().map(|reference| {
            let span = node.span_within(reference.span.start, reference.span.end);
            let problem = Problem::new(span, format!("`${{{}}}` has no value yet", reference.name))
                .label("settings are used before the case runs")
                .note("only the parameters of the case are known then");
            match nearest(&reference.name, instance.iter().map(|(name, _)| name.as_str())) {
                Some(near) => problem.help(format!("did you mean `${{{near}}}`?")),
                None => problem.help("write the value, or list its values under `parameters`"),
            }
        })),
        Err((span, message)) => {
            let problem = Problem::new(node.span_within(span.start, span.end), message);
            problems.push(problem.help("write a parameter as `${name}`"));
        }
    }
    node.items().iter().for_each(|item| find_names(item, instance, problems));
    node.entries().iter().for_each(|entry| find_names(&entry.value, instance, problems));
}

/// The problem of a setting at its place. In front of its text stands the way to a value within the setting.
fn located(node: &Node, problem: FieldProblem) -> Problem {
    let mut at = node.get(&problem.path).unwrap_or(node);
    let mut text = problem.problem.as_str();
    while let Some((step, rest)) = text.split_once(": ") {
        let within = at.get(step).or_else(|| at.items().get(step.parse::<usize>().ok()?));
        let Some(within) = within else { break };
        (at, text) = (within, rest);
    }
    Problem::new(at.span, text.to_owned())
}
