//! A pin of an emulated board, as QEMU's trace of its registers shows it.

use std::time::Duration;

/// Where QEMU writes its trace.
pub const TRACE: &str = "trace.txt";

/// Traces writes to the registers that pins of emulated boards have, each with the time of day.
pub const ARGUMENTS: [&str; 8] =
    ["-trace", "mps2_fpgaio_write", "-trace", "nrf51_gpio_write", "-msg", "timestamp=on", "-D", TRACE];

/// Registers of a peripheral lie within so much; the trace has offsets, not addresses.
const PERIPHERAL: u32 = 0xFFF;

/// What firmware writes to move a pin: address and value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PinWrites {
    /// Lets it go up.
    pub high: [u32; 2],
    /// Pulls it down.
    pub low: [u32; 2],
}

/// A pin moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PinMove {
    /// When, on the host's clock, since 1970.
    pub at: Duration,
    /// Up.
    pub high: bool,
}

impl PinWrites {
    /// The moves in a trace; writes that leave the pin where it was are none.
    pub(crate) fn moves(self, trace: &str) -> Vec<PinMove> {
        let mut moves: Vec<PinMove> = Vec::new();
        for (at, offset, value) in trace.lines().filter_map(write) {
            let is = |[address, word]: [u32; 2]| address & PERIPHERAL == offset && word == value;
            let high = match (is(self.high), is(self.low)) {
                (true, _) => true,
                (_, true) => false,
                _ => continue,
            };
            if moves.last().is_none_or(|last| last.high != high) {
                moves.push(PinMove { at, high });
            }
        }
        moves
    }
}

/// When, offset and value of `7@1795426812.123456:mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x1 size 4`.
fn write(line: &str) -> Option<(Duration, u32, u32)> {
    let (stamp, event) = line.split_once(':')?;
    let (_, time) = stamp.rsplit_once('@')?;
    let (seconds, micros) = time.split_once('.')?;
    let at = Duration::new(seconds.parse().ok()?, 0) + Duration::from_micros(micros.parse().ok()?);
    let mut numbers = event.split_whitespace().filter_map(|word| {
        let digits = word.strip_prefix("0x")?;
        u32::from_str_radix(digits, 16).ok()
    });
    Some((at, numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_of_either_value_are_moves_and_others_are_none() {
        let pin = PinWrites { high: [0x4002_8000, 1], low: [0x4002_8000, 0] };
        let trace = "7@10.000001:mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x1 size 4\n\
                     7@10.000002:mps2_fpgaio_write MPS2 FPGAIO write: offset 0x4 data 0x0 size 4\n\
                     7@10.000003:mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x0 size 4\n\
                     7@10.500000:mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x0 size 4\n\
                     qemu: something else\n\
                     7@11.000003:mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x1 size 4\n";
        let moves: Vec<_> = pin.moves(trace).iter().map(|to| (to.at.as_micros(), to.high)).collect();
        assert_eq!(moves, [(10_000_001, true), (10_000_003, false), (11_000_003, true)]);
    }
}
