//! Reading and checking the tables.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Item, Section, Tables};
use crate::{Class, Expr, ExprError, ItemId, Status};

/// Why files are no tables.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// One of the files is not there.
    #[error("{0} is missing; the tables are {files}", files = Tables::FILES.join(", "))]
    Missing(&'static str),
    /// A file is not YAML of the expected form.
    #[error("{file}: {error}")]
    Yaml {
        /// The file.
        file: &'static str,
        /// Line, column and what is wrong.
        error: serde_yaml::Error,
    },
    /// The requirement of an item does not parse.
    #[error("items.yaml: the requirement of {item}: {error}")]
    Requirement {
        /// The item.
        item: ItemId,
        /// Where in the expression, and what is wrong.
        error: ExprError,
    },
    /// An item's class or status contradicts its name.
    #[error("items.yaml: {0} has another class or status than its name tells; correct one of them")]
    Name(ItemId),
    /// Two entries of one file share a name.
    #[error("{file}: {id} appears twice; remove one")]
    Duplicate {
        /// The file.
        file: &'static str,
        /// The name.
        id: String,
    },
    /// An entry names something that no table has.
    #[error("{file}: {by} names {id}, which no table has; add it or correct the name")]
    Unknown {
        /// The file.
        file: &'static str,
        /// The entry.
        by: String,
        /// The name without an entry.
        id: String,
    },
    /// An expression gives an external item another document than `external.yaml` does.
    #[error("items.yaml: {by} takes {id} from another document than external.yaml does; correct one of them")]
    Document {
        /// The item with the expression.
        by: ItemId,
        /// The external item.
        id: ItemId,
    },
    /// The requirement of an item leads back to it.
    #[error("items.yaml: the requirement of {0} leads back to itself; break the circle")]
    Circle(ItemId),
}

/// The entries of a file of the tables, as the build has put it.
macro_rules! embedded {
    ($name:literal) => {
        read(include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json")))
    };
}

impl Tables {
    /// The files of the tables, by their names in `fixtures/scr`.
    pub const FILES: [&str; 7] = [
        "items.yaml",
        "external.yaml",
        "requirements.yaml",
        "clauses.yaml",
        "interpretations.yaml",
        "documents.yaml",
        "topics.yaml",
    ];

    /// The tables embedded at build time.
    pub fn builtin() -> &'static Self {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| Self {
            items: Section::embedded(|| known(embedded!("items").map(RawItem::try_into))),
            external: Section::embedded(|| known(embedded!("external").map(Ok))),
            requirements: Section::embedded(|| known(embedded!("requirements").map(Ok))),
            clauses: Section::embedded(|| known(embedded!("clauses").map(Ok))),
            interpretations: Section::embedded(|| known(embedded!("interpretations").map(Ok))),
            documents: Section::embedded(|| known(embedded!("documents").map(Ok))),
            topics: Section::embedded(|| known(embedded!("topics").map(Ok))),
            defaults: OnceLock::new(),
        })
    }

    /// Tables from the contents of a folder: (file name, text) for each of [`Tables::FILES`]; other files are
    /// passed over.
    ///
    /// # Errors
    /// The first thing that is wrong: see [`TablesError`].
    pub fn load<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Self, TablesError> {
        let [_, external, requirements, clauses, interpretations, documents, topics] = Self::FILES;
        let tables = Self {
            items: items(files)?.into(),
            external: parse(files, external)?.into(),
            requirements: parse(files, requirements)?.into(),
            clauses: parse(files, clauses)?.into(),
            interpretations: parse(files, interpretations)?.into(),
            documents: parse(files, documents)?.into(),
            topics: parse(files, topics)?.into(),
            defaults: OnceLock::new(),
        };
        tables.check()?;
        Ok(tables)
    }

    fn check(&self) -> Result<(), TablesError> {
        let [items, _, requirements, clauses, interpretations, documents, topics] = Self::FILES;
        unique(documents, self.documents().iter().map(|entry| entry.document.as_str()))?;
        unique(items, self.ids().map(ItemId::as_str))?;
        unique(topics, self.ids().chain(self.topics().iter().map(|topic| &topic.id)).map(ItemId::as_str))?;
        unique(requirements, self.requirements().iter().map(|entry| entry.id.as_str()))?;
        unique(clauses, self.clauses().iter().map(|entry| entry.id.as_str()))?;
        unique(interpretations, self.interpretations().iter().map(|entry| entry.id.as_str()))?;
        for item in self.items() {
            self.check_expression(item)?;
        }
        for entry in self.requirements() {
            self.check_items(requirements, &entry.id, &entry.items)?;
            self.check_clauses(requirements, &entry.id, &entry.clauses)?;
        }
        for entry in self.clauses() {
            self.check_items(clauses, &entry.id, &entry.items)?;
            self.check_clauses(clauses, &entry.id, &entry.by)?;
        }
        for entry in self.interpretations() {
            self.check_items(interpretations, &entry.id, &entry.items)?;
            self.check_clauses(interpretations, &entry.id, &entry.clauses)?;
            unique(interpretations, entry.alternatives.iter().map(|alternative| alternative.id.as_str()))?;
            if entry.alternative(&entry.default).is_none() {
                return Err(unknown(interpretations, &entry.id, &entry.default));
            }
        }
        Ok(())
    }

    fn check_expression(&self, item: &Item) -> Result<(), TablesError> {
        for name in item.requirement.iter().flat_map(Expr::refs) {
            let id = name.key();
            match self.external_item(id.as_str()) {
                Some(external) if name.document.as_ref() != Some(&external.document) => {
                    return Err(TablesError::Document { by: item.id.clone(), id });
                }
                None if self.item(id.as_str()).is_none() => {
                    return Err(unknown(Self::FILES[0], item.id.as_str(), id.as_str()));
                }
                _ => {}
            }
        }
        if self.closure(item.id.as_str()).contains(&item.id) {
            return Err(TablesError::Circle(item.id.clone()));
        }
        Ok(())
    }

    fn check_items(&self, file: &'static str, by: &str, ids: &[ItemId]) -> Result<(), TablesError> {
        match ids.iter().find(|id| !self.knows(id.as_str())) {
            Some(id) => Err(unknown(file, by, id.as_str())),
            None => Ok(()),
        }
    }

    fn check_clauses(&self, file: &'static str, by: &str, ids: &[String]) -> Result<(), TablesError> {
        match ids.iter().find(|id| self.clause(id).is_none()) {
            Some(id) => Err(unknown(file, by, id)),
            None => Ok(()),
        }
    }
}

