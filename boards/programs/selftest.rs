//! Goes wrong on purpose; see `support::selftest`.
#![no_std]
#![no_main]

#[support::entry]
fn main() -> ! {
    support::selftest::main()
}
