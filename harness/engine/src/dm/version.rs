//! The versions of DM that a player takes.

use dmsc_dm::syncml::SyncHdr;

/// Which versions of DM a player takes. DM_SC 4.1 rests on DM 1.2 "or any later compatible release".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// DM 1.2.
    #[default]
    Exactly,
    /// DM 1.2 and later ones of the same major number.
    Later,
}

impl Versions {
    /// The Status of a message whose version is not taken: 505 for VerDTD, 513 for VerProto (DMREPPRO 10).
    pub fn fault(self, header: &SyncHdr) -> Option<u16> {
        if !self.takes(&header.ver_dtd) {
            return Some(505);
        }
        let version = header.ver_proto.strip_prefix("DM/");
        (!version.is_some_and(|version| self.takes(version))).then_some(513)
    }

    fn takes(self, version: &str) -> bool {
        match (self, version.strip_prefix("1.")) {
            (_, Some("2")) => true,
            (Versions::Later, Some(minor)) => {
                let number = minor.bytes().all(|letter| letter.is_ascii_digit()) && !minor.starts_with('0');
                number && minor.parse::<u16>().is_ok_and(|it| it > 2)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_releases_are_those_of_the_same_major_number() {
        let fault = |versions: Versions, dtd: &str, proto: &str| {
            versions.fault(&SyncHdr { ver_dtd: dtd.into(), ver_proto: proto.into(), ..SyncHdr::default() })
        };
        assert_eq!(fault(Versions::Exactly, "1.2", "DM/1.2"), None);
        assert_eq!(fault(Versions::Exactly, "1.3", "DM/1.3"), Some(505));
        assert_eq!(fault(Versions::Exactly, "1.2", "DM/1.3"), Some(513));
        for version in ["1.2", "1.3", "1.12"] {
            assert_eq!(fault(Versions::Later, version, &format!("DM/{version}")), None, "{version}");
        }
        for version in ["1.1", "1.02", "2.0", "1.", "1.+3", ""] {
            assert_eq!(fault(Versions::Later, version, "DM/1.2"), Some(505), "{version}");
            assert_eq!(fault(Versions::Later, "1.2", &format!("DM/{version}")), Some(513), "{version}");
        }
        assert_eq!(fault(Versions::Later, "1.2", "1.2"), Some(513));
    }
}
