//! Access control lists: which server may do what (DMTND 1.2, 7.7.1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use super::node::AccessType;

/// An access control list; in text `Add=srv1+srv2&Get=*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acl {
    entries: BTreeMap<AccessType, Grantees>,
}

/// Who a command is granted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantees {
    /// `*`: every server.
    Everyone,
    /// These ServerIDs.
    Servers(BTreeSet<String>),
}

/// Why a text is no ACL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AclError {
    /// An entry without `=`.
    #[error("the ACL entry `{0}` is not `Command=servers`")]
    NoServers(String),
    /// A command that does not exist.
    #[error("`{0}` is no command of an ACL; there are Add, Copy, Delete, Exec, Get and Replace")]
    Command(String),
    /// A command that stands twice.
    #[error("the ACL names `{0}` twice")]
    Twice(&'static str),
    /// An empty server identifier.
    #[error("the ACL entry `{0}` has an empty server identifier")]
    EmptyServer(String),
}

impl Acl {
    /// The ACL of a root that was given none: `Add=*&Get=*`.
    #[must_use]
    pub fn root_default() -> Self {
        let entries = [AccessType::Add, AccessType::Get].map(|command| (command, Grantees::Everyone));
        Self { entries: entries.into() }
    }

    /// Reads the text of an ACL; empty text is the empty ACL, which inherits.
    ///
    /// # Errors
    /// [`AclError`] naming the entry at fault.
    pub fn parse(text: &str) -> Result<Self, AclError> {
        let mut entries = BTreeMap::new();
        for entry in text.split('&').filter(|_| !text.is_empty()) {
            let (command, servers) = entry.split_once('=').ok_or_else(|| AclError::NoServers(entry.to_owned()))?;
            let command = AccessType::parse(command).ok_or_else(|| AclError::Command(command.to_owned()))?;
            let grantees = if servers == "*" {
                Grantees::Everyone
            } else if servers.split('+').any(str::is_empty) {
                return Err(AclError::EmptyServer(entry.to_owned()));
            } else {
                Grantees::Servers(servers.split('+').map(str::to_owned).collect())
            };
            if entries.insert(command, grantees).is_some() {
                return Err(AclError::Twice(command.as_str()));
            }
        }
        Ok(Self { entries })
    }

    /// Whether the ACL grants nothing and so counts as not set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a server may use a command.
    #[must_use]
    pub fn grants(&self, command: AccessType, server_id: &str) -> bool {
        match self.entries.get(&command) {
            Some(Grantees::Everyone) => true,
            Some(Grantees::Servers(servers)) => servers.contains(server_id),
            None => false,
        }
    }

    /// Grants a command to a server beside whoever has it.
    pub fn grant(&mut self, command: AccessType, server_id: &str) {
        let grantees = self.entries.entry(command).or_insert_with(|| Grantees::Servers(BTreeSet::new()));
        if let Grantees::Servers(servers) = grantees {
            servers.insert(server_id.to_owned());
        }
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (command, grantees)) in self.entries.iter().enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            let servers = match grantees {
                Grantees::Everyone => "*".to_owned(),
                Grantees::Servers(servers) => servers.iter().cloned().collect::<Vec<_>>().join("+"),
            };
            write!(formatter, "{separator}{}={servers}", command.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_of_an_acl() {
        let acl = Acl::parse("Get=*&Add=b+a").unwrap();
        assert_eq!(acl.to_string(), "Add=a+b&Get=*");
        assert!(acl.grants(AccessType::Get, "anyone") && acl.grants(AccessType::Add, "a"));
        assert!(!acl.grants(AccessType::Add, "A") && !acl.grants(AccessType::Delete, "a"));
        assert!(Acl::parse("").unwrap().is_empty());
        assert_eq!(Acl::root_default().to_string(), "Add=*&Get=*");
    }

    #[test]
    fn faults_name_the_entry() {
        assert_eq!(Acl::parse("Get"), Err(AclError::NoServers("Get".to_owned())));
        assert_eq!(Acl::parse("Get=*&"), Err(AclError::NoServers(String::new())));
        assert_eq!(Acl::parse("Put=*"), Err(AclError::Command("Put".to_owned())));
        assert_eq!(Acl::parse("Get=*&Get=a"), Err(AclError::Twice("Get")));
        assert_eq!(Acl::parse("Get=a+"), Err(AclError::EmptyServer("Get=a+".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails(text in "(Add|Get|Exec|=|&|\\+|\\*|[ab\u{E9}]){0,12}") {
            if let Ok(acl) = Acl::parse(&text) {
                prop_assert_eq!(Acl::parse(&acl.to_string()), Ok(acl));
            }
        }
    }
}
