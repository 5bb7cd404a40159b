//! Espressif's ESP32-C3-DevKitM-1 at 160 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

mod line;
#[cfg(feature = "watchdog")]
mod watchdog;

use esp_hal::{
    clock::CpuClock,
    gpio::{Level, Output, OutputConfig},
    rtc_cntl::SocResetReason,
    system,
};

use line::Line;

probed::program!(desk());

// What Espressif's bootloader looks for in an image before it loads it.
esp_bootloader_esp_idf::esp_app_desc!();

/// Sets the chip up at its full speed, with nothing going on at GPIO3, and UART 0 at its own pins where the image talks over it.
fn desk() -> probed::Desk<Output<'static>, Line> {
    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let peripherals = esp_hal::init(config);
    #[cfg(feature = "watchdog")]
    watchdog::start(peripherals.RTC_TIMER);
    let idle = if probed::IDLES_HIGH { Level::High } else { Level::Low };
    probed::Desk {
        clock_hz: CLOCK_HZ,
        window: Output::new(peripherals.GPIO3, idle, OutputConfig::default()),
        watchdog: was_watchdog(),
        line: line::line(peripherals.UART0, peripherals.GPIO21, peripherals.GPIO20),
        #[cfg(feature = "watchdog")]
        feed: watchdog::feed,
        timer: Some(peripherals.SYSTIMER),
    }
}

/// The most that the chip does: 480 MHz of its PLL, divided by three.
const CLOCK_HZ: u32 = 160_000_000;

/// Whether a watchdog reset the chip.
fn was_watchdog() -> bool {
    use SocResetReason as Reason;
    matches!(
        system::reset_reason(),
        Some(
            Reason::CoreMwdt0
                | Reason::CoreMwdt1
                | Reason::CoreRtcWdt
                | Reason::Cpu0Mwdt0
                | Reason::Cpu0Mwdt1
                | Reason::Cpu0RtcWdt
                | Reason::SysRtcWdt
                | Reason::SysSuperWdt
        )
    )
}
