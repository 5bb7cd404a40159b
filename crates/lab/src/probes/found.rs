use std::fmt;

use probe_rs::probe::{
    Probe,
    list::{Accessibility, Lister, ProbeListItem},
};

use super::{Error, espressif};

/// A probe that is plugged in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// What it calls itself.
    pub name: String,
    /// What tells it from others of its kind.
    pub serial: Option<String>,
    /// Whether this user may open it.
    pub accessible: bool,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.serial {
            Some(serial) => write!(f, "{} ({serial})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl From<&ProbeListItem> for Found {
    fn from(item: &ProbeListItem) -> Self {
        Self {
            name: item.info.identifier.clone(),
            serial: item.info.serial_number.clone(),
            accessible: item.accessibility == Accessibility::Accessible,
        }
    }
}

/// The probes that are plugged in.
#[must_use]
pub fn list() -> Vec<Found> {
    attached().iter().map(Found::from).collect()
}

fn attached() -> Vec<ProbeListItem> {
    espressif::register();
    Lister::new().list_all_with_access()
}

/// Which of the probes is meant.
///
/// # Errors
/// [`Error::NoProbe`], [`Error::SeveralProbes`], [`Error::NoSuchProbe`], [`Error::NoAccess`].
pub fn choose(found: &[Found], serial: Option<&str>) -> Result<usize, Error> {
    if found.is_empty() {
        return Err(Error::NoProbe);
    }
    let index = match serial {
        Some(serial) => found
            .iter()
            .position(|probe| probe.serial.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(serial)))
            .ok_or_else(|| Error::NoSuchProbe { serial: serial.to_owned(), found: found.to_vec() })?,
        None if found.len() > 1 => return Err(Error::SeveralProbes { found: found.to_vec() }),
        None => 0,
    };
    match found.get(index) {
        Some(probe) if !probe.accessible => Err(Error::NoAccess { probe: probe.clone() }),
        _ => Ok(index),
    }
}

/// Opens the probe with this serial number, or the only one.
///
/// # Errors
/// As [`choose`]; [`Error::Probe`] when it does not open.
pub fn open(serial: Option<&str>) -> Result<Probe, Error> {
    let items = attached();
    let found: Vec<Found> = items.iter().map(Found::from).collect();
    let index = choose(&found, serial)?;
    let item = items.get(index).ok_or(Error::NoProbe)?;
    item.info.open().map_err(|error| Error::Probe {
        probe: Found::from(item).to_string(),
        reason: super::why::told(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(serial: &str, accessible: bool) -> Found {
        Found { name: "ST-LINK".to_owned(), serial: Some(serial.to_owned()), accessible }
    }

    #[test]
    fn the_only_probe_is_taken_and_no_other_guess_is_made() {
        assert_eq!(choose(&[probe("A1", true)], None).unwrap(), 0);
        assert!(matches!(choose(&[], Some("A1")), Err(Error::NoProbe)));
        let two = [probe("A1", true), probe("B2", true)];
        assert_eq!(choose(&two, Some("b2")).unwrap(), 1);
        let message = choose(&two, None).unwrap_err().to_string();
        assert!(message.starts_with("2 debug probes are attached"), "{message}");
        assert!(message.contains("--probe A1") && message.contains("--probe B2"), "{message}");
        let message = choose(&two, Some("C3")).unwrap_err().to_string();
        assert!(message.contains("serial number C3") && message.contains("--probe A1"), "{message}");
    }

    #[test]
    fn a_probe_that_may_not_be_opened_is_told_with_the_rule() {
        let message = choose(&[probe("A1", false)], None).unwrap_err().to_string();
        assert!(message.contains("may not open it") && message.contains("udev"), "{message}");
    }
}
