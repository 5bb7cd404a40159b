//! The watchdog of the chip's real-time domain: it resets the chip, and does not warn.

use core::cell::RefCell;

use critical_section::Mutex;
use esp_hal::{
    peripherals::RTC_TIMER,
    rtc_cntl::{Rtc, Rwdt, RwdtStage, RwdtStageAction},
    time::Duration,
};

static WATCHDOG: Mutex<RefCell<Option<Rwdt>>> = Mutex::new(RefCell::new(None));

/// Starts it.
pub fn start(timer: RTC_TIMER<'static>) {
    let mut watchdog = Rtc::new(timer).rwdt;
    watchdog.enable();
    let timeout = Duration::from_millis(probed::WATCHDOG_MILLISECONDS.into());
    watchdog.set_timeout(RwdtStage::Stage0, timeout);
    // What it leaves alone is the domain itself.
    watchdog.set_stage_action(RwdtStage::Stage0, RwdtStageAction::ResetCore);
    critical_section::with(|token| WATCHDOG.borrow_ref_mut(token).replace(watchdog));
}

/// Puts it off.
pub fn feed() {
    critical_section::with(|token| {
        if let Some(watchdog) = WATCHDOG.borrow_ref_mut(token).as_mut() {
            watchdog.feed();
        }
    });
}
