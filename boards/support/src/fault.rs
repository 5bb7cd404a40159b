//! The last words of firmware that cannot go on. An image without a panic links none of the first half.

use core::{fmt::Write, panic::PanicInfo};

use telemetry::exit;

use crate::semihosting::{self, Console};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // There is nowhere to complain to when the console does not work.
    let _ = writeln!(Console, "{info}");
    semihosting::exit(exit::PANIC)
}

/// A register's name and what it holds.
///
/// Written without formatting, which could panic and would put its code into every image.
pub(crate) fn word(name: &str, value: u32) {
    let _ = Console.write_str(name);
    let _ = Console.write_str(" 0x");
    for shift in (0..32).step_by(4).rev() {
        let digit = (value >> shift) & 0xf;
        let digit = char::from_digit(digit, 16).unwrap_or('?');
        let _ = Console.write_char(digit);
    }
}
