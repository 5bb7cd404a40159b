/// Student's 97.5 % quantile for degrees of freedom, rounded down to a whole number: a 95 % interval reaches so many standard
/// uncertainties to either side. (JCGM 100:2008, table G.2.)
///
/// ```
/// assert_eq!(lab::statistics::quantile_975(4.7), 2.776);
/// assert_eq!(lab::statistics::quantile_975(f64::INFINITY), 1.96);
/// ```
#[must_use]
pub fn quantile_975(freedom: f64) -> f64 {
    const TABLE: [(f64, f64); 25] = [
        (1.0, 12.706),
        (2.0, 4.303),
        (3.0, 3.182),
        (4.0, 2.776),
        (5.0, 2.571),
        (6.0, 2.447),
        (7.0, 2.365),
        (8.0, 2.306),
        (9.0, 2.262),
        (10.0, 2.228),
        (11.0, 2.201),
        (12.0, 2.179),
        (13.0, 2.160),
        (14.0, 2.145),
        (15.0, 2.131),
        (16.0, 2.120),
        (17.0, 2.110),
        (18.0, 2.101),
        (19.0, 2.093),
        (20.0, 2.086),
        (25.0, 2.060),
        (30.0, 2.042),
        (50.0, 2.009),
        (100.0, 1.984),
        (1e6, 1.960),
    ];
    let below = TABLE.iter().rev().find(|(known, _)| *known <= freedom.floor());
    below.map_or(TABLE[0].1, |(_, quantile)| *quantile)
}
