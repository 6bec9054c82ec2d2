//! EF.SMSP, the parameters of short messages (TS 31.102 4.2.27).

use crate::object::Address;

/// What stands behind the alpha identifier of a record: indicators, destination and service centre of 12 octets each,
/// protocol identifier, data coding scheme and validity period.
const PARAMETERS: usize = 28;

/// Where the service centre stands among them.
const SERVICE_CENTRE: usize = 13;

/// The indicator of the service centre; clear where there is one.
const NO_SERVICE_CENTRE: u8 = 0x02;

/// The service centre that a record presets; `None` where it presets none, or cannot be read.
#[must_use]
pub fn service_centre(record: &[u8]) -> Option<Address> {
    let parameters = record.get(record.len().checked_sub(PARAMETERS)?..)?;
    if parameters.first()? & NO_SERVICE_CENTRE != 0 {
        return None;
    }
    let (length, rest) = parameters.get(SERVICE_CENTRE..)?.split_first()?;
    Address::parse(rest.get(..usize::from(*length)).filter(|octets| octets.len() > 1 && octets.len() < 12)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(indicators: u8, centre: &[u8]) -> Vec<u8> {
        let mut record = vec![0xFF; 2 + PARAMETERS];
        record[2] = indicators;
        record[2 + SERVICE_CENTRE..][..centre.len()].copy_from_slice(centre);
        record
    }

    #[test]
    fn the_service_centre_is_found() {
        let centre = [0x07, 0x91, 0x51, 0x55, 0x00, 0x00, 0x00, 0xF1];
        let found = |indicators, centre: &[u8]| service_centre(&record(indicators, centre)).map(|one| one.to_string());
        assert_eq!(found(0xFD, &centre).as_deref(), Some("+15550000001"));
        assert_eq!(found(0xFF, &centre), None);
        assert_eq!(found(0xFD, &[0xFF, 0x91]), None);
        assert_eq!(found(0xFD, &[0x01, 0x91]), None);
        assert_eq!(service_centre(&[0xFD; 27]), None);
    }
}
