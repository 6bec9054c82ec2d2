//! Text of foreign origin, made safe to show.

use std::borrow::Cow;

pub(crate) use dmsc_octets::{one_line, visible};

/// How much of a remark stands in a report; the log of the case has all.
const BRIEF: usize = 400;

/// A remark, as far as a report has room for it.
pub(crate) fn brief(remark: &str) -> Cow<'_, str> {
    match remark.char_indices().nth(BRIEF) {
        Some((cut, _)) => Cow::Owned(format!("{} ... (the log of the case has all)", remark[..cut].trim_end())),
        None => Cow::Borrowed(remark),
    }
}

/// A name as one component of a path, safe on every file system and unique: characters outside a
/// small set become `_`, and a name that had to be changed ends in a hash of the original.
pub(crate) fn component(name: &str) -> String {
    const LONGEST: usize = 120;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-=,+@[]()".contains(c);
    let mut out: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if out == name && !out.starts_with('.') && !out.is_empty() && out.len() <= LONGEST {
        return out;
    }
    out.truncate(LONGEST);
    // FNV-1a: no secrecy is asked for, only that names which look alike stay apart. `~` is in no
    // plain name, so an altered name never meets an unaltered one.
    let hash = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01B3));
    format!("{}~{hash:016x}", out.replacen('.', "_", usize::from(out.starts_with('.'))))
}

/// A case id as a relative path: each part between slashes is a component.
pub(crate) fn relative_path(id: &str) -> String {
    id.split('/').map(component).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_remark_is_told_in_part() {
        assert_eq!(brief("short"), "short");
        let long = brief(&"ä".repeat(1000)).into_owned();
        assert!(long.ends_with("ä ... (the log of the case has all)") && long.chars().count() < 450, "{long}");
    }

    #[test]
    fn names_become_paths_that_stay_inside_their_folder() {
        assert_eq!(relative_path("DM_SC-C-001-M/bip[ipv4]"), "DM_SC-C-001-M/bip[ipv4]");
        assert_eq!(component("a b"), format!("a_b~{:016x}", 0xe63f_9919_0483_3892_u64));
        assert!(component("..").starts_with("_.~"));
        assert!(component("").starts_with('~'));
        assert_ne!(component("a b"), component("a:b"));
    }

    proptest! {
        #[test]
        fn no_path_leaves_its_folder(id: String) {
            for part in relative_path(&id).split('/') {
                prop_assert!(!part.is_empty() && !part.starts_with('.'));
                prop_assert!(part.len() <= 140 && part.is_ascii());
            }
        }
    }
}
