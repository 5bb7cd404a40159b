//! The machines that are shipped.

use super::{Machine, read_machine};
use crate::error::SimError;
use crate::text::distance;
use std::sync::OnceLock;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/machines.rs"));

/// All shipped machines, by name.
///
/// # Errors
/// [`SimError::Malformed`] where a shipped file is; a test keeps it from happening.
pub fn machines() -> Result<&'static [Machine], SimError> {
    static READ: OnceLock<Vec<Machine>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let mut all = FILES.iter().map(|(file, text)| read_machine(file, text)).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(READ.get_or_init(|| all))
}

/// The files of all shipped machines, and what is in them.
pub(crate) fn shipped_texts() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// Letters and digits only, so that `M5 Pro`, `m5-pro` and `M5_PRO` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The machine of that name or alias; `name@point` takes one of its clock and voltage points.
///
/// Names are taken as tables write them: with the maker or the engine in front or behind (`Apple M4 ANE`), with a clock
/// in megahertz behind (`GAP9 370`), and with a system's version that no machine has, for which the chip's nearest stands
/// in and says so ([`Machine::known_wrong`]).
///
/// # Errors
/// [`SimError::UnknownMachine`] with a few names that resemble it.
pub fn find_machine(name: &str) -> Result<Machine, SimError> {
    let all = machines()?;
    if let Some(machine) = find_bare(all, name) {
        return Ok(machine);
    }
    let bare = name.trim().trim_end_matches("MHz").trim_end();
    if let Some((head, point)) = bare.rsplit_once(['@', ' '])
        && let Some(machine) = find_bare(all, head)
    {
        let at = machine.at_point(point).or_else(|| at_clock(&machine, point));
        if let Some(machine) = at {
            return Ok(machine);
        }
    }
    if let Some(machine) = nearest_system(all, name) {
        return Ok(machine);
    }
    if let Some(machine) = name.split_once('@').and_then(|(head, _)| find_bare(all, head)) {
        let near: Vec<String> =
            machine.points.iter().map(|point| format!("{}@{}", machine.name, point.name)).collect();
        let near = if near.is_empty() { machine.name } else { near.join(", ") };
        return Err(SimError::UnknownMachine { name: name.to_owned(), near });
    }
    let wanted = plain(name);
    let mut near: Vec<(usize, &str)> =
        all.iter().map(|machine| (distance(&plain(&machine.name), &wanted), machine.name.as_str())).collect();
    near.sort();
    let near: Vec<&str> = near.into_iter().take(4).map(|(_, name)| name).collect();
    Err(SimError::UnknownMachine { name: name.to_owned(), near: near.join(", ") })
}

fn find_exact<'a>(all: &'a [Machine], name: &str) -> Option<&'a Machine> {
    let wanted = plain(name);
    all.iter()
        .find(|machine| plain(&machine.name) == wanted)
        .or_else(|| all.iter().find(|machine| machine.aliases.iter().any(|alias| plain(alias) == wanted)))
}

/// The machine of that name, at the point that the name is an alias of, or without the words that tables add to it.
fn find_bare(all: &[Machine], name: &str) -> Option<Machine> {
    if let Some(machine) = find_exact(all, name) {
        return Some(machine.clone());
    }
    let wanted = plain(name);
    for machine in all {
        let of = |point: &&super::Point| point.aliases.iter().any(|alias| plain(alias) == wanted);
        if let Some(point) = machine.points.iter().find(of) {
            return machine.at_point(&point.name);
        }
    }
    let words = name.trim().trim_start_matches("Apple ").trim_end_matches(" ANE8").trim_end_matches(" ANE");
    find_exact(all, words).filter(|_| words != name).cloned()
}

/// The machine at the point, or as it is, whose clock is that many megahertz up to rounding.
fn at_clock(machine: &Machine, mhz: &str) -> Option<Machine> {
    let clock_hz = mhz.parse::<f64>().ok()? * 1e6;
    let is_clock = |of: f64| clock_hz > 0.0 && (of / clock_hz - 1.0).abs() < 0.01;
    if let Some(point) = machine.points.iter().find(|point| is_clock(point.clock_hz)) {
        return machine.at_point(&point.name);
    }
    machine.engines.first().is_some_and(|engine| is_clock(engine.clock_hz)).then(|| machine.clone())
}

/// Of `A15 iOS 26`, the machine of the A15 whose system is nearest. It says that it stands in.
fn nearest_system(all: &[Machine], name: &str) -> Option<Machine> {
    let wanted = plain(name);
    let (head, version) = wanted.split_once("ios")?;
    let version: u32 = version.parse().ok()?;
    let chip = plain(&find_exact(all, head)?.chip);
    let number = |machine: &Machine| plain(&machine.os).strip_prefix("ios")?.parse::<u32>().ok();
    let (system, nearest) = all
        .iter()
        .filter(|machine| plain(&machine.chip) == chip)
        .filter_map(|machine| Some((number(machine)?, machine)))
        .min_by_key(|(system, _)| (system.abs_diff(version), *system))?;
    let mut machine = nearest.clone();
    let text =
        format!("Nothing is known of iOS {version} on this chip: these are the figures of iOS {system}.");
    machine.known_wrong.insert(0, text);
    Some(machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_tables_write_them() {
        for (name, found) in [
            ("Apple M4 ANE", "m4"),
            ("M5 Pro ANE8", "m5-pro"),
            ("iPhone 13 Pro", "a15-ios16"),
            ("GAP9 NE16+cluster 240", "gap9"),
            ("ra8p1@500", "ra8p1"),
            ("Alif Ensemble E8 Ethos-U85-256 400", "alif-e8-u85-256"),
            ("ethos-u55-64 Ethos_U55_Deep_Embedded", "ethos-u55-64-deep"),
            ("ethos-u55-128/Ethos_U55_High_End_Embedded/Sram_Only", "ethos-u55-128-sram-only"),
        ] {
            assert_eq!(find_machine(name).unwrap().name, found, "{name}");
        }
        let clock = |name: &str| find_machine(name).unwrap().engines[0].clock_hz;
        for (name, point) in [
            ("GAP9 370", "gap9@370"),
            ("GAP9 NE16+cluster 370 MHz", "gap9@370"),
            ("NDP9120/NDP120 1.1V Core 2", "ndp120@1v1"),
            ("ndp120@98.3", "ndp120@1v1"),
        ] {
            assert_eq!(clock(name), clock(point), "{name}");
            assert_ne!(clock(name), clock("gap9"), "{name}");
        }
        let error = find_machine("gap9@500").unwrap_err().to_string();
        assert!(error.contains("gap9@240, gap9@370"), "{error}");
        assert_eq!(find_machine("GAP9 370").unwrap().name, "gap9@370");
        for unknown in ["GAP9 371.5x", "gap9@99", "M9 Ultra", "Apple", "iOS 17", "A99 iOS17"] {
            assert!(find_machine(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn another_version_of_a_system_is_said_to_be_one() {
        for (name, found, system) in
            [("A15 iOS 26", "a15-ios18", 18), ("A14 iOS13", "a14-ios15", 15), ("A15 iOS17.", "a15-ios16", 0)]
        {
            let machine = find_machine(name).unwrap();
            assert_eq!(machine.name, found);
            let says =
                machine.known_wrong.iter().any(|line| line.ends_with(&format!("figures of iOS {system}.")));
            assert_eq!(says, system > 0, "{name}: {:?}", machine.known_wrong);
        }
    }
}
