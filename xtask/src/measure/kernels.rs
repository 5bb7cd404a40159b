//! Whether two images of a model run the same kernels.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use firmware::Contents;
use lab::recording::Identity;

/// How the names of kernels begin.
const KERNELS: [&str; 4] = ["kernels::", "<kernels::", "microjoule_kernels::", "<microjoule_kernels::"];

/// Functions of the kernels in an image, by name, with their bytes where they are known: an inner loop that another image has
/// not, or has otherwise, is another kernel.
fn kernels(contents: &Contents) -> BTreeMap<&str, u64> {
    let functions = contents.symbols.iter().filter(|symbol| symbol.is_function);
    let sized = functions.map(|symbol| (symbol.name.as_str(), symbol.bytes));
    let unsized_ones = contents.unsized_functions.iter().map(|name| (name.as_str(), 0));
    sized
        .chain(unsized_ones)
        .filter(|(name, _)| KERNELS.iter().any(|start| name.starts_with(start)))
        .collect()
}

/// What differs between two images; nothing when their kernels are the same.
fn difference(profile: &Contents, energy: &Contents) -> Vec<String> {
    let (of_profile, of_energy) = (kernels(profile), kernels(energy));
    let mut all = Vec::new();
    for (name, bytes) in &of_profile {
        match of_energy.get(name) {
            None => all.push(format!("{name}, only in the profile image")),
            Some(other) if other != bytes => {
                all.push(format!(
                    "{name}, of {bytes} B in the profile image and {other} B in the energy image"
                ));
            }
            Some(_) => {}
        }
    }
    let added = of_energy.keys().filter(|name| !of_profile.contains_key(*name));
    all.extend(added.map(|name| format!("{name}, only in the energy image")));
    all
}

/// That the energy image runs the kernels of the profile image, in words for the record, which are also printed.
///
/// # Errors
/// When it does not; when an image cannot be read.
pub fn same(profile: &Path, energy: &Path) -> Result<String> {
    let (profile, energy) = (Contents::read(profile)?, Contents::read(energy)?);
    let other = difference(&profile, &energy);
    ensure!(
        other.is_empty(),
        "the energy image does not run the kernels of the profile image: {}",
        other.join("; ")
    );
    let count = kernels(&energy).len();
    let note =
        format!("the energy image has the {count} kernel functions of the profile image, and no others");
    eprintln!("{note}");
    Ok(note)
}

/// What firmware that nobody looks at has no use for.
const LOUD: [&str; 3] = ["_SEGGER_RTT", "rtt_target::", "_defmt_acquire"];

/// That an energy image has neither a log nor a channel for a debugger, which take time and current.
///
/// # Errors
/// When it has; when it cannot be read.
pub fn quiet(energy: &Path) -> Result<()> {
    let contents = Contents::read(energy)?;
    let names = contents.symbols.iter().map(|symbol| &symbol.name).chain(&contents.unsized_functions);
    let loud: Vec<_> = names.filter(|name| LOUD.iter().any(|part| name.contains(part))).cloned().collect();
    ensure!(loud.is_empty(), "the energy image has what only a debugger reads: {}", loud.join(", "));
    Ok(())
}

/// What a recording says of the image that ran.
///
/// # Errors
/// When it cannot be read.
pub fn identity(image: &Path) -> Result<Identity> {
    let bytes = fs::read(image).with_context(|| image.display().to_string())?;
    Ok(Identity { name: "energy".to_owned(), sha256: golden::sha256(&bytes) })
}

#[cfg(test)]
mod tests {
    use firmware::Symbol;

    use super::*;

    fn contents(functions: &[(&str, u64)]) -> Contents {
        let symbol = |&(name, bytes): &(&str, u64)| Symbol {
            name: name.to_owned(),
            address: 0,
            bytes,
            is_function: true,
        };
        Contents { symbols: functions.iter().map(symbol).collect(), ..Contents::default() }
    }

    #[test]
    fn a_kernel_that_is_missing_added_or_of_another_length_is_named() {
        let profile = contents(&[("kernels::conv", 100), ("kernels::pool", 50), ("probed::serve", 9)]);
        assert!(difference(&profile, &contents(&[("kernels::conv", 100), ("kernels::pool", 50)])).is_empty());
        let energy =
            contents(&[("kernels::conv", 104), ("<kernels::add::Add>::run", 8), ("probed::energy", 7)]);
        let expected = [
            "kernels::conv, of 100 B in the profile image and 104 B in the energy image",
            "kernels::pool, only in the profile image",
            "<kernels::add::Add>::run, only in the energy image",
        ];
        assert_eq!(difference(&profile, &energy), expected);
    }
}
