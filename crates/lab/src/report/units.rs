//! Figures with a unit that suits them.

/// Four digits and the prefix that leaves one to three of them before the point.
pub fn with_prefix(value: f64, unit: &str) -> String {
    const PREFIXES: [(f64, &str); 6] =
        [(1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p")];
    let size = value.abs();
    let (scale, prefix) = PREFIXES.into_iter().find(|(scale, _)| size >= *scale).unwrap_or((1.0, ""));
    let scaled = value / scale;
    let before = if scaled.abs() >= 100.0 {
        3
    } else if scaled.abs() >= 10.0 {
        2
    } else {
        1
    };
    format!("{scaled:.*} {prefix}{unit}", 4_usize.saturating_sub(before))
}

/// `±1.23 %`.
pub fn plus_minus(relative: f64) -> String {
    format!("±{:.2} %", relative * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_digits() {
        let shown = [0.0, 5e-3, 12.345e-6, 123.456, 2.5e6, -3e-9].map(|value| with_prefix(value, "W"));
        assert_eq!(shown, ["0.000 W", "5.000 mW", "12.35 µW", "123.5 W", "2500.0 kW", "-3.000 nW"]);
    }
}
