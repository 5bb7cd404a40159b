//! What boards with one of Raspberry Pi's chips share: the crystal, the pin, the UART, the reason of the last reset.
#![no_std]

#[cfg(feature = "watchdog")]
mod watchdog;

use embassy_rp::{
    clocks::{ClockConfig, clk_sys_freq},
    config::Config,
    gpio::Output,
    uart::{self, Blocking, Uart},
    watchdog::{ResetReason, Watchdog},
};

/// What a chip has set up.
pub type Desk = probed::Desk<Output<'static>, Uart<'static, Blocking>>;

/// The boards' crystal.
const CRYSTAL_HZ: u32 = 12_000_000;

/// Sets the chip up at the speed that its maker gives it, with nothing going on at GP15, and UART 0 at GP0 and GP1 where the image
/// talks over it. To be called once.
pub fn desk() -> Desk {
    let peripherals = embassy_rp::init(Config::new(ClockConfig::crystal(CRYSTAL_HZ)));
    let cause = Watchdog::new(peripherals.WATCHDOG).reset_reason();
    let line = probed::BAUD.map(|baud| {
        let mut config = uart::Config::default();
        config.baudrate = baud;
        Uart::new_blocking(peripherals.UART0, peripherals.PIN_0, peripherals.PIN_1, config)
    });
    #[cfg(feature = "watchdog")]
    watchdog::start();
    Desk {
        clock_hz: clk_sys_freq(),
        window: Output::new(peripherals.PIN_15, probed::IDLES_HIGH.into()),
        watchdog: matches!(cause, Some(ResetReason::TimedOut)),
        line,
        #[cfg(feature = "watchdog")]
        feed: watchdog::feed,
    }
}
