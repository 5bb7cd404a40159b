//! A QEMU plugin that counts, for every instruction of a firmware image, how often it ran.
//!
//! ```text
//! qemu-system-arm … -plugin file=libmicrojoule_emulator_plugin.so,out=counts.txt,mark=0x1c4,mark=0x1c8
//! ```
//! `out` is the file that is written when the emulator ends; see [`counters`]. Each `mark` is an address: when the
//! core is about to execute it, a new region begins, so that what ran can be told apart by what it ran for.
//!
//! One library serves every version of QEMU since 7.0: what the emulator that loads it offers is found out then, see
//! [`api`].

pub mod api;
pub mod counters;
pub mod options;
