//! Properties of nodes, addressed by `?prop=` (DMTND 1.2).
//!
//! ACL, Format, Name and Type are mandatory; of the optional ones Size and Title are kept. TStamp would need
//! a clock and VerNo a counter, so both are refused as not supported, and so is `?list=`.

use super::acl::Acl;
use super::node::{AccessType, Content, Node};
use super::operations::{Fetched, NewNode, refusal};
use super::uri::Uri;
use super::{ManagementTree, Refusal, Requester};
use crate::syncml::StatusCode;

impl ManagementTree {
    pub(super) fn get_query(
        &self,
        uri: &str,
        parsed: &Uri,
        node: &Node,
        name: &str,
        value: &str,
    ) -> Result<Fetched, Refusal> {
        let text = match (name, value) {
            // An ACL that is not set is empty data; what is inherited does not show.
            ("prop", "ACL") => node.acl.as_ref().map(Acl::to_string).unwrap_or_default(),
            ("prop", "Format") => node.format.clone(),
            ("prop", "Name") => parsed.segments().last().cloned().unwrap_or_else(|| ".".to_owned()),
            ("prop", "Type") => node.type_.clone().unwrap_or_default(),
            ("prop", "Title") => node.title.clone().unwrap_or_default(),
            ("prop", "Size") if !node.is_interior() => {
                node.value().map_or(0, |value| value.as_octets().len()).to_string()
            }
            _ => return Err(unsupported(uri, name, value)),
        };
        Ok(Fetched { format: "chr".to_owned(), type_: None, data: text.into() })
    }

    pub(super) fn replace_query(
        &mut self,
        requester: Requester<'_>,
        uri: &str,
        parsed: &Uri,
        name: &str,
        value: &str,
        new: &NewNode,
    ) -> Result<(), Refusal> {
        let segments = parsed.segments();
        let text = new
            .data
            .as_text()
            .ok_or_else(|| refusal(StatusCode::BadRequest, uri, "the value of a property is text"))?;
        match (name, value) {
            ("prop", "ACL") => {
                // The ACL of a leaf is changed with the rights over its parent (from memory, unverified).
                let leaf = self.existing(uri, parsed)?.value().is_some();
                let guarded = if leaf { &segments[..segments.len().saturating_sub(1)] } else { segments };
                self.permit(requester, uri, guarded, AccessType::Replace)?;
                let acl = Acl::parse(text).map_err(|error| refusal(StatusCode::BadRequest, uri, error.to_string()))?;
                if segments.is_empty() && acl.is_empty() {
                    return Err(refusal(StatusCode::CommandNotAllowed, uri, "the root cannot inherit an ACL"));
                }
                if let Some(node) = self.at_mut(segments) {
                    node.acl = Some(acl).filter(|acl| !acl.is_empty());
                }
                Ok(())
            }
            ("prop", "Title") => {
                self.permit(requester, uri, segments, AccessType::Replace)?;
                if let Some(node) = self.at_mut(segments) {
                    node.title = Some(text.to_owned());
                }
                Ok(())
            }
            ("prop", "Name") => self.rename(requester, uri, parsed, text),
            ("prop", "Format" | "Type" | "Size") => {
                Err(refusal(StatusCode::CommandNotAllowed, uri, format!("the property {value} cannot be replaced")))
            }
            _ => Err(unsupported(uri, name, value)),
        }
    }

    fn rename(&mut self, requester: Requester<'_>, uri: &str, parsed: &Uri, name: &str) -> Result<(), Refusal> {
        let Some((old, parents)) = parsed.segments().split_last() else {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "the root cannot be renamed"));
        };
        if self.existing(uri, parsed)?.is_permanent_somewhere() {
            return Err(refusal(StatusCode::CommandNotAllowed, uri, "a permanent node cannot be renamed"));
        }
        self.permit(requester, uri, parsed.segments(), AccessType::Replace)?;
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '?']) {
            return Err(refusal(StatusCode::BadRequest, uri, format!("`{name}` cannot be the name of a node")));
        }
        if let Some(Content::Interior(children)) = self.at_mut(parents).map(|parent| &mut parent.content) {
            if name != old && children.contains_key(name) {
                return Err(refusal(StatusCode::AlreadyExists, uri, format!("there is a node `{name}` beside it")));
            }
            if let Some(node) = children.remove(old) {
                children.insert(name.to_owned(), node);
            }
        }
        Ok(())
    }
}

fn unsupported(uri: &str, name: &str, value: &str) -> Refusal {
    let reason = format!("{name}={value} is not supported; there are prop=ACL, Format, Name, Size, Title, Type");
    refusal(StatusCode::OptionalFeatureNotSupported, uri, reason)
}
