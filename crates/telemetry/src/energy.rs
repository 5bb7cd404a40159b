//! What an energy image does by itself, with nobody to talk to: windows full of inferences, marked on a pin, and sleep.
//!
//! The host knows the schedule beforehand, because it had the image built with it; no clock, no log and no debugger is needed to
//! tell where a window is. The pin is high from the first inference of a window to the end of its last.

use engine::DType;

/// Milliseconds of sleep before the first window: supplies settle, and instruments find their range.
pub const BEFORE_MILLISECONDS: u32 = 1500;
/// Milliseconds of sleep between two windows.
pub const BETWEEN_MILLISECONDS: u32 = 1000;

/// Windows, and how many inferences each has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Windows {
    /// How many windows.
    pub count: u32,
    /// Inferences in each.
    pub inferences: u32,
}

/// What the schedule needs of a board with a model.
pub trait Bench {
    /// Moves the window pin.
    fn mark(&mut self, high: bool);

    /// Sleeps for so long, as deep as the board allows while it keeps what is in RAM.
    fn sleep(&mut self, milliseconds: u32);

    /// One inference, its input put in place before. Whether it ran.
    fn infer(&mut self) -> bool;
}

impl Windows {
    /// Runs all windows. A model that refuses to run ends it there: a window that had begun never ends, which no host takes
    /// for a short one.
    ///
    /// One inference comes before everything else, so that the first window begins with caches as the others do.
    ///
    /// Whether every inference ran.
    pub fn run(self, bench: &mut impl Bench) -> bool {
        bench.mark(false);
        let mut good = bench.infer();
        for window in 0..self.count {
            bench.sleep(if window == 0 { BEFORE_MILLISECONDS } else { BETWEEN_MILLISECONDS });
            if good {
                bench.mark(true);
                good = (0..self.inferences).all(|_| bench.infer());
            }
            if good {
                bench.mark(false);
            }
        }
        good
    }

    /// Seconds from the start of the firmware to the end of the last window, when an inference takes so many.
    #[must_use]
    pub fn seconds(self, inference: f64) -> f64 {
        let asleep = f64::from(BEFORE_MILLISECONDS)
            + f64::from(BETWEEN_MILLISECONDS) * f64::from(self.count.saturating_sub(1));
        asleep / 1000.0 + inference * (1.0 + f64::from(self.count) * f64::from(self.inferences))
    }
}

/// The numbers that inputs are made of: those that the host calls `lcg:12345`.
#[derive(Clone, Copy, Debug)]
pub struct Draw(u32);

impl Draw {
    /// From the beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self(12345)
    }

    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }

    /// Fills an input: a byte a byte, and for an element of four or eight bytes one that is a number from -4 to 4, or from -128
    /// to 127 where it is whole.
    pub fn fill(&mut self, dtype: DType, input: &mut [u8]) {
        match dtype {
            DType::Int8 | DType::Uint8 | DType::Int16 => {
                input.iter_mut().for_each(|byte| *byte = self.byte())
            }
            DType::Bool => input.iter_mut().for_each(|byte| *byte = self.byte() & 1),
            DType::Int32 | DType::Uint32 => {
                let (elements, _) = input.as_chunks_mut();
                elements.iter_mut().for_each(|it| *it = i32::from(self.byte().cast_signed()).to_le_bytes());
            }
            DType::Int64 => {
                let (elements, _) = input.as_chunks_mut();
                elements.iter_mut().for_each(|it| *it = i64::from(self.byte().cast_signed()).to_le_bytes());
            }
            _ => {
                let (elements, _) = input.as_chunks_mut();
                let real = |byte: u8| f32::from(byte.cast_signed()) / 32.0;
                elements.iter_mut().for_each(|it| *it = real(self.byte()).to_le_bytes());
            }
        }
    }
}

impl Default for Draw {
    fn default() -> Self {
        Self::new()
    }
}
