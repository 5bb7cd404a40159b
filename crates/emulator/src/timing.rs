//! What each class of instructions takes on a core: tables that are data, with the source of every number.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use crate::{Class, Error};

/// How firm a table is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The core's manual says so.
    Published,
    /// The core's maker publishes no table.
    Estimate,
}

impl Basis {
    /// The word in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Estimate => "estimate",
        }
    }
}

/// A core's timing, memory without wait states.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// The table's name, which is its file's.
    pub name: String,
    /// How the cores are called that it is for, as `core` in `board.toml` begins.
    pub cores: Vec<String>,
    /// How firm it is.
    pub basis: Basis,
    /// Where the numbers come from, and what an estimate rests on.
    pub source: String,
    /// By class. A class that the core does not have has no price.
    prices: BTreeMap<Class, Price>,
}

/// What one instruction takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    cycles: f64,
    /// For every register moved, besides.
    #[serde(default)]
    per_transfer: f64,
    /// When it moves any register at all, besides.
    #[serde(default)]
    moving: f64,
    /// Instead of `cycles`, directly after another load or store.
    after_memory: Option<f64>,
    /// The document, and what it says.
    source: String,
}

/// Thousandths of a cycle, so that sums are exact and in any order the same.
pub(crate) const PER_CYCLE: u64 = 1000;

fn thousandths(cycles: f64) -> u64 {
    (cycles * PER_CYCLE as f64).round() as u64
}

const FILES: [&str; 8] = [
    include_str!("../timing/cortex-m0.toml"),
    include_str!("../timing/cortex-m0plus.toml"),
    include_str!("../timing/cortex-m3.toml"),
    include_str!("../timing/cortex-m4.toml"),
    include_str!("../timing/cortex-m7.toml"),
    include_str!("../timing/cortex-m33.toml"),
    include_str!("../timing/cortex-m55.toml"),
    include_str!("../timing/rv32imc.toml"),
];

impl Timing {
    /// Every table that is there.
    ///
    /// # Errors
    /// [`Error::Timing`], when one cannot be read.
    pub fn all() -> Result<&'static [Self], Error> {
        static ALL: OnceLock<Result<Vec<Timing>, String>> = OnceLock::new();
        let read = || FILES.iter().map(|text| toml::from_str(text).map_err(|e| e.to_string())).collect();
        ALL.get_or_init(read).as_deref().map_err(|reason| Error::Timing { reason: reason.clone() })
    }

    /// The table for a core, as `board.toml` calls it: the one with the longest name that the core's begins with.
    ///
    /// # Errors
    /// [`Error::NoTiming`] names those that are there.
    pub fn of(core: &str) -> Result<&'static Self, Error> {
        let all = Self::all()?;
        let wanted = core.to_ascii_lowercase();
        let fits = |name: &String| wanted.starts_with(&name.to_ascii_lowercase()).then_some(name.len());
        let length = |timing: &&Self| timing.cores.iter().filter_map(fits).max().unwrap_or(0);
        let best = all.iter().max_by_key(length).filter(|best| length(best) > 0);
        best.ok_or_else(|| Error::NoTiming { core: core.to_owned(), known: names(all) })
    }

    /// The table of this name.
    ///
    /// # Errors
    /// [`Error::NoTiming`] names those that are there.
    pub fn named(name: &str) -> Result<&'static Self, Error> {
        let all = Self::all()?;
        let found = all.iter().find(|timing| timing.name == name);
        found.ok_or_else(|| Error::NoTiming { core: name.to_owned(), known: names(all) })
    }

    /// Thousandths of a cycle that one instruction takes, directly after one on memory or not.
    pub(crate) fn price(&self, class: Class, transfers: u8, after_memory: bool) -> Option<u64> {
        let price = self.prices.get(&class)?;
        let own = price.after_memory.filter(|_| after_memory).unwrap_or(price.cycles);
        let moved = thousandths(price.per_transfer) * u64::from(transfers);
        let moving = if transfers > 0 { thousandths(price.moving) } else { 0 };
        Some(thousandths(own) + moved + moving)
    }

    /// The classes that the core has, each with the source of its price.
    pub fn sources(&self) -> impl Iterator<Item = (Class, &str)> {
        self.prices.iter().map(|(class, price)| (*class, price.source.as_str()))
    }
}

fn names(all: &[Timing]) -> Vec<String> {
    all.iter().map(|timing| timing.name.clone()).collect()
}

#[cfg(test)]
mod peers;
#[cfg(test)]
mod tests;
