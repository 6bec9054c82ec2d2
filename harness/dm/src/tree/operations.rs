//! The commands on nodes, with the status codes of their refusals (DMTND 1.2; DMREPPRO 1.2).

use std::collections::BTreeMap;

use super::node::{AccessType, Content, Node};
use super::uri::{Uri, UriError};
use super::{ManagementTree, Refusal, Requester};
use crate::auth::from_base64;
use crate::syncml::{CommandName, Data, Item, Meta, StatusCode, Text};

/// What Get brings: value or child names, with the meta information of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Meta Format; `node` for an interior node.
    pub format: String,
    /// Meta Type, if the node has one.
    pub type_: Option<String>,
    /// The value; child names joined by `/` for an interior node.
    pub data: Data,
}

impl Fetched {
    /// The Item of a Results, naming the address that was asked for.
    #[must_use]
    pub fn into_item(self, uri: &str) -> Item {
        let meta = Meta { format: Some(self.format.into()), type_: self.type_.map(Text::from), ..Meta::default() };
        Item { source: Some(uri.into()), meta: Some(meta), data: Some(self.data), ..Item::default() }
    }
}

/// What an Add or Replace carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewNode {
    /// Meta Format; none means chr, `node` makes an interior node.
    pub format: Option<String>,
    /// Meta Type.
    pub type_: Option<String>,
    /// The value.
    pub data: Data,
}

impl NewNode {
    /// Takes an item, with the command's Meta for what the item's own Meta does not say.
    #[must_use]
    pub fn from_item(item: &Item, meta: Option<&Meta>) -> Self {
        let told = |field: fn(&Meta) -> Option<&Text>| {
            item.meta.as_ref().and_then(field).or_else(|| meta.and_then(field)).map(Text::to_string)
        };
        Self {
            format: told(|meta| meta.format.as_ref()),
            type_: told(|meta| meta.type_.as_ref()),
            data: item.data.clone().unwrap_or_default(),
        }
    }
}

impl ManagementTree {
    /// Carries out one item of a command; Get brings something, the others nothing.
    ///
    /// # Errors
    /// [`Refusal`] with the status code; 405 for a command that is no operation on the tree.
    pub fn perform(
        &mut self,
        requester: Requester<'_>,
        command: &CommandName,
        item: &Item,
        meta: Option<&Meta>,
    ) -> Result<Option<Fetched>, Refusal> {
        let target = item
            .target
            .as_deref()
            .ok_or_else(|| refusal(StatusCode::IncompleteCommand, "", "the item has no Target; name the node there"))?;
        match command {
            CommandName::Get => return self.get(requester, target).map(Some),
            CommandName::Add => self.add(requester, target, NewNode::from_item(item, meta))?,
            CommandName::Replace => self.replace(requester, target, NewNode::from_item(item, meta))?,
            CommandName::Delete => self.delete(requester, target)?,
            CommandName::Exec => self.exec(requester, target)?,
            CommandName::Copy => {
                let source = item
                    .source
                    .as_deref()
                    .ok_or_else(|| refusal(StatusCode::IncompleteCommand, target, "Copy needs a Source"))?;
                self.copy(requester, source, target)?;
            }
            other => {
                let reason = format!("{other} is no command on a node");
                return Err(refusal(StatusCode::CommandNotAllowed, target, reason));
            }
        }
        Ok(None)
    }

