//! Sleep for a while, on a core that has nothing but its own timer to wake it.

use cortex_m::{
    asm,
    peripheral::{SCB, SYST},
};

/// The timer has 24 bits.
const MOST_TICKS: u64 = 0xff_ffff;

/// Stops the core's clock for so many ticks of its timer, which is left switched off. Peripherals and RAM stay as they are.
///
/// The timer's interrupt wakes the core and is never taken: whoever counts by the timer loses the time.
pub fn doze(timer: &mut SYST, ticks: u64) {
    let mut left = ticks;
    // A reload of zero would never end.
    while left > 1 {
        let turn = left.min(MOST_TICKS);
        wait(timer, turn as u32);
        left -= turn;
    }
}

fn wait(timer: &mut SYST, ticks: u32) {
    cortex_m::interrupt::free(|_| {
        timer.disable_counter();
        timer.set_reload(ticks - 1);
        timer.clear_current();
        SCB::clear_pendst();
        timer.enable_interrupt();
        timer.enable_counter();
        while !SCB::is_pendst_pending() {
            asm::dsb();
            asm::wfi();
        }
        timer.disable_counter();
        timer.disable_interrupt();
        SCB::clear_pendst();
    });
}
