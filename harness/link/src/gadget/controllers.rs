//! The USB device controllers of this machine.

use std::path::Path;

use super::Controller;
use crate::LinkError;

/// Where the kernel lists them.
const CLASS: &str = "/sys/class/udc";

/// Where gadgets are made.
const GADGETS: &str = "/sys/kernel/config/usb_gadget";

/// The controllers, by name.
///
/// # Errors
/// [`LinkError::Missing`] when there is none, or when gadgets cannot be made on them.
pub fn controllers() -> Result<Vec<Controller>, LinkError> {
    controllers_in(Path::new(CLASS), Path::new(GADGETS))
}

fn controllers_in(class: &Path, gadgets: &Path) -> Result<Vec<Controller>, LinkError> {
    let mut found: Vec<Controller> = std::fs::read_dir(class)
        .map(|entries| entries.filter_map(|entry| controller(&entry.ok()?.path())).collect())
        .unwrap_or_default();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    if found.is_empty() {
        return Err(LinkError::Missing {
            what: "no USB device controller".into(),
            remedy: "use a board whose USB port can be a device, or `modprobe dummy_hcd` to try it in one kernel"
                .into(),
        });
    }
    match std::fs::metadata(gadgets) {
        Ok(folder) if !folder.permissions().readonly() => Ok(found),
        Ok(_) => Err(LinkError::Missing {
            what: format!("gadgets cannot be made: {} is read-only", gadgets.display()),
            remedy: "run as root".into(),
        }),
        Err(cause) => Err(LinkError::Missing {
            what: format!("gadgets cannot be made: {}: {cause}", gadgets.display()),
            remedy: "`modprobe libcomposite usb_f_fs`, and mount configfs at /sys/kernel/config, as root".into(),
        }),
    }
}

fn controller(path: &Path) -> Option<Controller> {
    let read = |file: &str| std::fs::read_to_string(path.join(file)).map(|text| text.trim().to_owned());
    Some(Controller {
        name: path.file_name()?.to_string_lossy().into_owned(),
        state: read("state").unwrap_or_else(|_| "unknown".into()),
        speed: read("maximum_speed").unwrap_or_else(|_| "unknown".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_to_try() {
        let folder = std::env::temp_dir().join(format!("dmsc-udc-{}", std::process::id()));
        let (class, gadgets) = (folder.join("udc"), folder.join("usb_gadget"));
        let none = controllers_in(&class, &gadgets).unwrap_err().to_string();
        assert!(none.contains("no USB device controller; use a board"), "{none}");

        std::fs::create_dir_all(class.join("dummy_udc.0")).unwrap();
        std::fs::write(class.join("dummy_udc.0/state"), "not attached\n").unwrap();
        let unmounted = controllers_in(&class, &gadgets).unwrap_err().to_string();
        assert!(unmounted.contains("modprobe libcomposite"), "{unmounted}");

        std::fs::create_dir_all(&gadgets).unwrap();
        let found = controllers_in(&class, &gadgets).unwrap();
        let expected = Controller { name: "dummy_udc.0".into(), state: "not attached".into(), speed: "unknown".into() };
        assert_eq!(found, [expected]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
