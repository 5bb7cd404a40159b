//! What becomes of samples, and the message for each that does not fit.

use samples::{Array, Card, CardError, Features, Input, InputError, Picture, Sample, Sound, to_input};
use std::path::Path;

fn input(shape: &[usize], dtype: &str) -> Input {
    Input { shape: shape.to_vec(), dtype: dtype.into(), scale: 0.5, zero_point: -3 }
}

fn refusal(input: &Input, features: Option<&Features>, sample: &Sample) -> String {
    to_input(input, features, sample).unwrap_err().to_string()
}

fn floats(shape: &[usize], values: &[f32]) -> Sample {
    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Sample::Array(Array { dtype: "float32", shape: shape.to_vec(), bytes })
}

#[test]
fn raw_bytes_and_arrays_go_in_as_they_are_if_they_fit() {
    let int16 = input(&[1, 3], "int16");
    assert_eq!(to_input(&int16, None, &Sample::Raw(vec![1, 2, 3, 4, 5, 6])).unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(
        refusal(&int16, None, &Sample::Raw(vec![0; 3])),
        "3 bytes: the input of shape [1, 3] and type int16 takes 6"
    );
    let array =
        |shape: &[usize]| Sample::Array(Array { dtype: "int16", shape: shape.to_vec(), bytes: vec![7; 6] });
    assert_eq!(to_input(&int16, None, &array(&[3, 1])).unwrap(), [7; 6]);
    assert_eq!(refusal(&int16, None, &array(&[2])), "array of shape [2]: the input has shape [1, 3]");
    assert_eq!(
        refusal(&input(&[3], "int8"), None, &array(&[3])),
        "array of type int16: the input takes int8, or float32 to be quantised where it is int8 or uint8"
    );
}

#[test]
fn floats_are_quantised_with_halves_away_from_zero() {
    let values = floats(&[1, 6], &[0.25, -0.25, 0.24, 1000.0, -1000.0, 1.0]);
    let bytes = to_input(&input(&[6], "int8"), None, &values).unwrap();
    assert_eq!(bytes.iter().map(|&b| b as i8).collect::<Vec<_>>(), [-2, -4, -3, 127, -128, -1]);
    let uint8 = Input { zero_point: 200, ..input(&[6], "uint8") };
    assert_eq!(to_input(&uint8, None, &values).unwrap(), [201, 199, 200, 255, 0, 202]);
    let bad = floats(&[2], &[0.0, f32::NAN]);
    assert_eq!(refusal(&input(&[2], "int8"), None, &bad), "element 1 of the array is not finite");
    // without a scale nothing can be quantised
    let unscaled = Input { scale: 0.0, ..input(&[1], "int8") };
    assert!(matches!(
        to_input(&unscaled, None, &floats(&[1], &[1.0])),
        Err(InputError::NotFinite { index: 0 })
    ));
}

fn picture(height: usize, width: usize, channels: usize, pixels: &[u8]) -> Sample {
    Sample::Picture(Picture { height, width, channels, pixels: pixels.to_vec() })
}

#[test]
fn pictures_are_resized_and_moved_to_int8_without_a_card() {
    let two = picture(2, 2, 1, &[0, 255, 255, 0]);
    let plain =
        |shape: &[usize], dtype: &str, sample: &Sample| to_input(&input(shape, dtype), None, sample).unwrap();
    assert_eq!(plain(&[1, 2, 2, 1], "int8", &two), [0x80, 0x7F, 0x7F, 0x80]);
    assert_eq!(plain(&[1, 2, 2, 1], "uint8", &two), [0, 255, 255, 0]);
    assert_eq!(plain(&[2, 2], "uint8", &two), [0, 255, 255, 0]);
    assert_eq!(plain(&[1, 1, 1, 1], "uint8", &two), [128], "the mean of all");
    assert_eq!(plain(&[1, 2, 3, 1], "uint8", &two), [0, 128, 255, 255, 128, 0], "lines between");
    assert_eq!(plain(&[1, 1, 2, 3], "uint8", &picture(1, 2, 1, &[9, 8])), [9, 9, 9, 8, 8, 8]);
    assert_eq!(plain(&[1, 1, 2, 1], "uint8", &picture(1, 2, 3, &[255, 0, 0, 0, 0, 255])), [77, 29]);
    assert_eq!(
        refusal(&input(&[1, 4], "float32"), None, &two),
        "the input has type float32: pictures and sounds become int8 or uint8"
    );
    assert_eq!(
        refusal(&input(&[1, 4, 4, 2], "int8"), None, &two),
        "the input has shape [1, 4, 4, 2]: a picture gives [1, height, width, 1]"
    );
}

const CARD: &str = r#"
name = "toy"
task = "none"
sha256 = ""
[input]
kind = "audio"
shape = [1, 3, 8, 1]
dtype = "int8"
scale = 1.0
[features]
output = "log_mel"
sample_rate_hz = 8000
frame = 50
hop = 20
fft = 64
mel_bands = 8
low_hz = 100
high_hz = 4000
log_floor_bits = 10
[features.quantise]
mean_q16 = [0, 0, 0, 0, 0, 0, 0, 0]
gain_q32 = [65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536]
zero_point = -5
"#;

fn card(text: &str) -> Result<Card, CardError> {
    Card::parse(text, Path::new("toy/model.toml"))
}

fn sound(rate_hz: u32, samples: usize) -> Sample {
    Sample::Sound(Sound { rate_hz, samples: vec![0; samples] })
}

#[test]
fn sounds_are_padded_but_never_cut() {
    let card = card(CARD).unwrap();
    let features = card.features.as_ref();
    // silence is the floor alone: log2 2^10 = 10 steps above the zero point
    for samples in [0, 1, 50, 90, 109] {
        let bytes = to_input(&card.input, features, &sound(8000, samples)).unwrap();
        assert_eq!(bytes, [5; 24], "{samples}");
    }
    assert_eq!(
        refusal(&card.input, features, &sound(8000, 110)),
        "sound of 110 samples: the model hears 109; cut with `sox IN.wav OUT.wav trim 0s 109s`"
    );
    assert_eq!(
        refusal(&card.input, features, &sound(44100, 90)),
        "sound at 44100 Hz: the model hears 8000 Hz; convert with `sox IN.wav -r 8000 OUT.wav`"
    );
    assert_eq!(
        refusal(&input(&[1, 25], "int8"), features, &sound(8000, 90)),
        "the input has shape [1, 25]: sound gives rows of 8 columns"
    );
    assert_eq!(
        refusal(&input(&[1, 24], "int16"), features, &sound(8000, 90)),
        "the input has type int16: pictures and sounds become int8 or uint8"
    );
    assert_eq!(
        refusal(&card.input, features, &picture(1, 1, 1, &[0])),
        "a picture is no input for this model, which takes sounds (WAV), arrays (NPY) and raw bytes"
    );
    assert_eq!(
        refusal(&card.input, None, &sound(8000, 90)),
        "a sound is no input for this model, which takes [1, 3, 8, 1] int8 as an array (NPY) or raw bytes: \
         it has no model.toml with features for sounds"
    );
}

const IMAGE_CARD: &str = r#"
name = "toy"
task = "none"
sha256 = ""
[input]
kind = "image"
shape = [1, 1, 2, 3]
dtype = "int8"
[features]
colour = "rgb"
invert = true
shrink = "bilinear"
grow = "area"
[features.quantise]
mean_q8 = [0, 256, 512]
gain_q16 = [65536, 32768, 65536]
zero_point = -10
"#;

#[test]
fn a_pictures_card_is_followed() {
    let card = card(IMAGE_CARD).unwrap();
    let bytes =
        to_input(&card.input, card.features.as_ref(), &picture(1, 2, 3, &[255, 254, 253, 245, 244, 243]));
    // inverted 0 1 2 and 10 11 12, less the means 0 1 2, times 1 ½ 1, less 10
    let values: Vec<i8> = bytes.unwrap().iter().map(|&b| b as i8).collect();
    assert_eq!(values, [-10, -10, -10, 0, -5, 0]);
    assert_eq!(
        refusal(&card.input, card.features.as_ref(), &sound(8000, 5)),
        "a sound is no input for this model, which takes pictures (PNG), arrays (NPY) and raw bytes"
    );
}

#[test]
fn broken_cards_say_what_is_wrong() {
    let message = |text: &str| card(text).unwrap_err().to_string();
    let length = message(&CARD.replace("mean_q16 = [0, ", "mean_q16 = ["));
    assert_eq!(length, "`features.quantise.mean_q16` has 7 elements: 8 are needed");
    let length = message(&CARD.replace("gain_q32 = [65536, ", "gain_q32 = ["));
    assert_eq!(length, "`features.quantise.gain_q32` has 7 elements: 8 are needed");
    let length = message(&IMAGE_CARD.replace("[0, 256, 512]", "[0]"));
    assert_eq!(length, "`features.quantise.mean_q8` has 1 elements: 3 are needed");
    let impossible = message(&CARD.replace("fft = 64", "fft = 65"));
    assert!(impossible.starts_with("the features of toy cannot be computed: transform of 65 samples"));
    let impossible = message(&CARD.replace("mel_bands = 8", "mel_bands = 4000000000"));
    assert!(impossible.starts_with("the features of toy cannot be computed: no bin"), "{impossible}");
    let mfcc = CARD.replace("log_mel", "mfcc").replace("fft = 64", "fft = 64\ncoefficients = 9");
    assert!(
        message(&mfcc).ends_with("9 coefficients of 8 bands: take 1 or more, and no more than the bands")
    );
    for text in [&CARD.replace("hop = 20", "hope = 20"), &CARD.replace("audio", "smell"), "name = 3", "\u{1}"]
    {
        assert_eq!(message(text), "toy/model.toml is not a model card");
    }
    let raw = card(&CARD.replace("audio", "raw")).unwrap();
    assert_eq!(raw.features, None);
    let missing = Card::read(Path::new("/nowhere/model.toml")).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read /nowhere/model.toml");
}
