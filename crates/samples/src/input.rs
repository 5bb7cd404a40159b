//! From a sample to a model's input bytes.

use crate::Sample;
use crate::audio::{AudioFeatures, FrontEndTables};
use crate::card::{Features, Input};
use crate::error::InputError;
use crate::image::{Colour, ImageFeatures, Resize};
use crate::npy::Array;
use crate::picture::Picture;
use crate::sound::Sound;
use features::image::{self, Affine, Size};

/// The bytes that `input` takes for `sample`, little-endian.
///
/// * Raw bytes go in as they are, and must be as many as the tensor has.
/// * An array must have the tensor's type and shape, axes of 1 aside; float32 is quantised where the tensor is int8 or uint8.
/// * A picture goes through the card's features. Without any, it takes the shape `[.., height, width, 1 or 3]`, is resized, and
///   black to white become -128 to 127, or 0 to 255 for uint8.
/// * A sound goes through the card's features, at their rate. A short one is followed by zeros; one that gives more rows than
///   the tensor has is refused, not cut.
///
/// # Errors
/// What does not fit, with what to do about it.
pub fn to_input(input: &Input, features: Option<&Features>, sample: &Sample) -> Result<Vec<u8>, InputError> {
    match (sample, features) {
        (Sample::Raw(bytes), _) => raw(input, bytes),
        (Sample::Array(array), _) => from_array(input, array),
        (Sample::Picture(picture), Some(Features::Image(image))) => from_picture(input, image, picture),
        (Sample::Picture(picture), None) => from_picture(input, &plain_image(input)?, picture),
        (Sample::Sound(sound), Some(Features::Audio(audio))) => from_sound(input, audio, sound),
        (Sample::Sound(_) | Sample::Picture(_), _) => {
            let takes = match features {
                Some(Features::Audio(_)) => "sounds (WAV), arrays (NPY) and raw bytes".to_owned(),
                Some(Features::Image(_)) => "pictures (PNG), arrays (NPY) and raw bytes".to_owned(),
                None => format!(
                    "{:?} {} as an array (NPY) or raw bytes: it has no model.toml with features for sounds",
                    input.shape, input.dtype
                ),
            };
            Err(InputError::Kind { sample: sample.kind(), takes })
        }
    }
}

fn element_bytes(dtype: &str) -> Result<usize, InputError> {
    match dtype {
        "bool" | "int8" | "uint8" => Ok(1),
        "int16" | "float16" => Ok(2),
        "int32" | "float32" => Ok(4),
        "int64" => Ok(8),
        _ => Err(InputError::Dtype { dtype: dtype.to_owned() }),
    }
}

/// Elements of a shape; too many to count are more than any sample has.
fn elements(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product: usize, &n| product.saturating_mul(n))
}

fn raw(input: &Input, bytes: &[u8]) -> Result<Vec<u8>, InputError> {
    let needed = elements(&input.shape).saturating_mul(element_bytes(&input.dtype)?);
    if bytes.len() != needed {
        let (shape, dtype) = (input.shape.clone(), input.dtype.clone());
        return Err(InputError::RawLength { got: bytes.len(), shape, dtype, needed });
    }
    Ok(bytes.to_vec())
}

fn from_array(input: &Input, array: &Array) -> Result<Vec<u8>, InputError> {
    let long_axes = |shape: &[usize]| shape.iter().copied().filter(|&n| n != 1).collect::<Vec<_>>();
    if long_axes(&array.shape) != long_axes(&input.shape) {
        return Err(InputError::ArrayShape { got: array.shape.clone(), needed: input.shape.clone() });
    }
    if array.dtype == input.dtype {
        return Ok(array.bytes.clone());
    }
    let bounds = match (array.dtype, input.dtype.as_str()) {
        ("float32", "int8") => (-128.0, 127.0),
        ("float32", "uint8") => (0.0, 255.0),
        _ => return Err(InputError::ArrayType { got: array.dtype, needed: input.dtype.clone() }),
    };
    let (values, _) = array.bytes.as_chunks::<4>();
    values
        .iter()
        .enumerate()
        .map(|(index, &value)| quantise(input, f32::from_le_bytes(value), bounds, index))
        .collect()
}

