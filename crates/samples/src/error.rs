//! What can be wrong with a file, a card, or the two together.

use std::path::PathBuf;

/// Why a file is not a sample.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// More bytes than are taken, in the file or unpacked.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The PNG is broken.
    #[error("not a readable PNG")]
    Png(#[from] png::DecodingError),
    /// The WAV is broken, or compressed.
    #[error(
        "not a readable WAV: only uncompressed PCM is; convert with `sox IN -r 16000 -b 16 -c 1 OUT.wav`"
    )]
    Wav(#[from] hound::Error),
    /// The WAV has a form that is not taken.
    #[error(
        "WAV with {channels} channels of {bits}-bit {format} samples: only one channel of 16-bit integers is taken; \
         convert with `sox IN -b 16 -c 1 OUT.wav`"
    )]
    WavForm {
        /// Channels.
        channels: u16,
        /// Bits per sample.
        bits: u16,
        /// `integer` or `float`.
        format: &'static str,
    },
    /// The NPY is broken.
    #[error("not a readable NPY: {what}")]
    Npy {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The NPY holds a type that is not taken.
    #[error(
        "NPY of type {descr}: |i1, |u1, |b1, <i2, <i4, <i8 and <f4 are taken; convert with numpy's `astype`"
    )]
    NpyType {
        /// numpy's name of the type.
        descr: String,
    },
    /// The NPY is in column order.
    #[error("NPY in Fortran order: write it with `numpy.ascontiguousarray`")]
    NpyFortranOrder,
    /// The NPY's shape does not fit the bytes that follow.
    #[error("NPY with {got} bytes of data: its shape {shape:?} takes {needed}")]
    NpyLength {
        /// The shape.
        shape: Vec<usize>,
        /// Bytes that the shape takes.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
}

/// Why a `model.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML, or not of the form of models/README.md.
    #[error("{path} is not a model card")]
    Form {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        source: toml::de::Error,
    },
    /// The front end that it describes cannot be.
    #[error("the features of {model} cannot be computed: {source}")]
    Features {
        /// The model's name.
        model: String,
        /// Why not.
        source: features::ConfigError,
    },
    /// A list with another length than what it is for.
    #[error("`{list}` has {got} elements: {needed} are needed")]
    ListLength {
        /// Key of the list.
        list: &'static str,
        /// Elements that it must have.
        needed: usize,
        /// Elements that it has.
        got: usize,
    },
}

impl CardError {
    /// Refuses a list of another length than `needed`.
    pub(crate) fn check_length(list: &'static str, needed: usize, got: usize) -> Result<(), Self> {
        if needed == got { Ok(()) } else { Err(Self::ListLength { list, needed, got }) }
    }
}

/// Why a sample cannot become a model's input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The model takes something else.
    #[error("a {sample} is no input for this model, which takes {takes}")]
    Kind {
        /// What was given.
        sample: &'static str,
        /// What is needed.
        takes: String,
    },
    /// The number of bytes is not the input's.
    #[error("{got} bytes: the input of shape {shape:?} and type {dtype} takes {needed}")]
    RawLength {
        /// Bytes given.
        got: usize,
        /// The input's shape.
        shape: Vec<usize>,
        /// The input's type.
        dtype: String,
        /// Bytes needed.
        needed: usize,
    },
    /// The array's shape is not the input's.
    #[error("array of shape {got:?}: the input has shape {needed:?}")]
    ArrayShape {
        /// The array's shape.
        got: Vec<usize>,
        /// The input's shape.
        needed: Vec<usize>,
    },
    /// The array's type is not the input's, nor float to be quantised.
    #[error(
        "array of type {got}: the input takes {needed}, or float32 to be quantised where it is int8 or uint8"
    )]
    ArrayType {
        /// The array's type.
        got: &'static str,
        /// The input's type.
        needed: String,
    },
    /// An array element is not a number.
    #[error("element {index} of the array is not finite")]
    NotFinite {
        /// Its place in row-major order.
        index: usize,
    },
    /// The sound was recorded at another rate.
    #[error("sound at {got} Hz: the model hears {needed} Hz; convert with `sox IN.wav -r {needed} OUT.wav`")]
    Rate {
        /// Its rate.
        got: u32,
        /// The model's rate.
        needed: u32,
    },
    /// The sound is longer than what the model hears at once.
    #[error(
        "sound of {got} samples: the model hears {needed}; cut with `sox IN.wav OUT.wav trim 0s {needed}s`"
    )]
    TooLong {
        /// Its samples.
        got: usize,
        /// The most that give no row more than the input has.
        needed: usize,
    },
    /// The input's shape is not what the features give.
    #[error("the input has shape {shape:?}: {features}")]
    Shape {
        /// The input's shape.
        shape: Vec<usize>,
        /// What the features give.
        features: String,
    },
    /// The input's type is not one that features are quantised to.
    #[error("the input has type {dtype}: pictures and sounds become int8 or uint8")]
    Dtype {
        /// The input's type.
        dtype: String,
    },
    /// The front end refuses its parameters.
    #[error(transparent)]
    Config(#[from] features::ConfigError),
    /// The front end refuses a buffer.
    #[error(transparent)]
    Buffer(#[from] features::BufferError),
    /// The picture cannot be resized or normalised.
    #[error(transparent)]
    Image(#[from] features::image::ImageError),
}
