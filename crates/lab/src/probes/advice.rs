//! What to tell a person whose desk is not set up yet.

use super::Found;

/// Where the rules of udev go.
const RULES: &str = "/etc/udev/rules.d/69-microjoule-probes.rules";

/// Makers of probes, by their USB vendor: ST-LINK, J-Link, DAPLink, Raspberry Pi's, Espressif's.
const VENDORS: [&str; 5] = ["0483", "1366", "0d28", "2e8a", "303a"];

/// One screen for a desk without a probe.
#[must_use]
pub fn no_probe() -> String {
    format!(
        "skipped: no debug probe found.\n\
         \n\
         Plug in   the board's debug USB port. On a Nucleo it is the one at the ST-LINK end; on Nordic's kits J2, with the\n          \
                   power switch on; a Pico needs a second board as its probe: a Raspberry Pi Debug Probe, or another Pico\n          \
                   with its firmware, on SWDIO, SWCLK and GND. An ESP32-C3 has its probe inside: USB at GPIO18 and GPIO19.\n\
         Check     the cable: many carry power only. `lsusb` must show the probe.\n          \
                   virtual machines and containers: the USB device has to be handed through.\n          \
                   other programs: a debugger or an editor that holds the probe.\n\
         Linux     lets only root open a probe until udev is told otherwise, once:\n\
         \n\
         {}\
         \n\
         No board  at hand? `--probe simulated` takes the same way to a simulated target.",
        rules()
    )
}

/// For a probe that is there and may not be opened.
#[must_use]
pub fn no_access(probe: &Found) -> String {
    format!(
        "the debug probe {probe} is there, but this user may not open it. Tell udev once, then plug it in again:\n\n{}",
        rules()
    )
}

/// Commands to copy.
fn rules() -> String {
    let mut text = format!("  sudo tee {RULES} <<'END'\n");
    for vendor in VENDORS {
        text += &format!(
            "  SUBSYSTEMS==\"usb\", ATTRS{{idVendor}}==\"{vendor}\", MODE=\"0660\", TAG+=\"uaccess\"\n"
        );
    }
    text + "  END\n  sudo udevadm control --reload && sudo udevadm trigger\n"
}

/// One line for each probe.
#[must_use]
pub fn table(found: &[Found]) -> String {
    let lines = found.iter().map(|probe| {
        let serial = probe.serial.as_deref().unwrap_or("");
        format!("  --probe {serial:24}  {}", probe.name)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_fits_one_screen() {
        let text = no_probe();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.lines().all(|line| line.len() <= 120), "{text}");
        for needed in ["Plug in", "lsusb", "udev", "ATTRS{idVendor}==\"0483\"", "--probe simulated"] {
            assert!(text.contains(needed), "{needed}");
        }
    }
}
