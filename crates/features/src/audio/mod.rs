//! From samples to rows: window, spectrum, mel bands, logarithm, cosine transform, int8.

pub(crate) mod config;
pub(crate) mod dct;
pub(crate) mod fft;
pub(crate) mod front_end;
pub(crate) mod history;
pub(crate) mod log2;
pub(crate) mod mel;
pub(crate) mod stream;
pub mod tables;
pub mod wake_word;
