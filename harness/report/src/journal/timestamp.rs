//! Instants as the journal writes them.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant; in the journal, RFC 3339 text. Ordered by time, whatever the offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// Text that is not an RFC 3339 instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no RFC 3339 date and time; write it like 2026-01-31T12:00:00Z", text.escape_debug())]
pub struct TimestampError {
    /// The text.
    pub text: String,
}

impl Timestamp {
    /// The instant as the `time` crate has it, for writers of other formats.
    pub fn date_time(self) -> OffsetDateTime {
        self.0
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampError;

    /// Takes an instant of the system's clock, to the second. Instants that RFC 3339 cannot write
    /// (years after 9999) are refused.
    fn try_from(at: SystemTime) -> Result<Self, TimestampError> {
        let refused = || TimestampError { text: format!("{at:?}") };
        let seconds = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_secs()).ok())
            .ok_or_else(refused)?;
        OffsetDateTime::from_unix_timestamp(seconds).map(Self).map_err(|_| refused())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self).map_err(|_| TimestampError { text: text.into() })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Both ways to make one admit only what RFC 3339 can write.
        let text = self.0.format(&Rfc3339).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn order_is_that_of_time_not_of_text() {
        let east: Timestamp = "2026-01-31T12:00:00+02:00".parse().unwrap();
        let utc: Timestamp = "2026-01-31T11:00:00Z".parse().unwrap();
        assert!(east < utc);
        assert_eq!(utc.to_string(), "2026-01-31T11:00:00Z");
    }

    #[test]
    fn the_system_clock_is_taken_to_the_second() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
        assert_eq!(Timestamp::try_from(at).unwrap().to_string(), "1970-01-01T00:00:01Z");
    }

    #[test]
    fn other_text_is_refused_with_an_example() {
        assert_eq!(
            "yesterday".parse::<Timestamp>().unwrap_err().to_string(),
            "`yesterday` is no RFC 3339 date and time; write it like 2026-01-31T12:00:00Z"
        );
    }
}