/// An entry of `items.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    id: ItemId,
    class: Class,
    status: Status,
    function: String,
    reference: String,
    requirement: String,
}

impl TryFrom<RawItem> for Item {
    type Error = TablesError;

    fn try_from(raw: RawItem) -> Result<Self, TablesError> {
        if raw.id.class() != raw.class || raw.id.status() != Some(raw.status) {
            return Err(TablesError::Name(raw.id));
        }
        let requirement = match raw.requirement.trim() {
            "" => None,
            _ => match Expr::parse(&raw.requirement) {
                Ok(expr) => Some(expr),
                Err(error) => {
                    return Err(TablesError::Requirement { item: raw.id, error });
                }
            },
        };
        let RawItem { id, class, status, function, reference, .. } = raw;
        Ok(Self { id, class, status, function, reference, requirement })
    }
}

fn items<N: AsRef<str>, T: AsRef<str>>(files: &[(N, T)]) -> Result<Vec<Item>, TablesError> {
    parse::<RawItem, _, _>(files, Tables::FILES[0])?.into_iter().map(Item::try_from).collect()
}

/// What is embedded, each file of which is read and checked beside all others by a test.
fn known<E>(entries: impl Iterator<Item = Result<E, TablesError>>) -> Vec<E> {
    let entries: Result<_, _> = entries.collect();
    entries.unwrap_or_else(|error| unreachable!("a test loads the embedded tables: {error}"))
}

/// The entries of an embedded file.
fn read<E: DeserializeOwned>(json: &str) -> std::vec::IntoIter<E> {
    let entries: Vec<E> = serde_json::from_str(json)
        .unwrap_or_else(|error| unreachable!("a test compares the embedded tables with their files: {error}"));
    entries.into_iter()
}

fn parse<E: DeserializeOwned, N: AsRef<str>, T: AsRef<str>>(
    files: &[(N, T)],
    file: &'static str,
) -> Result<Vec<E>, TablesError> {
    let found = files.iter().find(|(name, _)| name.as_ref() == file);
    let (_, text) = found.ok_or(TablesError::Missing(file))?;
    serde_yaml::from_str(text.as_ref()).map_err(|error| TablesError::Yaml { file, error })
}

