//! The machines that are shipped.

use super::{Machine, read_machine};
use crate::error::SimError;
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
/// # Errors
/// [`SimError::UnknownMachine`] with a few names that resemble it.
pub fn find_machine(name: &str) -> Result<Machine, SimError> {
    let all = machines()?;
    let whole = find_exact(all, name);
    if let Some(machine) = whole {
        return Ok(machine.clone());
    }
    if let Some((head, point)) = name.rsplit_once('@') {
        let at = find_exact(all, head).and_then(|machine| machine.at_point(point));
        if let Some(machine) = at {
            return Ok(machine);
        }
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

/// Edit distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*slot + 1);
            diagonal = *slot;
            *slot = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
