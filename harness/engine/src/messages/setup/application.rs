//! An application that a terminal announces to the card (TS 102 223 7.6, DM_SC 7.1).

use dmsc_uicc::coding::from_text;
use dmsc_uicc::object::RegistryApplication;
use serde_json::Value;

use crate::messages::shape::Shape;
use crate::messages::value::{FieldValue, Group, fields};

/// The port that a terminal announces for its DM Client unless told otherwise.
pub const DM_CLIENT_PORT: u16 = 0xC000;

/// The name of that application.
const NAME: &str = "DM Client";

fields! {
    /// What is given of an application that a terminal announces.
    pub struct ApplicationWith = "setup.application" {
        /// Port number; 0xC000 unless given.
        port: u16,
        /// Data coding scheme of the name; 0x00 unless given.
        dcs: u8,
        /// Application type; 7, the DM Client, unless given.
        application_type as "type": u8,
        /// Name, in letters that its coding has; `DM Client` unless given.
        name: String,
    }
}

/// An application that a terminal announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced(pub RegistryApplication);

impl Announced {
    /// The DM Client, where a case does not say what is announced.
    pub fn dm_client() -> Announced {
        Announced(RegistryApplication {
            port: DM_CLIENT_PORT,
            dcs: 0x00,
            application_type: RegistryApplication::DM_CLIENT,
            name: from_text(0x00, NAME).unwrap_or_default(),
        })
    }
}

impl FieldValue for Announced {
    fn shape() -> Shape {
        Shape::Record(ApplicationWith::NAME)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let with: Box<ApplicationWith> = FieldValue::read(value)?;
        let dcs = with.dcs.unwrap_or(0x00);
        let text = with.name.as_deref().unwrap_or(NAME);
        let name = from_text(dcs, text).ok_or_else(|| {
            format!("name: \"{text}\" cannot be written in the coding 0x{dcs:02X}; 0x08, UCS2, has most letters")
        })?;
        Ok(Announced(RegistryApplication {
            port: with.port.unwrap_or(DM_CLIENT_PORT),
            dcs,
            application_type: with.application_type.unwrap_or(RegistryApplication::DM_CLIENT),
            name,
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_application_is_the_dm_client_unless_told_otherwise() {
        assert_eq!(Announced::read(&json!({})), Ok(Announced::dm_client()));
        let other = Announced::read(&json!({ "port": 1, "dcs": 8, "type": 2, "name": "Ж" })).unwrap().0;
        assert_eq!((other.port, other.dcs, other.application_type, other.name), (1, 8, 2, vec![0x04, 0x16]));
        let error = Announced::read(&json!({ "name": "Ж" })).unwrap_err();
        assert!(error.starts_with("name: \"Ж\" cannot be written in the coding 0x00"), "{error}");
    }
}
