//! Trees described as data: one entry a node, by its address.
//!
//! ```yaml
//! ./DevInfo/Man: Example                       # a leaf of format chr
//! ./Vendor: { acl: "Add=*&Get=*" }             # no value: an interior node
//! ./Vendor/Key: { format: bin, value: { hex: 00A5 }, access: [Replace] }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use thiserror::Error;

use super::ManagementTree;
use super::acl::Acl;
use super::node::{AccessType, Content, Node, default_access};
use super::uri::Uri;
use crate::syncml::Data;

/// A tree as data; nodes on the way to an entry need no entry of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct TreeSpec {
    /// The nodes by address; `.` is the root.
    pub nodes: BTreeMap<String, NodeSpec>,
}

/// A node as data. In its short form it is just the value of a leaf of format chr.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeSpec {
    /// Property Format; `chr` if there is a value, `node` if not.
    pub format: Option<String>,
    /// Property Type.
    pub type_: Option<String>,
    /// The value; none for an interior node.
    pub value: Option<Data>,
    /// Property Title.
    pub title: Option<String>,
    /// Property ACL in its text form.
    pub acl: Option<String>,
    /// Access types; none means what makes sense for the kind of node.
    pub access: Option<BTreeSet<AccessType>>,
    /// Whether the node can never be deleted.
    pub permanent: bool,
    /// Identifier of the management objects that have their place below the node.
    pub holds: Option<String>,
}

impl<'de> Deserialize<'de> for NodeSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(deny_unknown_fields, default)]
        struct Long {
            format: Option<String>,
            #[serde(rename = "type")]
            type_: Option<String>,
            value: Option<Data>,
            title: Option<String>,
            acl: Option<String>,
            access: Option<BTreeSet<AccessType>>,
            permanent: bool,
            holds: Option<String>,
        }

        struct SpecVisitor;
        impl<'de> Visitor<'de> for SpecVisitor {
            type Value = NodeSpec;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "the value of a leaf, or a node with format, type, value, title, acl, access, permanent, holds",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NodeSpec, E> {
                Ok(NodeSpec::leaf(text))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<NodeSpec, E> {
                Ok(NodeSpec::leaf(&number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<NodeSpec, E> {
                Ok(NodeSpec::leaf(&number.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NodeSpec, A::Error> {
                let Long { format, type_, value, title, acl, access, permanent, holds } =
                    Long::deserialize(MapAccessDeserializer::new(map))?;
                Ok(NodeSpec { format, type_, value, title, acl, access, permanent, holds })
            }
        }
        deserializer.deserialize_any(SpecVisitor)
    }
}

impl NodeSpec {
    /// A leaf of format chr.
    fn leaf(value: &str) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    fn build(&self, uri: &str) -> Result<Node, SpecError> {
        let wrong = |field, reason: String| SpecError { uri: uri.to_owned(), field: Some(field), reason };
        let mut node = match (self.format.as_deref(), &self.value) {
            (None | Some("node"), None) => Node::interior(),
            (Some("node"), Some(_)) => {
                return Err(wrong("value", "an interior node has no value; leave out `value` or `format`".to_owned()));
            }
            (format, value) => Node::leaf(format.unwrap_or("chr"), value.clone().unwrap_or_default()),
        };
        node.type_.clone_from(&self.type_);
        node.title.clone_from(&self.title);
        node.permanent = self.permanent;
        node.holds.clone_from(&self.holds);
        node.access = self.access.clone().unwrap_or_else(|| default_access(node.is_interior(), node.permanent));
        if let Some(acl) = &self.acl {
            let acl = Acl::parse(acl).map_err(|error| wrong("acl", error.to_string()))?;
            node.acl = Some(acl).filter(|acl| !acl.is_empty());
        }
        Ok(node)
    }
}

/// An entry that makes no node.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{uri}: {reason}")]
pub struct SpecError {
    /// The address of the entry.
    pub uri: String,
    /// The field of the entry; none if it is the address.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub reason: String,
}

impl ManagementTree {
    /// Builds a tree.
    ///
    /// # Errors
    /// [`SpecError`] naming the first entry that makes no node.
    pub fn from_spec(spec: &TreeSpec) -> Result<Self, SpecError> {
        let mut tree = Self::default();
        for (uri, node) in &spec.nodes {
            tree.put(uri, node)?;
        }
        Ok(tree)
    }

    /// Puts a node into the tree, whatever was there; interior nodes on the way are made.
    ///
    /// A permanent node makes the nodes it makes on its way permanent. An interior node keeps the children
    /// it has.
    ///
    /// # Errors
    /// [`SpecError`] if the address is none, an ACL does not parse, or a leaf stands in the way.
    pub fn put(&mut self, uri: &str, spec: &NodeSpec) -> Result<(), SpecError> {
        let wrong = |reason: String| SpecError { uri: uri.to_owned(), field: None, reason };
        let parsed = Uri::parse(uri).map_err(|error| wrong(error.to_string()))?;
        if parsed.query().is_some() {
            return Err(wrong("a property is an entry's field, not an entry".to_owned()));
        }
        let mut node = spec.build(uri)?;
        let Some((name, parents)) = parsed.segments().split_last() else {
            return self.put_root(node).map_err(|reason| wrong(reason.to_owned()));
        };
        let mut place = &mut self.root;
        for (index, segment) in parents.iter().enumerate() {
            let Content::Interior(children) = &mut place.content else {
                return Err(wrong(format!("`./{}` is a leaf and has no children", parents[..index].join("/"))));
            };
            let made =
                || Node { permanent: spec.permanent, access: default_access(true, spec.permanent), ..Node::interior() };
            place = children.entry(segment.clone()).or_insert_with(made);
        }
        let Content::Interior(children) = &mut place.content else {
            return Err(wrong(format!("`./{}` is a leaf and has no children", parents.join("/"))));
        };
        if let (Content::Interior(kept), Some(old)) = (&mut node.content, children.remove(name))
            && let Content::Interior(old) = old.content
        {
            *kept = old;
        }
        children.insert(name.clone(), node);
        Ok(())
    }

    fn put_root(&mut self, node: Node) -> Result<(), &'static str> {
        if !node.is_interior() {
            return Err("the root has no value");
        }
        let acl = node.acl.or(self.root.acl.take());
        let content = std::mem::replace(&mut self.root.content, Content::Interior(BTreeMap::new()));
        self.root = Node { acl, permanent: true, content, ..node };
        self.root.access.remove(&AccessType::Delete);
        Ok(())
    }
}
