//! Numbers with the unit in which a person reads them, from microcontrollers to a datacentre.

/// Watts, with milliwatts below a tenth of one.
pub(super) fn power(watts: f64) -> String {
    if watts < 0.1 { format!("{:.1} mW", watts * 1e3) } else { format!("{watts:.2} W") }
}

/// Bytes, in thousands below a tenth of a megabyte.
pub(super) fn size(bytes: f64) -> String {
    if bytes < 1e5 { format!("{:.1} kB", bytes / 1e3) } else { format!("{:.2} MB", bytes / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_machines_have_small_units() {
        assert_eq!((power(0.0422), power(1.5)), ("42.2 mW".to_owned(), "1.50 W".to_owned()));
        assert_eq!((size(14_000.0), size(2_520_000.0)), ("14.0 kB".to_owned(), "2.52 MB".to_owned()));
    }
}
