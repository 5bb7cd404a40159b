//! How a model is planned, as verbs are told.

use compiler::{CompileOptions, Isa, NATIVE};
use firmware::{Board, ByteCount, Profile};

/// The compiler's choices. None changes an output byte.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Planning {
    /// Pack weights for this instruction set, and run its kernels; here those of others are
    /// emulated. Without, a board's own, and for `infer` this machine's; `portable` packs nothing.
    #[arg(long, value_name = "NAME", help_heading = "Planning")]
    isa: Option<Isa>,
    /// Run also what no input can change.
    #[arg(long, help_heading = "Planning")]
    no_dead_work_removal: bool,
    /// Bytes that the arena may take, whatever multiply-adds that costs: 36KiB, 40000.
    #[arg(long, value_name = "BYTES", help_heading = "Planning")]
    ram_budget: Option<ByteCount>,
    /// Bytes that the arena may take of the memory that it lies in; the rest lies beside the state, on a board with
    /// several memories in the slower one. Without, what such a board has.
    #[arg(long, value_name = "BYTES", help_heading = "Planning")]
    fast_ram: Option<ByteCount>,
}

impl Planning {
    /// What the compiler is asked for; `board` decides about the instruction set where nobody else does.
    pub fn options(&self, board: Option<&Board>) -> CompileOptions {
        let options = CompileOptions::DEVICE;
        let options = match (self.isa, board) {
            (Some(isa), _) => options.for_isa(isa),
            (None, Some(board)) => options.for_target(&board.target, &board.core),
            (None, None) => options,
        };
        let fast_ram = self.fast_ram.map(bytes).or(board.and_then(Board::fast_ram));
        options
            .dead_work(!self.no_dead_work_removal)
            .ram_budget(self.ram_budget.map(bytes))
            .fast_ram(fast_ram)
    }

    /// The same for a board's image: one that is built for size runs the compact kernels.
    pub fn image_options(&self, board: &Board, profile: Profile) -> CompileOptions {
        let options = self.options(Some(board));
        match profile {
            Profile::Release => options,
            Profile::Small => options.for_isa(Isa::Compact),
        }
    }

    /// The same for a run on this machine, which packs for its own kernels unless told otherwise.
    pub fn options_here(&self) -> CompileOptions {
        self.options(None).for_isa(self.isa.unwrap_or(NATIVE))
    }

    /// The same for firmware, whose instruction set is its target's and whose kernels are its profile's.
    pub fn firmware(&self) -> firmware::Planning {
        firmware::Planning {
            keep_dead_work: self.no_dead_work_removal,
            ram_budget: self.ram_budget.map(bytes),
            fast_ram: self.fast_ram.map(bytes),
        }
    }
}

fn bytes(count: ByteCount) -> u32 {
    u32::try_from(count.0).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_image_is_planned_with_the_kernels_that_it_is_built_with() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let board = Board::find(&workspace, "qemu-an386").expect("a board");
        let isa = |profile| Planning::default().image_options(&board, profile).isa;
        assert_eq!(isa(Profile::Release), Isa::Armv7em);
        assert_eq!(isa(Profile::Small), Isa::Compact);
    }
}
