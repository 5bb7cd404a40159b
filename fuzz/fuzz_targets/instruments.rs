//! Gives whatever the fuzzer finds to one of the instruments' decoders, which the first byte names.
//!
//! Runs on a stable compiler, see `.cargo/config.toml`, and with `cargo fuzz run instruments` on a nightly one.
#![no_main]

use lab::instruments::survive::DECODERS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((first, stream)) = bytes.split_first() {
        let decoder = &DECODERS[usize::from(*first) % DECODERS.len()];
        if let Err(why) = (decoder.run)(stream) {
            panic!("{}: {why}", decoder.name);
        }
    }
});
