//! What a device tells its host while a network runs, and what the host asks of it.
//!
//! Both ends use this one definition: firmware encodes what the host decodes, and the other way round.
#![no_std]
#![forbid(unsafe_code)]

pub mod energy;
pub mod exit;
pub mod fault;
pub mod files;
pub mod mlperf;
pub mod trace;
pub mod wire;
