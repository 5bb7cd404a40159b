//! Damaged plan blobs.

use std::mem::offset_of;

use compiler::{CompileOptions, compile, emit};
use engine::{
    blob::{Blob, CRC_FROM, Header, MAGIC, VERSION, checksum},
    ops,
};
use tflite::mutate::{Rng, mutate};

use super::{
    Outcome, Plan, each,
    machine::{Ending, Machine},
};

/// Loads damaged plan blobs and runs what loads.
///
/// Nothing may panic, loading may allocate nothing, and no run may take long. The models of the plan that do
/// not compile are passed over; half of the blobs have their checksum, length and version made right, without
/// which few would get past the loader's first lines.
pub fn blob(plan: &Plan<'_>) -> Outcome {
    let blobs: Vec<_> = plan.models.iter().flat_map(|model| both(model)).collect();
    let mut machine = Machine::default();
    let mut aligned = Vec::new();
    let mut damaged = Vec::new();
    each(plan, |run, file| {
        let mut rng = Rng::new(run);
        let (Some(base), Some(other)) =
            (blobs.get(rng.below(blobs.len())), blobs.get(rng.below(blobs.len())))
        else {
            return Err("none of the models compiles".into());
        };
        // Damaged weights are sums that differ; what stands before them decides what is done.
        let head = if rng.chance(8) { base.len() } else { word(base, offset_of!(Header, weights_at)) };
        let (head, weights) = base.split_at_checked(head).unwrap_or((base, &[]));
        mutate(&mut rng, head, other, &mut damaged);
        file.clear();
        file.extend_from_slice(&damaged);
        file.extend_from_slice(weights);
        if rng.chance(2) {
            make_right(file);
        }
        one(&mut machine, place(file, &mut aligned), &mut rng, plan.allocated)
    })
}

/// A model as blobs, compiled for a device and with every layer kept.
fn both(model: &[u8]) -> Vec<Vec<u8>> {
    let compiled = |options| compile("fuzz", model, options).ok().map(|it| emit::blob(&it));
    [CompileOptions::DEVICE, CompileOptions::EVERY_LAYER].into_iter().filter_map(compiled).collect()
}

fn one(
    machine: &mut Machine,
    bytes: &[u8],
    rng: &mut Rng,
    allocated: fn() -> usize,
) -> Result<&'static str, String> {
    let before = allocated();
    let loaded = Blob::load(bytes, ops::ALL);
    let took = allocated().saturating_sub(before);
    if took > 0 {
        return Err(format!("loading allocated {took} bytes"));
    }
    let blob = match loaded {
        Ok(blob) => blob,
        Err(error) => {
            error.to_string();
            return Ok("refused");
        }
    };
    let seed = rng.next();
    let ending = machine.run(&blob, 0xa5, |index, bytes| {
        let mut rng = Rng::new(seed ^ index as u64);
        bytes.fill_with(|| rng.next() as u8);
    });
    Ok(match ending {
        Ending::Outputs(_) => "ran",
        Ending::Endless => "stopped after many steps",
        Ending::TooLarge => "asked for much memory",
        Ending::Stopped(error) => {
            error.to_string();
            "stopped with an error"
        }
    })
}

/// Makes right what a loader looks at before it looks at the parts.
fn make_right(file: &mut [u8]) {
    let length = (file.len() as u32).to_le_bytes();
    put(file, offset_of!(Header, magic), &MAGIC);
    put(file, offset_of!(Header, version), &VERSION.to_le_bytes());
    put(file, Header::TOTAL_BYTES_AT, &length);
    let crc = checksum(file.get(CRC_FROM..).unwrap_or_default());
    put(file, offset_of!(Header, crc), &crc.to_le_bytes());
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = file.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

fn word(file: &[u8], at: usize) -> usize {
    let bytes = file.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

/// Copies bytes to where they begin at a multiple of 16.
pub(super) fn place<'b>(bytes: &[u8], buffer: &'b mut Vec<u128>) -> &'b [u8] {
    buffer.clear();
    buffer.resize(bytes.len().div_ceil(16), 0);
    let placed: &mut [u8] = bytemuck::cast_slice_mut(buffer);
    let (placed, _) = placed.split_at_mut(bytes.len());
    placed.copy_from_slice(bytes);
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_right_loads() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tflite/tests/data/softmax__beta2.tflite");
        let whole = both(&std::fs::read(path).unwrap()).remove(0);
        let mut file = whole.clone();
        file[0] ^= 1;
        file[Header::TOTAL_BYTES_AT] ^= 1;
        assert!(Blob::load(place(&file, &mut Vec::new()), ops::ALL).is_err());
        make_right(&mut file);
        assert_eq!(file, whole);
        assert!(Blob::load(place(&file, &mut Vec::new()), ops::ALL).is_ok());
    }

    #[test]
    fn files_that_end_early_are_left_as_they_are() {
        for length in 0..20 {
            let mut file = vec![0; length];
            make_right(&mut file);
            assert_eq!(file.len(), length);
        }
        assert_eq!(word(&[1, 2, 3], 0), 0);
    }
}
