//! Quantities with their units: "18 ms", "2 W", "5 mJ", "300 KiB", "1 %".

/// What is measured. Values are held in the unit named.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dimension {
    /// Microseconds.
    Time,
    /// Watts.
    Power,
    /// Microjoules.
    Energy,
    /// Bytes.
    Size,
    /// A share of 1; loss in percentage points is one too.
    Share,
}

/// Units and what one of them is, from small to large.
type Units = &'static [(&'static str, f64)];

impl Dimension {
    const fn units(self) -> Units {
        match self {
            Self::Time => &[("ns", 1e-3), ("µs", 1.0), ("ms", 1e3), ("s", 1e6)],
            Self::Power => &[("µW", 1e-6), ("mW", 1e-3), ("W", 1.0)],
            Self::Energy => &[("nJ", 1e-3), ("µJ", 1.0), ("mJ", 1e3), ("J", 1e6)],
            Self::Size => &[
                ("B", 1.0),
                ("kB", 1e3),
                ("KiB", 1024.0),
                ("MB", 1e6),
                ("MiB", 1048576.0),
                ("GB", 1e9),
                ("GiB", 1073741824.0),
            ],
            Self::Share => &[("%", 1e-2)],
        }
    }

    /// What a text of this kind looks like, for messages.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Time => "a time in ns, µs (or us), ms or s, such as \"18 ms\"",
            Self::Power => "a power in µW (or uW), mW or W, such as \"2 W\"",
            Self::Energy => "an energy in nJ, µJ (or uJ), mJ or J, such as \"5 mJ\"",
            Self::Size => "a size in B, kB (1000), KiB (1024), MB, MiB, GB or GiB, such as \"300 KiB\"",
            Self::Share => "a share in %, such as \"1 %\"",
        }
    }

    /// The value in the unit of `text`, so that both can be compared at sight; in its own where that would be long.
    pub fn show_like(self, value: f64, text: &str) -> String {
        let like = self.split(text).map(|(_, unit)| unit).filter(|(_, factor)| {
            let shown = value.abs() / factor;
            (0.1..10_000.0).contains(&shown)
        });
        like.map_or_else(|| self.show(value), |(unit, factor)| format!("{} {unit}", digits(value / factor)))
    }

    /// The value of a text; nothing where it is no quantity of this dimension, or below 0.
    pub fn parse(self, text: &str) -> Option<f64> {
        let (number, (_, factor)) = self.split(text)?;
        let number: f64 = number.replace('_', "").parse().ok()?;
        let value = number * factor;
        value.is_finite().then_some(value)
    }

    /// The number and the unit of a text.
    fn split(self, text: &str) -> Option<(&str, (&'static str, f64))> {
        let text = text.trim();
        let end = text.find(|letter: char| !(letter.is_ascii_digit() || "._".contains(letter)))?;
        let (number, unit) = text.split_at_checked(end)?;
        // Both ways of typing a micro sign, and its stand-in.
        let unit = unit.trim().replace('\u{3bc}', "µ");
        let unit = match unit.strip_prefix('u') {
            Some(rest) => format!("µ{rest}"),
            None => unit,
        };
        let known = self.units().iter().find(|(name, _)| *name == unit)?;
        Some((number, *known))
    }

    /// The value as people read it: three digits or more, in the unit that keeps it short.
    pub fn show(self, value: f64) -> String {
        let fitting = self
            .units()
            .iter()
            .rev()
            // Sizes are shown in powers of two, as linkers and planners count.
            .filter(|(name, _)| self != Self::Size || !["kB", "MB", "GB"].contains(name))
            .find(|(_, factor)| value.abs() >= *factor)
            .or_else(|| self.units().first());
        let (unit, factor) = fitting.copied().unwrap_or(("", 1.0));
        format!("{} {unit}", digits(value / factor))
    }
}