    /// Reads a node, or one of its properties (`?prop=`).
    ///
    /// # Errors
    /// [`Refusal`]: 404, 405 (below `./Inbox`, or Get is no access type), 406 (`?list=`, unsupported
    /// property), 414, 425.
    pub fn get(&self, requester: Requester<'_>, uri: &str) -> Result<Fetched, Refusal> {
        let parsed = self.address(uri)?;
        if is_inbox(parsed.segments()) && requester != Requester::Device && !self.inbox.readable {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "nothing can be read through ./Inbox"));
        }
        let node = self.existing(uri, &parsed)?;
        if let Some((name, value)) = parsed.query() {
            self.permit(requester, uri, parsed.segments(), AccessType::Get)?;
            return self.get_query(uri, &parsed, node, name, value);
        }
        if !(self.inbox.readable && is_inbox(parsed.segments())) {
            allowed(requester, uri, node, AccessType::Get)?;
        }
        self.permit(requester, uri, parsed.segments(), AccessType::Get)?;
        let data = match &node.content {
            Content::Leaf(value) => value.clone(),
            Content::Interior(children) => {
                Data::from(children.keys().map(String::as_str).collect::<Vec<_>>().join("/"))
            }
        };
        Ok(Fetched { format: node.format.clone(), type_: node.type_.clone(), data })
    }

    /// Adds a node.
    ///
    /// # Errors
    /// [`Refusal`]: 418 if it is there, 404 if its parent is not (unless `implicit_add`), 405 under a leaf,
    /// 400 for data that are not of their format, 414, 415 (object for `./Inbox` of another type), 425.
    pub fn add(&mut self, requester: Requester<'_>, uri: &str, new: NewNode) -> Result<(), Refusal> {
        let parsed = self.address(uri)?;
        if parsed.query().is_some() {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "a property cannot be added"));
        }
        let segments = parsed.segments();
        if let Some((inbox, _)) = segments.split_at_checked(1).filter(|_| is_inbox(segments))
            && self.at(inbox).is_some()
        {
            return self.deliver(requester, uri, inbox, &new);
        }
        let Some((name, parents)) = segments.split_last() else {
            return Err(refusal(StatusCode::AlreadyExists, uri, "the root is always there"));
        };
        if self.at(segments).is_some() {
            return Err(refusal(StatusCode::AlreadyExists, uri, "the node exists; use Replace to change it"));
        }
        // The nearest node that exists decides whether something may be hung below it.
        let present = (0..=parents.len()).rev().find(|count| self.at(&parents[..*count]).is_some()).unwrap_or(0);
        if present < parents.len() && !self.implicit_add {
            return Err(refusal(StatusCode::NotFound, uri, "the parent does not exist; add it first"));
        }
        let above = &parents[..present];
        if let Some(node) = self.at(above) {
            if !node.is_interior() {
                return Err(refusal(StatusCode::CommandNotAllowed, uri, "a leaf cannot have children"));
            }
            allowed(requester, uri, node, AccessType::Add)?;
        }
        self.permit(requester, uri, above, AccessType::Add)?;

        let mut node = new.into_node(uri)?;
        if is_secret(segments) {
            node.access.remove(&AccessType::Get);
        }
        let acl = self.acl_for_creator(requester, above);
        let mut place = &mut self.root;
        for segment in parents {
            let Content::Interior(children) = &mut place.content else {
                return Err(refusal(StatusCode::CommandNotAllowed, uri, "a leaf cannot have children"));
            };
            let made = || Node { acl: acl.clone(), ..Node::interior() };
            place = children.entry(segment.clone()).or_insert_with(made);
        }
        if present == parents.len() {
            node.acl = acl;
        }
        if let Content::Interior(children) = &mut place.content {
            children.insert(name.clone(), node);
        }
        Ok(())
    }

    /// Changes the value of a leaf, or a property (`?prop=`).
    ///
    /// # Errors
    /// [`Refusal`]: 404 (Replace never creates), 405 for an interior node or without the access type, 400 for
    /// data that are not of their format, 406, 414, 425.
    pub fn replace(&mut self, requester: Requester<'_>, uri: &str, new: NewNode) -> Result<(), Refusal> {
        let parsed = self.address(uri)?;
        self.not_inbox(requester, uri, &parsed)?;
        let node = self.existing(uri, &parsed)?;
        if let Some((name, value)) = parsed.query() {
            return self.replace_query(requester, uri, &parsed, name, value, &new);
        }
        if node.is_interior() {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "an interior node has no value to replace"));
        }
        allowed(requester, uri, node, AccessType::Replace)?;
        self.permit(requester, uri, parsed.segments(), AccessType::Replace)?;
        let kept = node.format.clone();
        let type_ = new.type_.clone();
        let changed = NewNode { format: new.format.or(Some(kept)), ..new }.into_node(uri)?;
        if let (Some(node), Content::Leaf(value)) = (self.at_mut(parsed.segments()), changed.content) {
            node.format = changed.format;
            node.type_ = type_.or(node.type_.take());
            node.content = Content::Leaf(value);
            return Ok(());
        }
        Err(refusal(StatusCode::CommandNotAllowed, uri, "a leaf cannot become an interior node"))
    }

    /// Removes a node with everything below it.
    ///
    /// # Errors
    /// [`Refusal`]: 404, 405 for the root, a permanent node, or one with a permanent node below, 425.
    pub fn delete(&mut self, requester: Requester<'_>, uri: &str) -> Result<(), Refusal> {
        let parsed = self.address(uri)?;
        self.not_inbox(requester, uri, &parsed)?;
        let node = self.existing(uri, &parsed)?;
        if parsed.query().is_some() {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "a property cannot be deleted"));
        }
        let Some((name, parents)) = parsed.segments().split_last() else {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "the root cannot be deleted"));
        };
        if node.is_permanent_somewhere() {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "a permanent node cannot be deleted"));
        }
        allowed(requester, uri, node, AccessType::Delete)?;
        self.permit(requester, uri, parsed.segments(), AccessType::Delete)?;
        if let Some(Content::Interior(children)) = self.at_mut(parents).map(|parent| &mut parent.content) {
            children.remove(name);
        }
        Ok(())
    }

    /// Copies the value of a leaf to a leaf, which is made if it is not there.
    ///
    /// That the source needs the right to Copy, not to Get, is from memory, unverified.
    ///
    /// # Errors
    /// [`Refusal`]: 403 unless both are leaves, 404, 405, 425, and what Add or Replace refuses.
    pub fn copy(&mut self, requester: Requester<'_>, source: &str, target: &str) -> Result<(), Refusal> {
        let from = self.address(source)?;
        self.not_inbox(requester, source, &from)?;
        let node = self.existing(source, &from)?;
        let to = self.address(target)?;
        self.not_inbox(requester, target, &to)?;
        let Some(value) = node.value().cloned() else {
            return Err(refusal(StatusCode::Forbidden, source, "only a leaf can be copied"));
        };
        allowed(requester, source, node, AccessType::Copy)?;
        self.permit(requester, source, from.segments(), AccessType::Copy)?;
        let new = NewNode { format: Some(node.format.clone()), type_: node.type_.clone(), data: value };
        match self.at(to.segments()) {
            Some(node) if node.is_interior() => {
                Err(refusal(StatusCode::Forbidden, target, "an interior node cannot take a copy"))
            }
            Some(_) => self.replace(requester, target, new),
            None => self.add(requester, target, new),
        }
    }

    /// Whether a node may be run; what running it does is the device's business.
    ///
    /// # Errors
    /// [`Refusal`]: 404, 405 without the access type, 425.
    pub fn exec(&self, requester: Requester<'_>, uri: &str) -> Result<(), Refusal> {
        let parsed = self.address(uri)?;
        self.not_inbox(requester, uri, &parsed)?;
        let node = self.existing(uri, &parsed)?;
        if parsed.query().is_some() {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "a property cannot be executed"));
        }
        allowed(requester, uri, node, AccessType::Exec)?;
        self.permit(requester, uri, parsed.segments(), AccessType::Exec)
    }

    /// The ACL of a node that a server makes where it may not Replace: it gets the rights over its own node.
    ///
    /// From memory, unverified (DMTND 7.7.1).
    pub(super) fn acl_for_creator(&self, requester: Requester<'_>, parent: &[String]) -> Option<super::Acl> {
        let Requester::Server(server_id) = requester else {
            return None;
        };
        let mut acl = self.inherited_acl(parent);
        if acl.grants(AccessType::Replace, server_id) {
            return None;
        }
        for access in [AccessType::Add, AccessType::Delete, AccessType::Get, AccessType::Replace] {
            acl.grant(access, server_id);
        }
        Some(acl)
    }

    /// Add is all that a server can do with the Inbox (DMSTDOBJ 5.3.4).
    fn not_inbox(&self, requester: Requester<'_>, uri: &str, parsed: &Uri) -> Result<(), Refusal> {
        if requester == Requester::Device || !is_inbox(parsed.segments()) {
            return Ok(());
        }
        Err(refusal(StatusCode::CommandNotAllowed, uri, "an object can be added to ./Inbox, and that is all"))
    }

    /// Reads an address and holds it against the limits the device announces in DevDetail/URI.
    pub(super) fn address(&self, uri: &str) -> Result<Uri, Refusal> {
        let parsed = Uri::parse(uri).map_err(|error| {
            let status = match error {
                UriError::TooDeep => StatusCode::UriTooLong,
                // Which code a malformed address earns is not stated; 400 is the reading taken.
                _ => StatusCode::BadRequest,
            };
            refusal(status, uri, error.to_string())
        })?;
        let segments = parsed.segments();
        let longest = segments.iter().map(String::len).max().unwrap_or_default();
        for (limit, found) in [
            ("MaxDepth", segments.len()),
            ("MaxTotLen", uri.split('?').next().unwrap_or_default().len()),
            ("MaxSegLen", longest),
        ] {
            let allowed = self.uri_limit(limit);
            if allowed != 0 && found > allowed {
                let reason = format!("{found} is more than the {allowed} of ./DevDetail/URI/{limit}");
                return Err(refusal(StatusCode::UriTooLong, uri, reason));
            }
        }
        Ok(parsed)
    }

    /// A limit on addresses; 0 is none.
    fn uri_limit(&self, name: &str) -> usize {
        let limits = self.root.child("DevDetail").and_then(|node| node.child("URI"));
        limits.and_then(|node| node.leaf_text(name)?.parse().ok()).unwrap_or(0)
    }

    pub(super) fn existing(&self, uri: &str, parsed: &Uri) -> Result<&Node, Refusal> {
        self.node(parsed).ok_or_else(|| refusal(StatusCode::NotFound, uri, "there is no such node"))
    }

    pub(super) fn permit(
        &self,
        requester: Requester<'_>,
        uri: &str,
        segments: &[String],
        access: AccessType,
    ) -> Result<(), Refusal> {
        let Requester::Server(server_id) = requester else {
            return Ok(());
        };
        let acl = self.inherited_acl(segments);
        if acl.grants(access, server_id) {
            return Ok(());
        }
        let reason = format!("the ACL `{acl}` does not grant {} to {server_id}", access.as_str());
        Err(refusal(StatusCode::PermissionDenied, uri, reason))
    }
}

