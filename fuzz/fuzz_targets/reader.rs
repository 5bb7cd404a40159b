//! Reads whatever the fuzzer finds; what was read must come back the same from the builder.
//!
//! Runs on a stable compiler, see `.cargo/config.toml`, and with `cargo fuzz run reader` on a nightly one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tflite::Model;
use tflite::build::{Layout, build};

fuzz_target!(|file: &[u8]| match Model::parse(file) {
    Err(error) => drop(error.to_string()),
    Ok(model) => {
        let written = build(&model, Layout::Aligned);
        // Compared as text, because a scale that is not a number equals nothing.
        let read = Model::parse(&written).map(|read| format!("{read:?}"));
        assert_eq!(read, Ok(format!("{model:?}")));
    }
});
