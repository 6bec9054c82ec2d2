//! Nodes of the tree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::acl::Acl;
use crate::syncml::Data;

/// A command that a node can allow: an access type of its description, or a command of an ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AccessType {
    /// Add a child.
    Add,
    /// Copy from the node.
    Copy,
    /// Delete the node.
    Delete,
    /// Run what the node stands for.
    Exec,
    /// Read it.
    Get,
    /// Change it.
    Replace,
}

impl AccessType {
    /// The name as documents and ACLs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Copy => "Copy",
            Self::Delete => "Delete",
            Self::Exec => "Exec",
            Self::Get => "Get",
            Self::Replace => "Replace",
        }
    }

    /// The access type of a name; case counts.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        use AccessType::{Add, Copy, Delete, Exec, Get, Replace};
        [Add, Copy, Delete, Exec, Get, Replace].into_iter().find(|access| access.as_str() == name)
    }
}

/// A node with its run-time properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Property Format: `node` for an interior node, else the format of the value.
    pub format: String,
    /// Property Type: media type of a leaf, object identifier of an interior node.
    pub type_: Option<String>,
    /// Property Title.
    pub title: Option<String>,
    /// Property ACL; none inherits.
    pub acl: Option<Acl>,
    /// What the description of the node allows, whoever asks.
    pub access: BTreeSet<AccessType>,
    /// Whether the node can never be deleted.
    pub permanent: bool,
    /// Identifier of the management objects that have their place below the node; the device knows it, no server does.
    pub holds: Option<String>,
    pub(super) content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Interior(BTreeMap<String, Node>),
    Leaf(Data),
}

impl Node {
    /// A dynamic interior node without children.
    #[must_use]
    pub fn interior() -> Self {
        Self {
            format: "node".to_owned(),
            type_: None,
            title: None,
            acl: None,
            access: default_access(true, false),
            permanent: false,
            holds: None,
            content: Content::Interior(BTreeMap::new()),
        }
    }

    /// A dynamic leaf.
    #[must_use]
    pub fn leaf(format: &str, value: Data) -> Self {
        Self {
            format: format.to_owned(),
            access: default_access(false, false),
            content: Content::Leaf(value),
            ..Self::interior()
        }
    }

    /// Whether the node can have children.
    #[must_use]
    pub fn is_interior(&self) -> bool {
        matches!(self.content, Content::Interior(_))
    }

    /// The value of a leaf.
    #[must_use]
    pub fn value(&self) -> Option<&Data> {
        match &self.content {
            Content::Leaf(value) => Some(value),
            Content::Interior(_) => None,
        }
    }

    /// The children by name.
    pub fn children(&self) -> impl Iterator<Item = (&String, &Node)> {
        match &self.content {
            Content::Interior(children) => Some(children.iter()),
            Content::Leaf(_) => None,
        }
        .into_iter()
        .flatten()
    }

    /// The child of that name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Interior(children) => children.get(name),
            Content::Leaf(_) => None,
        }
    }

    /// The value of the leaf among the children that has that name.
    #[must_use]
    pub fn leaf_text(&self, name: &str) -> Option<&str> {
        self.child(name)?.value()?.as_text()
    }

    pub(super) fn child_mut(&mut self, name: &str) -> Option<&mut Node> {
        match &mut self.content {
            Content::Interior(children) => children.get_mut(name),
            Content::Leaf(_) => None,
        }
    }

    pub(super) fn is_permanent_somewhere(&self) -> bool {
        self.permanent || self.children().any(|(_, child)| child.is_permanent_somewhere())
    }
}

/// What a node allows if its description is silent: everything that makes sense for its kind.
pub(super) fn default_access(interior: bool, permanent: bool) -> BTreeSet<AccessType> {
    use AccessType::{Add, Copy, Delete, Get, Replace};
    let mut access: BTreeSet<AccessType> = if interior { [Add, Get].into() } else { [Copy, Get, Replace].into() };
    if !permanent {
        access.insert(Delete);
    }
    access
}
