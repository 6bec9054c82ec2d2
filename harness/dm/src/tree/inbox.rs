//! The Inbox: management objects that find their own place (DMSTDOBJ 5.3.4, DMTND 9).

use std::collections::BTreeMap;

use super::acl::Acl;
use super::node::{Content, Node, default_access};
use super::operations::{NewNode, is_secret, refusal};
use super::{AccessType, ManagementTree, Refusal, Requester};
use crate::syncml::StatusCode;
use crate::tnds::{Object, ObjectNode, TndsError};

/// How the Inbox of a device is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inbox {
    /// Whether servers can read in it, which no device allows that conforms.
    pub readable: bool,
    /// Whether anything of the right media type is taken, which no device does that conforms.
    pub takes_anything: bool,
    /// Whether what came before a wrong node stays, which it should not.
    pub keeps_halves: bool,
    /// Whether every server may add to it, whatever its ACL says, as on no device that conforms.
    pub for_all: bool,
}

impl ManagementTree {
    /// An object for the device: it goes where objects of its kind have their place, all of it or nothing.
    pub(super) fn deliver(
        &mut self,
        requester: Requester<'_>,
        uri: &str,
        inbox: &[String],
        object: &NewNode,
    ) -> Result<(), Refusal> {
        if !self.inbox.for_all {
            self.permit(requester, uri, inbox, AccessType::Add)?;
        }
        let read = Object::read(object.type_.as_deref().unwrap_or_default(), &object.data);
        let read = read.map_err(|error| {
            let status = match error {
                TndsError::Type(_) => StatusCode::UnsupportedMediaTypeOrFormat,
                _ => StatusCode::BadRequest,
            };
            refusal(status, uri, error.to_string())
        });
        let read = match read {
            Err(refusal) if self.inbox.takes_anything && refusal.status == StatusCode::BadRequest => return Ok(()),
            read => read?,
        };
        let before = self.snapshot();
        for top in &read.nodes {
            if let Err(refused) = self.settle(requester, uri, top) {
                if self.inbox.takes_anything {
                    continue;
                }
                if !self.inbox.keeps_halves {
                    self.rollback(before);
                }
                return Err(refused);
            }
        }
        Ok(())
    }

    /// Puts the node at the top of an object where objects of its kind are.
    fn settle(&mut self, requester: Requester<'_>, uri: &str, top: &ObjectNode) -> Result<(), Refusal> {
        let kind = top.type_.as_deref().unwrap_or_default();
        let home = self.home_of(kind).ok_or_else(|| {
            let reason = format!("nothing is known of objects of the kind `{kind}`");
            refusal(StatusCode::CommandFailed, uri, reason)
        })?;
        let taken = |tree: &Self, name: &str| tree.at(&home).is_some_and(|node| node.child(name).is_some());
        let name = match top.name.as_str() {
            "" => (1..=u16::MAX).map(|number| format!("x{number}")).find(|name| !taken(self, name)).unwrap_or_default(),
            name => name.to_owned(),
        };
        if taken(self, &name) {
            let reason = format!("there is an object `{name}` of this kind");
            return Err(refusal(StatusCode::AlreadyExists, uri, reason));
        }
        self.address(&format!("./{}/{name}", home.join("/")))?;
        let acl = self.acl_for_creator(requester, &home);
        let mut path = home.clone();
        path.push(name.clone());
        let keeps = self.inbox.keeps_halves;
        let (mut node, wrong) = build(uri, top, &path);
        if let Some(wrong) = wrong {
            if keeps {
                self.hang(&home, name, node);
            }
            return Err(wrong);
        }
        if node.acl.is_none() {
            node.acl = acl;
        }
        self.hang(&home, name, node);
        Ok(())
    }

    fn hang(&mut self, home: &[String], name: String, node: Node) {
        if let Some(Content::Interior(children)) = self.at_mut(home).map(|node| &mut node.content) {
            children.insert(name, node);
        }
    }

    /// Where objects of a kind are, as the tree itself says it.
    fn home_of(&self, kind: &str) -> Option<Vec<String>> {
        fn search(node: &Node, kind: &str, path: &mut Vec<String>) -> bool {
            if node.holds.as_deref() == Some(kind) {
                return true;
            }
            for (name, child) in node.children() {
                path.push(name.clone());
                if search(child, kind, path) {
                    return true;
                }
                path.pop();
            }
            false
        }
        let mut path = Vec::new();
        (!kind.is_empty() && search(&self.root, kind, &mut path)).then_some(path)
    }
}

/// The node that is described, and what is wrong with it or with one below; what is wrong is left out.
fn build(uri: &str, told: &ObjectNode, path: &[String]) -> (Node, Option<Refusal>) {
    let wrong = |reason: String| Some(refusal(StatusCode::BadRequest, uri, reason));
    let interior = told.value.is_none() && told.format.as_deref().is_none_or(|format| format == "node");
    let mut node = match &told.value {
        _ if interior => Node::interior(),
        value => Node::leaf(told.format.as_deref().unwrap_or("chr"), value.clone().unwrap_or_default()),
    };
    if !interior && (told.format.as_deref() == Some("node") || !told.nodes.is_empty()) {
        return (node, wrong(format!("`{}` has a value and is an interior node", told.name)));
    }
    node.type_.clone_from(&told.type_);
    node.title.clone_from(&told.title);
    node.access = default_access(interior, false);
    if is_secret(path) {
        node.access.remove(&AccessType::Get);
    }
    match told.acl.as_deref().map(Acl::parse) {
        Some(Ok(acl)) => node.acl = Some(acl).filter(|acl| !acl.is_empty()),
        Some(Err(error)) => return (node, wrong(error.to_string())),
        None => {}
    }
    if !interior {
        return (node, None);
    }
    let mut children = BTreeMap::new();
    let mut first = None;
    for below in &told.nodes {
        let bad = below.name.is_empty() || matches!(below.name.as_str(), "." | "..") || below.name.contains(['/', '?']);
        if bad || children.contains_key(&below.name) {
            first = wrong(format!("`{}` cannot be the name of a node below `{}`", below.name, told.name));
            break;
        }
        let mut place = path.to_vec();
        place.push(below.name.clone());
        let (child, fault) = build(uri, below, &place);
        if fault.is_some() {
            first = fault;
            break;
        }
        children.insert(below.name.clone(), child);
    }
    node.content = Content::Interior(children);
    (node, first)
}
