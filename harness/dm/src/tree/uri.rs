//! Addresses of nodes and of their properties (DMTND 1.2).

use std::fmt;

use thiserror::Error;

/// Greatest number of segments of an address that is looked at; a device may allow fewer (DevDetail/URI).
pub const MAX_SEGMENTS: usize = 64;

/// The address of a node, relative to the root, perhaps of one of its properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    segments: Vec<String>,
    query: Option<(String, String)>,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UriError {
    /// Nothing at all.
    #[error("the address is empty; the root is `.`")]
    Empty,
    /// A slash at the start.
    #[error("the address starts with `/`; start with `./`")]
    Absolute,
    /// A slash at the end.
    #[error("the address ends in `/`")]
    TrailingSlash,
    /// Two slashes in a row.
    #[error("the address has an empty segment")]
    EmptySegment,
    /// A `.` after the start, or a `..` anywhere.
    #[error("the address has a segment `.` or `..`")]
    Dots,
    /// More than [`MAX_SEGMENTS`] segments.
    #[error("the address has more than {MAX_SEGMENTS} segments")]
    TooDeep,
    /// A property part that is not `name=value`.
    #[error("the part after `?` is not `prop=Name` or `list=Kind`")]
    Query,
}

impl Uri {
    /// Reads an address; `./A/B` and `A/B` are the same, `.` is the root.
    ///
    /// # Errors
    /// [`UriError`] for an absolute, open-ended or climbing address.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => {
                let (name, value) = query.split_once('=').ok_or(UriError::Query)?;
                (path, Some((name.to_owned(), value.to_owned())))
            }
            None => (text, None),
        };
        if path.is_empty() {
            return Err(UriError::Empty);
        }
        if path.starts_with('/') {
            return Err(UriError::Absolute);
        }
        if path == "." {
            return Ok(Self { segments: Vec::new(), query });
        }
        if path.ends_with('/') {
            return Err(UriError::TrailingSlash);
        }
        let mut segments = Vec::new();
        for segment in path.strip_prefix("./").unwrap_or(path).split('/') {
            match segment {
                "" => return Err(UriError::EmptySegment),
                "." | ".." => return Err(UriError::Dots),
                _ if segments.len() == MAX_SEGMENTS => return Err(UriError::TooDeep),
                _ => segments.push(segment.to_owned()),
            }
        }
        Ok(Self { segments, query })
    }

    /// The names on the way from the root; none for the root itself.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Name and value after `?`, such as `prop` and `ACL`.
    #[must_use]
    pub fn query(&self) -> Option<(&str, &str)> {
        self.query.as_ref().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for Uri {
    /// The address with `./` in front.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(".")?;
        for segment in &self.segments {
            write!(formatter, "/{segment}")?;
        }
        match &self.query {
            Some((name, value)) => write!(formatter, "?{name}={value}"),
            None => Ok(()),
        }
    }
}
