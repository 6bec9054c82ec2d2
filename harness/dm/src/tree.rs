//! The management tree of a device (DMTND 1.2) with what DMSTDOBJ 1.2 asks of the standard objects in it.
//!
//! A [`ManagementTree`] is a value: cloning it is the snapshot that Atomic needs. Every refusal carries the
//! status code that goes back to the server and a reason for people. Readings that rest on memory are
//! marked where they decide something.

mod acl;
mod inbox;
mod node;
mod operations;
mod property;
mod spec;
mod uri;

use thiserror::Error;

pub use acl::{Acl, AclError, Grantees};
pub use inbox::Inbox;
pub use node::{AccessType, Node};
pub use operations::{Fetched, NewNode};
pub use spec::{NodeSpec, SpecError, TreeSpec};
pub use uri::{MAX_SEGMENTS, Uri, UriError};

use crate::syncml::StatusCode;

/// Who asks for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requester<'a> {
    /// The device itself: no ACL and no access type stands in its way.
    Device,
    /// A DM server, by its ServerID.
    Server(&'a str),
}

/// A refused operation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{uri}: {status}: {reason}")]
pub struct Refusal {
    /// The status code for the server (DMREPPRO 1.2).
    pub status: StatusCode,
    /// The address in question, as given.
    pub uri: String,
    /// Why, for people.
    pub reason: String,
}

/// A management tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagementTree {
    root: Node,
    /// Whether Add makes missing interior nodes on the way, which DMTND 1.2 leaves to the device.
    pub implicit_add: bool,
    /// How its Inbox is, if it has one.
    pub inbox: Inbox,
}

impl Default for ManagementTree {
    /// A tree of nothing but the root, whose ACL is `Add=*&Get=*`.
    fn default() -> Self {
        let mut root = Node::interior();
        root.permanent = true;
        root.access = [AccessType::Add, AccessType::Get].into();
        root.acl = Some(Acl::root_default());
        Self { root, implicit_add: false, inbox: Inbox::default() }
    }
}

impl ManagementTree {
    /// The node at an address; the property part of the address is not looked at.
    #[must_use]
    pub fn node(&self, uri: &Uri) -> Option<&Node> {
        self.at(uri.segments())
    }

    /// The value of a leaf, whoever asks: for the device itself and for checks on a device.
    #[must_use]
    pub fn value(&self, uri: &str) -> Option<&crate::syncml::Data> {
        self.at(Uri::parse(uri).ok()?.segments())?.value()
    }

    /// A copy to go back to when an Atomic fails.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        self.clone()
    }

    /// Goes back to a snapshot.
    pub fn rollback(&mut self, snapshot: Self) {
        *self = snapshot;
    }

    /// Takes a node out, permanent or not: for a device that does not have it.
    pub fn take_out(&mut self, uri: &str) {
        let Ok(parsed) = Uri::parse(uri) else { return };
        let Some((name, parents)) = parsed.segments().split_last() else { return };
        if let Some(node::Content::Interior(children)) = self.at_mut(parents).map(|node| &mut node.content) {
            children.remove(name);
        }
    }

    fn at(&self, segments: &[String]) -> Option<&Node> {
        segments.iter().try_fold(&self.root, |node, segment| node.child(segment))
    }

    fn at_mut(&mut self, segments: &[String]) -> Option<&mut Node> {
        segments.iter().try_fold(&mut self.root, |node, segment| node.child_mut(segment))
    }

    fn inherited_acl(&self, segments: &[String]) -> Acl {
        let mut acl = self.root.acl.as_ref();
        let mut node = &self.root;
        for segment in segments {
            let Some(child) = node.child(segment) else {
                break;
            };
            node = child;
            acl = node.acl.as_ref().filter(|acl| !acl.is_empty()).or(acl);
        }
        acl.cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