/// `value / scale + zero_point`, rounded with halves away from zero as TensorFlow Lite's QUANTIZE does, clipped.
fn quantise(input: &Input, value: f32, (low, high): (f32, f32), index: usize) -> Result<u8, InputError> {
    let steps = (value / input.scale).round() + input.zero_point as f32;
    if !steps.is_finite() {
        return Err(InputError::NotFinite { index });
    }
    Ok(steps.clamp(low, high) as i16 as u8)
}

/// What a picture goes through where nothing is said about it.
fn plain_image(input: &Input) -> Result<ImageFeatures, InputError> {
    let colour = match input.shape.last() {
        Some(3) => Colour::Rgb,
        _ => Colour::Grey,
    };
    let channels = vec![
        Affine { mean_q8: 0, gain_q16: 1 << 16 };
        input.shape.last().map_or(1, |&c| if c == 3 { 3 } else { 1 })
    ];
    Ok(ImageFeatures {
        colour,
        invert: false,
        shrink: Resize::Area,
        grow: Resize::Bilinear,
        channels,
        zero_point: -128,
    })
}

fn from_picture(input: &Input, features: &ImageFeatures, picture: &Picture) -> Result<Vec<u8>, InputError> {
    let flip = match input.dtype.as_str() {
        "int8" => 0,
        "uint8" => 0x80, // int8 moved up by 128
        _ => return Err(InputError::Dtype { dtype: input.dtype.clone() }),
    };
    let mut picture = match features.colour {
        Colour::Grey => picture.clone().into_grey()?,
        Colour::Rgb => picture.clone().into_rgb(),
    };
    if features.invert {
        picture.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
    }
    let shape = &input.shape;
    let wrong = || InputError::Shape {
        shape: shape.clone(),
        features: format!("a picture gives [1, height, width, {}]", picture.channels),
    };
    // [1, h, w, c], [h, w, c], and for grey [1, h, w] or [h, w]
    let (height, width) = match *shape.as_slice() {
        [1, h, w, c] | [h, w, c] if c == picture.channels => (h, w),
        [1, h, w] | [h, w] if picture.channels == 1 => (h, w),
        _ => return Err(wrong()),
    };
    let side = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let channels = side(picture.channels);
    let from = Size::new(side(picture.height), side(picture.width), channels);
    let to = Size::new(side(height), side(width), channels);
    if to.bytes() != elements(shape) {
        return Err(wrong());
    }
    let mut pixels = vec![0; to.bytes()];
    let shrinks = picture.height > height && picture.width > width;
    match if shrinks { features.shrink } else { features.grow } {
        Resize::Area => image::area(&picture.pixels, from, &mut pixels, to)?,
        Resize::Bilinear => image::bilinear(&picture.pixels, from, &mut pixels, to)?,
    }
    let mut out = vec![0i8; pixels.len()];
    image::normalise(&pixels, &features.channels, features.zero_point, &mut out)?;
    Ok(out.into_iter().map(|q| q as u8 ^ flip).collect())
}

fn from_sound(input: &Input, audio: &AudioFeatures, sound: &Sound) -> Result<Vec<u8>, InputError> {
    if input.dtype != "int8" {
        return Err(InputError::Dtype { dtype: input.dtype.clone() });
    }
    if sound.rate_hz != audio.config.sample_rate_hz {
        return Err(InputError::Rate { got: sound.rate_hz, needed: audio.config.sample_rate_hz });
    }
    let wanted = elements(&input.shape);
    let rows = wanted / audio.columns.max(1);
    let heard = audio.config.samples(rows);
    if rows == 0 || rows * audio.columns != wanted || heard > crate::MAX_BYTES {
        let features = format!("sound gives rows of {} columns", audio.columns);
        return Err(InputError::Shape { shape: input.shape.clone(), features });
    }
    if audio.config.rows(sound.samples.len()) > rows {
        let needed = heard.saturating_add(audio.config.hop_samples) - 1; // a hop more would be a row more
        return Err(InputError::TooLong { got: sound.samples.len(), needed });
    }
    let mut clip = sound.samples.clone();
    clip.resize(heard, 0);
    let rows = FrontEndTables::new(audio)?.whole_clip(audio, &clip)?;
    Ok(rows.into_iter().map(|q| q as u8).collect())
}