fn unique<'a>(file: &'static str, ids: impl Iterator<Item = &'a str>) -> Result<(), TablesError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(TablesError::Duplicate { file, id: id.to_owned() });
        }
    }
    Ok(())
}

fn unknown(file: &'static str, by: &str, id: &str) -> TablesError {
    TablesError::Unknown { file, by: by.to_owned(), id: id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMBEDDED: [(&str, &str); 7] = [
        (Tables::FILES[0], include_str!("../../../../fixtures/scr/items.yaml")),
        (Tables::FILES[1], include_str!("../../../../fixtures/scr/external.yaml")),
        (Tables::FILES[2], include_str!("../../../../fixtures/scr/requirements.yaml")),
        (Tables::FILES[3], include_str!("../../../../fixtures/scr/clauses.yaml")),
        (Tables::FILES[4], include_str!("../../../../fixtures/scr/interpretations.yaml")),
        (Tables::FILES[5], include_str!("../../../../fixtures/scr/documents.yaml")),
        (Tables::FILES[6], include_str!("../../../../fixtures/scr/topics.yaml")),
    ];
    use crate::Cited;

    /// The embedded files with one text replaced in one of them.
    fn with(file: &str, old: &str, new: &str) -> Result<Tables, TablesError> {
        let files = EMBEDDED.map(|(name, text)| {
            let text = if name == file {
                assert!(text.contains(old), "{file} has no {old:?}");
                text.replacen(old, new, 1)
            } else {
                text.to_owned()
            };
            (name, text)
        });
        Tables::load(&files)
    }

    fn message(file: &str, old: &str, new: &str) -> String {
        with(file, old, new).unwrap_err().to_string()
    }

    #[test]
    fn the_embedded_tables_are_those_of_appendix_b() {
        let tables = Tables::load(&EMBEDDED).unwrap();
        let count = |class| tables.items().iter().filter(|item| item.class == class).count();
        assert_eq!([count(Class::Client), count(Class::Server), count(Class::Device)], [9, 6, 4]);
        assert_eq!(tables.external().len(), 22);
        assert_eq!(tables.requirements().iter().filter(|one| one.source.is_none()).count(), 36);
        let of = |source: &str| {
            let all = tables.requirements().iter().filter_map(|one| one.source.as_deref());
            all.filter(|from| from.starts_with(source)).count()
        };
        assert_eq!((of("Change request on firmware update"), of("Security review")), (19, 4));
        let listing: Vec<String> = (tables.items().iter())
            .map(|item| match &item.requirement {
                Some(expr) => format!("{} {} / {} / {expr}", item.id, item.function, item.reference),
                None => format!("{} {} / {} / -", item.id, item.function, item.reference),
            })
            .collect();
        insta::assert_snapshot!(listing.join("\n"));
    }

    #[test]
    fn what_is_embedded_is_what_the_files_say() {
        let (files, embedded) = (Tables::load(&EMBEDDED).unwrap(), Tables::builtin());
        assert_eq!(embedded.items(), files.items());
        assert_eq!(embedded.external(), files.external());
        assert_eq!(embedded.requirements(), files.requirements());
        assert_eq!(embedded.clauses(), files.clauses());
        assert_eq!(embedded.interpretations(), files.interpretations());
        assert_eq!(embedded.documents(), files.documents());
        assert_eq!(embedded.topics(), files.topics());
    }

    #[test]
    fn a_topic_is_no_item() {
        let tables = Tables::builtin();
        let topic = tables.topic("bootstrap").unwrap();
        assert!(!tables.knows(topic.id.as_str()) && topic.id.class() == Class::Other);
        assert_eq!(tables.topic("DM_SC-C-001-M"), None);
        let error = message("topics.yaml", "id: bootstrap", "id: DM_SC-C-001-M");
        assert!(error.starts_with("topics.yaml: ") && error.contains("DM_SC-C-001-M"), "{error}");
    }

    #[test]
    fn every_external_item_is_named_by_some_expression() {
        let tables = Tables::builtin();
        for external in tables.external() {
            assert!(
                tables.items().iter().any(|item| tables.closure(item.id.as_str()).contains(&external.id)),
                "{} is reached by no item",
                external.id
            );
        }
    }

    #[test]
    fn closures_follow_the_expressions_through_items() {
        let closure = |id: &str| {
            let ids = Tables::builtin().closure(id);
            ids.iter().map(ItemId::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            closure("DM_SC-C-001-M"),
            "SCR-DM-NOTI-C-001 SCR-DM-NOTI-C-002 DM-PRO-Session-C-001 DM-PRO-Session-C-003"
        );
        assert_eq!(closure("DM_SC-C-006-O"), "DM-PRO-C-011 DM-PRO-GAlert-C-005 DM_SC-C-007-O DM-PRO-GAlert-C-006");
        assert_eq!(closure("DM_SC-D-003-M"), "DM_SC-D-001-M SCWS-ME-001");
        assert_eq!(closure("DM_SC-D-004-O"), "DM_SC-D-001-M SCWS-ME-001 DM_SC-D-002-O");
        assert_eq!(closure("DM_SC-D-002-O"), "");
    }

    #[test]
    fn clauses_are_found_as_cases_cite_them() {
        let tables = Tables::builtin();
        assert_eq!(tables.clause("DM_SC 7.1-6").unwrap().id, "DM_SC-7.1-6");
        assert_eq!(tables.clause("DM_SC-7.1-6").unwrap().subject, super::super::Subject::Device);
        assert!(tables.clause("DM_SC 7.1").is_none());
        for clause in tables.clauses() {
            assert!(clause.id.starts_with(&format!("DM_SC-{}-", clause.section)), "{}", clause.id);
        }
    }

    #[test]
    fn citations_of_other_documents_are_looked_up() {
        let tables = Tables::builtin();
        for known in ["DMNOTI 6.2", "DMREPPRO", "TS 102 223 8.12.11", "SyncML HTTP binding 1.2", "DMPRO 8.3 \"MUST\""] {
            assert!(matches!(tables.cited(known), Cited::Known(_)), "{known}");
        }
        assert_eq!(tables.cited("DMNOTY 6.2"), Cited::NoDocument(Some("DMNOTI")));
        assert!(matches!(tables.cited("TS 102 224 5.2"), Cited::NoDocument(Some("TS 102 221" | "TS 102 223"))));
        assert!(matches!(tables.cited("DMREPPRO 6.6.15"), Cited::NoClause(_, Some(_))));
        assert!(matches!(tables.cited("DMPROX 8"), Cited::NoDocument(_)));
    }

    #[test]
    fn a_mistyped_item_has_a_nearest_name() {
        let tables = Tables::builtin();
        assert_eq!(tables.nearest("DM_SC-C-008-O").unwrap(), "DM_SC-C-008-M");
        assert_eq!(tables.nearest("SCR-DM-NOTY-C-003").unwrap(), "SCR-DM-NOTI-C-003");
        assert_eq!(tables.nearest("dm_sc-c-006").unwrap(), "DM_SC-C-006-O");
        assert_eq!(tables.nearest("q"), None);
    }

    #[test]
    fn broken_tables_are_refused() {
        let errors = [
            message("items.yaml", "DM_SC-D-001-M AND DM_SC-D-002-O", "DM_SC-D-001-M AND DM_SC-D-002"),
            message("items.yaml", "DM_SC-D-001-M AND DM_SC-D-002-O", "DM_SC-D-001-M AND DM_SC-D-004-O"),
            message("items.yaml", "DM_SC-D-001-M AND DM_SC-D-002-O", "DM_SC-D-001-M and DM_SC-D-002-O"),
            message("items.yaml", "[SCWS1.1]:SCWS-ME-001", "[SCWS1.0]:SCWS-ME-001"),
            message("items.yaml", "class: S", "class: C"),
            message("items.yaml", "- id: DM_SC-C-002-O", "- id: DM_SC-C-004-O"),
            message("items.yaml", "status: M", "state: M"),
            message("clauses.yaml", "[DM_SC-D-001-M]", "[DM_SC-D-001-O]"),
            message("requirements.yaml", "[DM_SC-7-1]", "[DM_SC-7-99]"),
            message("interpretations.yaml", "default: scws-port", "default: by-hope"),
            message("documents.yaml", "document: DMPRO\n", "document: DMNOTI\n"),
            Tables::load::<&str, &str>(&[]).unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(errors.join("\n"));
    }
}