impl NewNode {
    /// The node; base64 is what XML makes of octets, so it becomes octets again under format bin.
    fn into_node(self, uri: &str) -> Result<Node, Refusal> {
        let mut node = match self.format.as_deref() {
            Some("node") => Node { content: Content::Interior(BTreeMap::new()), ..Node::interior() },
            Some("b64") => {
                let octets = match self.data {
                    Data::Binary(octets) => octets,
                    Data::Text(text) => from_base64(&text).map_err(|error| {
                        refusal(StatusCode::BadRequest, uri, format!("the data are no base64: {error}"))
                    })?,
                };
                Node::leaf("bin", Data::Binary(octets))
            }
            Some(format) => Node::leaf(format, self.data),
            None => Node::leaf("chr", self.data),
        };
        node.type_ = self.type_;
        Ok(node)
    }
}

fn allowed(requester: Requester<'_>, uri: &str, node: &Node, access: AccessType) -> Result<(), Refusal> {
    if requester == Requester::Device || node.access.contains(&access) {
        return Ok(());
    }
    let reason = format!("the node does not allow {}, whatever the ACL says", access.as_str());
    Err(refusal(StatusCode::CommandNotAllowed, uri, reason))
}

pub(super) fn refusal(status: StatusCode, uri: &str, reason: impl Into<String>) -> Refusal {
    Refusal { status, uri: uri.to_owned(), reason: reason.into() }
}

fn is_inbox(segments: &[String]) -> bool {
    segments.first().is_some_and(|segment| segment == "Inbox")
}

/// Secret and nonce of a DM account can be set but not read (DMSTDOBJ 1.2, DMAcc).
pub(super) fn is_secret(segments: &[String]) -> bool {
    match segments {
        [.., auth, _, leaf] => auth == "AppAuth" && matches!(leaf.as_str(), "AAuthSecret" | "AAuthData"),
        _ => false,
    }
}
