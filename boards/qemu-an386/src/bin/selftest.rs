//! Goes wrong on purpose; see `support::selftest`.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    support::selftest::main()
}
