//! What boards with an STM32 share: the pin, the UART, the reason of the last reset.
#![no_std]

#[cfg(feature = "watchdog")]
mod watchdog;

use embassy_stm32::{
    Config, Peri,
    gpio::{Output, Pin, Speed},
    mode::Blocking,
    pac::RCC,
    usart::{self, Instance, RxPin, TxPin, Uart},
};

/// What a chip has set up.
pub type Desk = probed::Desk<Output<'static>, Uart<'static, Blocking>>;

/// What the HAL does where a board says nothing, with clocks for a debugger in sleep only where there may be one.
pub fn config() -> Config {
    let mut config = Config::default();
    config.enable_debug_during_sleep = !probed::IS_FOR_ENERGY;
    config
}

/// What a chip with this clock has set up, with nothing going on at `window`.
pub fn desk(clock_hz: u32, window: Peri<'static, impl Pin>, line: Option<Uart<'static, Blocking>>) -> Desk {
    let window = Output::new(window, probed::IDLES_HIGH.into(), Speed::VeryHigh);
    let was_watchdog = was_watchdog();
    #[cfg(feature = "watchdog")]
    watchdog::start(clock_hz);
    Desk {
        clock_hz,
        window,
        watchdog: was_watchdog,
        line,
        #[cfg(feature = "watchdog")]
        feed: watchdog::feed,
    }
}

/// The UART, where the image talks over it.
pub fn line<T: Instance>(
    uart: Peri<'static, T>,
    send: Peri<'static, impl TxPin<T>>,
    receive: Peri<'static, impl RxPin<T>>,
) -> Option<Uart<'static, Blocking>> {
    let mut config = usart::Config::default();
    config.baudrate = probed::BAUD?;
    Uart::new_blocking(uart, receive, send, config).ok()
}

/// Whether a watchdog reset the chip; forgets why it was reset.
#[cfg(feature = "stm32h743zi")]
fn was_watchdog() -> bool {
    let causes = RCC.rsr().read();
    RCC.rsr().modify(|status| status.set_rmvf(true));
    causes.iwdg1rstf() || causes.wwdg1rstf()
}

/// Whether a watchdog reset the chip; forgets why it was reset.
#[cfg(any(feature = "stm32l4r5zi", feature = "stm32u575zi"))]
fn was_watchdog() -> bool {
    let causes = RCC.csr().read();
    RCC.csr().modify(|status| status.set_rmvf(true));
    causes.iwdgrstf() || causes.wwdgrstf()
}
