//! Builds a board's firmware image around a model, on whatever toolchain the machine has, and reads what came out.
//!
//! [`Board`] is a folder under `boards/`, [`Toolchain`] is how its target can be compiled for on this machine,
//! [`build`] makes an [`Image`], and [`Contents`] tells what is in it.
#![forbid(unsafe_code)]

mod board;
mod build;
mod contents;
mod error;
mod fit;
mod layout;
mod process;
mod template;
mod toolchain;

pub use board::{
    Board, Budget, ByteCount, Memory, MemoryKind, Pins, PlanRooms, Qemu, Runner, Serial, UartKind, WindowPin,
};
pub use build::{
    Image, Planning, Profile, Request, Windows, build, build_host_library, build_host_program, lint,
    model_name,
};
pub use contents::{Contents, Sizes, Symbol};
pub use error::Error;
pub use fit::Shortage;
pub use layout::{Talk, has_handler, misplaced};
pub use process::{Finished, find_program, run_bounded};
pub use template::{NewBoard, Region};
pub use toolchain::{Machine, Network, Resolved, Toolchain, resolve};
