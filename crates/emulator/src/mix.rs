//! What ran, by class, and what it took.

use std::collections::BTreeMap;

use crate::{Class, Code, Error, Instruction, Region, Timing, timing::PER_CYCLE};

/// Instructions by class, and their cycles.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mix {
    classes: BTreeMap<Class, Share>,
}

/// What one class has of a [`Mix`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Share {
    /// How many ran.
    pub instructions: u64,
    /// Thousandths of a cycle.
    thousandths: u64,
}

impl Share {
    /// Cycles, rounded.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        (self.thousandths + PER_CYCLE / 2) / PER_CYCLE
    }
}

impl Mix {
    /// Prices what ran in a region, but for the instructions at `excluded`, which were there to measure.
    ///
    /// * How often a branch was taken is in the edges: a branch always ends a straight block.
    /// * What ran before an instruction is in them as well; where nothing led there, it is the one above.
    /// * An instruction in a skipped slot of an IT block is counted as if it had run: the emulator counts it, and its
    ///   condition is not recorded. For all but loads, that is its price in the manuals.
    ///
    /// # Errors
    /// [`Error::NoCode`]; [`Error::Unpriced`], when the core does not have an instruction.
    pub fn of(
        region: &Region,
        code: &Code,
        timing: &Timing,
        excluded: &dyn Fn(u64) -> bool,
    ) -> Result<Self, Error> {
        let mut mix = Self::default();
        let mut entries: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
        for (&(from, to), &count) in &region.edges {
            entries.entry(to).or_default().push((from, count));
        }
        for (&address, &count) in region.instructions.iter().filter(|(address, _)| !excluded(**address)) {
            let instruction = code.at(address)?;
            let mut add = |class: Class, count: u64, after_memory: bool| {
                let price = timing.price(class, instruction.transfers, after_memory);
                let price = price.ok_or_else(|| Error::Unpriced {
                    class: class.name(),
                    address,
                    timing: timing.name.clone(),
                })?;
                mix.add(class, count, price);
                Ok::<(), Error>(())
            };
            if instruction.class == Class::BranchTaken {
                let next = address + u64::from(instruction.bytes);
                let missed = region.edges.get(&(address, next)).copied().unwrap_or(0).min(count);
                add(Class::BranchTaken, count - missed, false)?;
                add(Class::BranchNotTaken, missed, false)?;
                continue;
            }
            if !instruction.class.is_memory() {
                add(instruction.class, count, false)?;
                continue;
            }
            let entered = entries.get(&address).map_or(&[][..], Vec::as_slice);
            let mut after_memory = 0;
            let mut straight = count;
            for (from, times) in entered {
                let times = (*times).min(straight);
                straight -= times;
                after_memory += if code.at(*from)?.class.is_memory() { times } else { 0 };
            }
            if above(region, code, address)?.is_some_and(|above| above.class.is_memory()) {
                after_memory += straight;
            }
            add(instruction.class, after_memory, true)?;
            add(instruction.class, count - after_memory, false)?;
        }
        Ok(mix)
    }

    fn add(&mut self, class: Class, count: u64, price: u64) {
        if count > 0 {
            let share = self.classes.entry(class).or_default();
            share.instructions += count;
            share.thousandths += count * price;
        }
    }

    /// Adds another's.
    pub fn extend(&mut self, other: &Self) {
        for (class, share) in &other.classes {
            let own = self.classes.entry(*class).or_default();
            own.instructions += share.instructions;
            own.thousandths += share.thousandths;
        }
    }

    /// By class, in the order of [`Class::ALL`].
    pub fn classes(&self) -> impl Iterator<Item = (Class, Share)> {
        self.classes.iter().map(|(class, share)| (*class, *share))
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> Share {
        self.classes.values().fold(Share::default(), |sum, share| Share {
            instructions: sum.instructions + share.instructions,
            thousandths: sum.thousandths + share.thousandths,
        })
    }
}

/// The instruction that ends where this one begins, if it ran.
fn above(region: &Region, code: &Code, address: u64) -> Result<Option<Instruction>, Error> {
    for bytes in [2, 4] {
        let Some(candidate) = address.checked_sub(bytes) else { continue };
        if region.instructions.contains_key(&candidate) {
            let instruction = code.at(candidate)?;
            if u64::from(instruction.bytes) == bytes {
                return Ok(Some(instruction));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
