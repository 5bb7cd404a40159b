//! Every decoder behind one door, for fuzzers and for tests of damaged streams: whatever the bytes are, a decoder ends,
//! and what it says holds together.

use super::{
    Tally, ina, lpm01a, otii, ppk2,
    replay::{Capture, Csv, Jls, Ppk2File},
    scpi,
};
use crate::stream::Block;

/// A decoder of a protocol or of a file.
pub struct Decoder {
    /// Its name.
    pub name: &'static str,
    /// Reads bytes, in pieces of a size that the first of them tells.
    ///
    /// # Errors
    /// What does not hold together: a fault of the decoder, whatever the bytes are.
    pub run: fn(&[u8]) -> Result<Seen, String>,
}

/// What a decoder made of some bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Samples.
    pub samples: usize,
    /// Gaps.
    pub gaps: usize,
}

/// Every decoder.
pub const DECODERS: &[Decoder] = &[
    Decoder { name: "ppk2", run: ppk2_stream },
    Decoder { name: "ppk2-metadata", run: ppk2_metadata },
    Decoder { name: "lpm01a-text", run: lpm01a_text },
    Decoder { name: "lpm01a-binary", run: lpm01a_binary },
    Decoder { name: "ina", run: ina_frames },
    Decoder { name: "otii", run: otii_messages },
    Decoder { name: "scpi", run: scpi_blocks },
    Decoder { name: "csv", run: csv },
    Decoder { name: "ppk2-file", run: ppk2_file },
    Decoder { name: "jls", run: jls },
];

/// The size of the pieces, and what is cut into them.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let size = bytes.first().map_or(1, |first| usize::from(*first) + 1);
    bytes.chunks(size)
}

/// Runs a decoder over pieces, with a block for each.
fn run(bytes: &[u8], mut feed: impl FnMut(Option<&[u8]>, &mut Tally, &mut Block)) -> Result<Seen, String> {
    let (mut tally, mut block, mut seen) = (Tally::default(), Block::default(), Seen::default());
    for piece in pieces(bytes).map(Some).chain([None]) {
        tally.open(&mut block);
        feed(piece, &mut tally, &mut block);
        check(&block, &tally)?;
        seen.samples += block.samples.len();
        seen.gaps += block.gaps.len();
    }
    if seen.samples > bytes.len() {
        return Err(format!("{} samples out of {} bytes", seen.samples, bytes.len()));
    }
    Ok(seen)
}

/// Whether a block holds together.
fn check(block: &Block, tally: &Tally) -> Result<(), String> {
    if block.next() != tally.next() {
        return Err(format!("the block ends at {}, and the stream is at {}", block.next(), tally.next()));
    }
    if block.samples.iter().any(|sample| !sample.current.is_finite()) {
        return Err("a current that is no number".into());
    }
    let indices = || block.indexed().map(|(index, _)| index);
    if !indices().is_sorted() || indices().next().is_some_and(|first| first != block.first) {
        return Err("samples out of their order".into());
    }
    if block
        .events
        .iter()
        .any(|event| event.at < block.first && !block.samples.is_empty() && block.gaps.is_empty())
    {
        return Err("an event before its block".into());
    }
    Ok(())
}

fn ppk2_stream(bytes: &[u8]) -> Result<Seen, String> {
    let mut decoder = ppk2::Decoder::new(ppk2::Calibration::default(), 3.3);
    run(bytes, |piece, tally, block| match piece {
        Some(piece) => decoder.feed(piece, tally, block),
        None => decoder.finish(tally, block),
    })
}

fn ppk2_metadata(bytes: &[u8]) -> Result<Seen, String> {
    // A refusal is as good as a calibration.
    Ok(Seen { samples: usize::from(ppk2::Calibration::parse(bytes).is_ok()), gaps: 0 })
}

fn lpm01a_text(bytes: &[u8]) -> Result<Seen, String> {
    let mut decoder = lpm01a::Ascii::new(lpm01a::Scale::Energy { volts: 3.0, rate_hz: 1e3 }, 1e3);
    run(bytes, |piece, tally, block| match piece {
        Some(piece) => decoder.feed(piece, tally, block),
        None => decoder.finish(tally, block),
    })
}

fn lpm01a_binary(bytes: &[u8]) -> Result<Seen, String> {
    let mut decoder = lpm01a::Binary::new(lpm01a::Scale::Current, 1e5);
    run(bytes, |piece, tally, block| match piece {
        Some(piece) => decoder.feed(piece, tally, block),
        None => decoder.finish(tally, block),
    })
}

fn ina_frames(bytes: &[u8]) -> Result<Seen, String> {
    let mut decoder = ina::Decoder::new(None);
    run(bytes, |piece, tally, block| match piece {
        Some(piece) => decoder.feed(piece, tally, block),
        None => decoder.finish(tally, block),
    })
}

fn otii_messages(bytes: &[u8]) -> Result<Seen, String> {
    let (mut messages, mut recording) = (otii::Messages::default(), otii::Recording::new(1, 4000.0));
    let data = |reply: &otii::Reply| reply.data.clone();
    run(bytes, |piece, tally, block| {
        messages.feed(piece.unwrap_or_default());
        while let Some(message) = messages.next_message() {
            let Ok(reply) = message else { continue };
            if let Ok(digital) = serde_json::from_value::<otii::Digital>(data(&reply)) {
                recording.digital(0, &digital);
            } else if let Ok(analogue) = serde_json::from_value::<otii::Analogue>(data(&reply)) {
                recording.voltage(&analogue);
                recording.current(&analogue, tally, block);
            }
        }
    })
}

fn scpi_blocks(bytes: &[u8]) -> Result<Seen, String> {
    let mut held = Vec::new();
    run(bytes, |piece, tally, block| {
        held.extend_from_slice(piece.unwrap_or_default());
        match scpi::block(&held) {
            scpi::Found::Block(records, after) => {
                scpi::figures(records, tally, block);
                held = after.trim_ascii_start().to_vec();
            }
            scpi::Found::Nothing => held.clear(),
            scpi::Found::Part => {}
        }
    })
}

fn csv(bytes: &[u8]) -> Result<Seen, String> {
    capture(bytes, Csv::of("fuzz.csv", bytes.to_vec()).ok())
}

fn ppk2_file(bytes: &[u8]) -> Result<Seen, String> {
    capture(bytes, Ppk2File::of("fuzz.ppk2", bytes.to_vec()).ok())
}

fn jls(bytes: &[u8]) -> Result<Seen, String> {
    capture(bytes, Jls::of("fuzz.jls", bytes.to_vec()).ok())
}

/// Reads a file to its end, or to what is wrong with it; but not for ever, where a small archive holds a large file.
fn capture<C: Capture>(bytes: &[u8], capture: Option<C>) -> Result<Seen, String> {
    let (mut tally, mut block, mut seen) = (Tally::default(), Block::default(), Seen::default());
    let Some(mut capture) = capture else { return Ok(seen) };
    let most = bytes.first().map_or(1, |first| usize::from(*first) + 1);
    for _ in 0..10_000 {
        tally.open(&mut block);
        let more = capture.next_piece(most, &mut tally, &mut block);
        check(&block, &tally)?;
        seen.samples += block.samples.len();
        seen.gaps += block.gaps.len();
        if !more.unwrap_or(false) {
            break;
        }
    }
    Ok(seen)
}
