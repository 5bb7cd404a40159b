//! Goes wrong on purpose; see `support::selftest`.
#![no_std]
#![no_main]

/// The program.
#[support::entry]
fn main() -> ! {
    support::selftest::main()
}
