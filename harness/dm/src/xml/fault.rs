//! What can be wrong with a document, and the rule that says so.

use thiserror::Error;

use super::decode::MAX_DEPTH;

/// A fault in XML, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column} (octet {offset}): {fault}")]
pub struct XmlError {
    /// Offset from the start of the document, in octets.
    pub offset: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// Why XML is not read. All but [`Fault::IllFormed`] are refused by name, whether they are well-formed or not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not well-formed: no reader takes it.
    #[error("not well-formed: {what} ({rule})")]
    IllFormed {
        /// The rule that is broken.
        rule: Rule,
        /// How it is broken.
        what: String,
    },
    /// An encoding that is not UTF-8.
    #[error("the encoding is {0}; SyncML DM is read as UTF-8 only, send UTF-8")]
    Encoding(String),
    /// A definition in the document type declaration, by its first word, or a parameter entity.
    #[error("`{0}`: definitions inside a DOCTYPE are refused and never expanded; remove them")]
    Definition(String),
    /// An entity that can only be defined in an external part of the document type declaration, which is not read.
    #[error("the entity `&{0};` is not predefined and not expanded; write the character instead")]
    Entity(String),
    /// A document of more octets than places can say.
    #[error("{0} octets are more than are read; a document has less than 4 GiB")]
    Long(usize),
    /// Elements nested too deep.
    #[error("elements are nested deeper than {MAX_DEPTH}")]
    Depth,
}

impl Fault {
    /// Its name in lists and tables, which does not change: the rule that is broken, or `refused-` and what is refused.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::IllFormed { rule, .. } => rule.word(),
            Self::Encoding(_) => "refused-encoding",
            Self::Definition(_) => "refused-definition",
            Self::Entity(_) => "refused-entity",
            Self::Long(_) => "refused-length",
            Self::Depth => "refused-depth",
        }
    }

    /// A fault against a rule.
    pub(super) fn against(rule: Rule, what: impl Into<String>) -> Self {
        Self::IllFormed { rule, what: what.into() }
    }
}

/// Declares the rules: each with its word, which does not change, and its clause.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident $word:literal $clause:literal)+) => {
        /// A rule of XML 1.0 or of Namespaces in XML 1.0 that a document can break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)+
        }

        impl Rule {
            /// All, in the order of the documents.
            pub const ALL: &[Rule] = &[$(Rule::$rule),+];

            /// Its name in lists and tables.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Rule::$rule => $word,)+ }
            }

            /// Where it stands.
            #[must_use]
            pub const fn clause(self) -> &'static str {
                match self { $(Rule::$rule => $clause,)+ }
            }
        }
    };
}

rules! {
    /// One root element, with nothing but comments, processing instructions and white space after it.
    Document "document" "XML 1.0, 2.1 [1]"
    /// Characters that a document can have.
    Character "character" "XML 1.0, 2.2 [2]"
    /// How names are made.
    Name "name" "XML 1.0, 2.3 [5]"
    /// What stands in the value of an attribute.
    AttributeValue "attribute-value" "XML 1.0, 2.3 [10]"
    /// What stands in character data.
    CharacterData "character-data" "XML 1.0, 2.4 [14]"
    /// How comments are written.
    Comment "comment" "XML 1.0, 2.5 [15]"
    /// How processing instructions are written.
    Instruction "instruction" "XML 1.0, 2.6 [16]"
    /// How CDATA sections are written.
    Cdata "cdata" "XML 1.0, 2.7 [18]"
    /// The order of what stands before the root element.
    Prolog "prolog" "XML 1.0, 2.8 [22]"
    /// What the XML declaration says, and in which order.
    Declaration "declaration" "XML 1.0, 2.8 [23]"
    /// How the document type declaration is written.
    DocumentType "document-type" "XML 1.0, 2.8 [28]"
    /// How start-tags and empty-element tags are written.
    StartTag "start-tag" "XML 1.0, 3.1 [40]"
    /// How attributes are written.
    Attribute "attribute" "XML 1.0, 3.1 [41]"
    /// No attribute twice in one tag.
    UniqueAttribute "unique-attribute" "XML 1.0, 3.1, WFC: Unique Att Spec"
    /// How end-tags are written.
    EndTag "end-tag" "XML 1.0, 3.1 [42]"
    /// The end-tag has the name of the start-tag.
    TypeMatch "type-match" "XML 1.0, 3, WFC: Element Type Match"
    /// What stands in an element.
    Content "content" "XML 1.0, 3.1 [43]"
    /// How references are written.
    Reference "reference" "XML 1.0, 4.1 [66] to [68]"
    /// A character reference is to a character that a document can have.
    LegalCharacter "legal-character" "XML 1.0, 4.1, WFC: Legal Character"
    /// An entity that is referred to is predefined or declared.
    EntityDeclared "entity-declared" "XML 1.0, 4.1, WFC: Entity Declared"
    /// How external identifiers are written.
    ExternalId "external-id" "XML 1.0, 4.2.2 [75]"
    /// The octets are those of the encoding.
    Octets "octets" "XML 1.0, 4.3.3"
    /// The prefixes and namespaces that are reserved.
    ReservedNamespace "reserved-namespace" "Namespaces in XML 1.0, 3"
    /// How names with and without prefixes are made.
    QualifiedName "qualified-name" "Namespaces in XML 1.0, 4 [7]"
    /// A prefix is bound, and not to an empty name.
    PrefixDeclared "prefix-declared" "Namespaces in XML 1.0, 5"
    /// No attribute twice in one tag under different prefixes.
    UniqueExpanded "unique-expanded" "Namespaces in XML 1.0, 6.3"
}

impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.clause())
    }
}
