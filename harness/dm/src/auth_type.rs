//! The names of authentication schemes.

use serde::{Deserialize, Serialize};

/// The authentication scheme a Cred or Chal names in its Meta Type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AuthType {
    /// `syncml:auth-basic`.
    Basic,
    /// `syncml:auth-md5`.
    Md5,
    /// `syncml:auth-MAC`: credentials travel in the transport header only.
    Mac,
    /// Any other name, kept as carried.
    Unknown(String),
}

impl AuthType {
    /// The name as carried in Meta Type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Basic => "syncml:auth-basic",
            Self::Md5 => "syncml:auth-md5",
            Self::Mac => "syncml:auth-MAC",
            Self::Unknown(name) => name,
        }
    }
}

impl From<&str> for AuthType {
    fn from(name: &str) -> Self {
        match name {
            "syncml:auth-basic" => Self::Basic,
            "syncml:auth-md5" => Self::Md5,
            "syncml:auth-MAC" => Self::Mac,
            _ => Self::Unknown(name.to_owned()),
        }
    }
}

impl From<String> for AuthType {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<AuthType> for String {
    fn from(auth_type: AuthType) -> Self {
        auth_type.as_str().to_owned()
    }
}
