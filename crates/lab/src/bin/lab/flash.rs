//! `flash`: an image into a chip.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use lab::probes::{Error, Flashed, How, Kind, Progress, Region, Stage, Target, flash_patiently, release};

use crate::{desk::Desk, place::Place};

/// Writes an image into a chip, and starts it.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub place: Place,
    /// The board's flash, where that is less than the chip could have.
    #[arg(long, value_name = "ORIGIN:LENGTH", value_parser = region)]
    flash: Vec<Region>,
    /// Erase all of the chip first.
    #[arg(long)]
    chip_erase: bool,
    /// Read back what was written.
    #[arg(long)]
    verify: bool,
    /// Let go of the chip afterwards, with everything switched off that debugging switched on.
    #[arg(long)]
    detach: bool,
}

fn region(text: &str) -> Result<Region, String> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let (origin, length) = text.split_once(':').ok_or("not ORIGIN:LENGTH")?;
    let range = number(origin)
        .zip(number(length))
        .and_then(|(start, length)| start.checked_add(length).map(|end| start..end));
    range
        .map(|range| Region { kind: Kind::Flash, range })
        .ok_or_else(|| format!("`{text}` is not ORIGIN:LENGTH"))
}

/// Runs the verb.
pub fn run(args: &Args) -> Result<(), Error> {
    let (chip, image) = args.place.open()?;
    chip.fits(&image, &args.flash)?;
    let desk = Desk::new(args.place.probe.as_ref(), &chip, &image)?;
    let prefix = desk.prefix();
    let say = |line: &str| eprintln!("{prefix}{line}");
    let target = format!("{} ({})", args.place.board, chip.name());
    say(&format!("{target}: {} B in {} pieces, fits", image.bytes(), image.segments.len()));
    let how = How { chip_erase: args.chip_erase, verify: args.verify };
    let started = Instant::now();
    let mut bars = Bars::new(prefix);
    let outcome =
        flash_patiently(&mut || desk.open(), (&chip, &image), how, &mut |at| bars.show(at), &mut |line| {
            say(line)
        });
    bars.finish();
    let (mut connection, flashed) = outcome?;
    connection.reset(image.control_block)?;
    println!("{prefix}{target}: {}", told(flashed, how, started.elapsed()));
    if args.detach {
        drop(connection);
        release(desk.open()?, &chip)?;
        println!("{prefix}{target}: the probe let go: no debug clock is on, and the firmware runs");
    }
    if let Desk::Simulated(board) = &desk {
        let log = board.log();
        say(&format!("{} calls of flash algorithms; {}", log.len(), log.last().map_or("", String::as_str)));
    }
    Ok(())
}

fn told(flashed: Flashed, how: How, elapsed: Duration) -> String {
    let erased = match (how.chip_erase, flashed.chip_erased) {
        (true, true) => "all of it erased, ",
        (true, false) => "only what the image needs erased, since this chip has no erase of all; ",
        (false, _) => "",
    };
    let verified = if flashed.verified { " and verified" } else { "" };
    format!(
        "{erased}{} B written{verified} in {:.1} s; the firmware was started",
        flashed.image_bytes,
        elapsed.as_secs_f64()
    )
}

/// One bar for the stage that goes on.
struct Bars {
    prefix: &'static str,
    stage: Option<Stage>,
    bar: ProgressBar,
}

impl Bars {
    fn new(prefix: &'static str) -> Self {
        Self { prefix, stage: None, bar: ProgressBar::hidden() }
    }

    fn show(&mut self, at: Progress) {
        if self.stage != Some(at.stage) {
            self.finish();
            self.stage = Some(at.stage);
            self.bar = match at.total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            let name = match at.stage {
                Stage::Erase => "erase",
                Stage::Program => "write",
                Stage::Verify => "verify",
            };
            // The template is a constant, and right.
            if let Ok(style) = ProgressStyle::with_template("{msg:20} {bar:40} {bytes}/{total_bytes} {eta}") {
                self.bar.set_style(style);
            }
            self.bar.set_message(format!("{}{name}", self.prefix));
        }
        self.bar.set_position(at.done);
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
        self.stage = None;
    }
}
