//! Networks shipped as examples and for the sweep.

use super::{Network, read_network};
use crate::error::SimError;
use crate::text::distance;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/networks.rs"));

/// All shipped networks.
///
/// # Errors
/// [`SimError::Malformed`] where a shipped file is; a test keeps it from happening.
pub fn shipped_networks() -> Result<Vec<Network>, SimError> {
    FILES.iter().map(|(file, text)| read_network(file, text)).collect()
}

/// The shipped network of that name, if there is one.
pub fn shipped_network(name: &str) -> Option<Network> {
    let wanted = name.to_ascii_lowercase();
    FILES.iter().find_map(|(file, text)| {
        let stem = file.rsplit('/').next()?.strip_suffix(".json")?;
        (stem.to_ascii_lowercase() == wanted).then(|| read_network(file, text).ok()).flatten()
    })
}

/// The names of four shipped networks that resemble a name most.
pub fn shipped_names_near(name: &str) -> Vec<&'static str> {
    let names = FILES.iter().filter_map(|(file, _)| file.rsplit('/').next()?.strip_suffix(".json"));
    let wanted = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = names.map(|name| (distance(name, &wanted), name)).collect();
    near.sort_unstable();
    near.into_iter().take(4).map(|(_, name)| name).collect()
}