/// Three significant digits; whole numbers below 1000 stay whole.
fn digits(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (magnitude < 1000.0 && value.fract() == 0.0) || magnitude >= 100.0 {
        format!("{value:.0}")
    } else if magnitude >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A share as a percentage of two digits or so: `7 %`, `0.4 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() >= 9.95 || percent == 0.0 || percent.abs().fract() < 0.05 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_and_their_values() {
        for (dimension, text, value) in [
            (Dimension::Time, "18 ms", 18e3),
            (Dimension::Time, "18ms", 18e3),
            (Dimension::Time, " 0.5 s ", 5e5),
            (Dimension::Time, "250 us", 250.0),
            (Dimension::Time, "250 µs", 250.0),
            (Dimension::Time, "250 \u{3bc}s", 250.0),
            (Dimension::Time, "500 ns", 0.5),
            (Dimension::Power, "2 W", 2.0),
            (Dimension::Power, "30 mW", 0.03),
            (Dimension::Power, "30 uW", 3e-5),
            (Dimension::Energy, "5 mJ", 5e3),
            (Dimension::Energy, "1_000 nJ", 1.0),
            (Dimension::Energy, "2 J", 2e6),
            (Dimension::Size, "300 KiB", 307_200.0),
            (Dimension::Size, "300 kB", 3e5),
            (Dimension::Size, "14000 B", 14e3),
            (Dimension::Size, "2 MiB", 2_097_152.0),
            (Dimension::Share, "1.5 %", 0.015),
        ] {
            let found = dimension.parse(text).unwrap();
            assert!((found - value).abs() <= value * 1e-12, "{text}: {found}");
        }
    }

    #[test]
    fn what_is_no_quantity() {
        for (dimension, text) in [
            (Dimension::Time, ""),
            (Dimension::Time, "18"),
            (Dimension::Time, "ms"),
            (Dimension::Time, "-1 ms"),
            (Dimension::Time, "18 W"),
            (Dimension::Time, "1.2.3 ms"),
            (Dimension::Time, "18 MS"),
            (Dimension::Size, "3 KB"),
            (Dimension::Power, "inf W"),
            (Dimension::Power, "nan W"),
            (Dimension::Share, "0.01"),
        ] {
            assert_eq!(dimension.parse(text), None, "{text}");
        }
    }

    #[test]
    fn values_as_people_read_them() {
        for (dimension, value, text) in [
            (Dimension::Time, 18e3, "18 ms"),
            (Dimension::Time, 17_250.0, "17.2 ms"),
            (Dimension::Time, 0.5, "500 ns"),
            (Dimension::Time, 0.0, "0 ns"),
            (Dimension::Energy, 1234.5, "1.23 mJ"),
            (Dimension::Power, 0.0314, "31.4 mW"),
            (Dimension::Size, 14_000.0, "13.7 KiB"),
            (Dimension::Size, 307_200.0, "300 KiB"),
            (Dimension::Size, 512.0, "512 B"),
            (Dimension::Share, 0.002, "0.20 %"),
            (Dimension::Share, 0.0, "0 %"),
        ] {
            assert_eq!(dimension.show(value), text);
        }
        assert_eq!(Dimension::Size.show_like(80_000.0, "46 kB"), "80 kB");
        assert_eq!(Dimension::Time.show_like(900.0, "18 ms"), "0.90 ms");
        assert_eq!(Dimension::Time.show_like(900.0, "18 s"), "900 µs");
        assert_eq!(Dimension::Time.show_like(900.0, "?"), "900 µs");
        assert_eq!(percent(0.07), "7 %");
        assert_eq!(percent(0.074), "7.4 %");
        assert_eq!(percent(0.3333), "33 %");
        assert_eq!(percent(0.004), "0.4 %");
    }

    #[test]
    fn every_dimension_shows_what_it_expects() {
        for dimension in
            [Dimension::Time, Dimension::Power, Dimension::Energy, Dimension::Size, Dimension::Share]
        {
            let text = dimension.expected();
            let example = text.split('"').nth(1).unwrap();
            assert!(dimension.parse(example).is_some(), "{text}");
            assert!(dimension.units().iter().all(|(unit, _)| text.contains(unit)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_within_its_digits(value in 1e-2f64..1e12) {
            for dimension in [Dimension::Time, Dimension::Power, Dimension::Energy, Dimension::Size] {
                let back = dimension.parse(&dimension.show(value)).unwrap();
                prop_assert!((back - value).abs() <= 0.02 * value, "{} {}", value, back);
            }
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Dimension::Time.parse(&text);
            let _ = Dimension::Size.parse(&text);
        }
    }
}
