use engine::TensorInfo;

use super::ACTIVATIONS;

/// The benchmarks of MLPerf Tiny, told apart by the shapes of their networks; and networks of one's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Task {
    /// Keyword spotting.
    Kws,
    /// Visual wake words: is there a person.
    Vww,
    /// Image classification.
    Ic,
    /// Anomaly detection.
    Ad,
    /// Streaming wake word.
    Sww,
    /// A network that is none of the benchmark's. Speaks the same protocol; runners have no data for it.
    Own {
        /// Bytes of its first input.
        input_bytes: usize,
    },
}

/// How the runner's bytes become the network's input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// They are the input, byte for byte.
    Tensor,
    /// Unsigned pixels, of which the input wants 128 less.
    Pixels,
    /// Little-endian numbers of 32 bits with a point, to be quantised.
    Reals,
}

impl Task {
    /// The benchmarks.
    pub const ALL: [Self; 5] = [Self::Kws, Self::Vww, Self::Ic, Self::Ad, Self::Sww];

    /// What a network of these inputs and outputs is for.
    #[must_use]
    pub const fn of(inputs: &[TensorInfo<'_>], outputs: &[TensorInfo<'_>]) -> Self {
        let (input, bytes) = first(inputs);
        match (input, first(outputs).0) {
            (490, 12) => Self::Kws,
            (27_648, 2) => Self::Vww,
            (3072, 10) => Self::Ic,
            (640, 640) => Self::Ad,
            (1200, 3) => Self::Sww,
            _ => Self::Own { input_bytes: bytes },
        }
    }

    /// The benchmark of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }

    /// As the runner knows it: it names the test and the folder of the data.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kws => "kws01",
            Self::Vww => "vww01",
            Self::Ic => "ic01",
            Self::Ad => "ad01",
            Self::Sww => "sww01",
            Self::Own { .. } => "own",
        }
    }

    /// How the runner's bytes become the network's input.
    #[must_use]
    pub const fn form(self) -> Form {
        match self {
            Self::Vww | Self::Ic => Form::Pixels,
            Self::Ad => Form::Reals,
            Self::Kws | Self::Sww | Self::Own { .. } => Form::Tensor,
        }
    }

    /// What the runner sends for one inference.
    #[must_use]
    pub const fn sent_bytes(self) -> usize {
        match self {
            Self::Kws => 490,
            Self::Vww => 27_648,
            Self::Ic => 3072,
            Self::Ad => 2560,
            Self::Sww => 1200,
            Self::Own { input_bytes } => input_bytes,
        }
    }

    /// What a device keeps of it: numbers are quantised before the clock runs, and stay. One that listens for the wake word
    /// keeps what the network says, too.
    #[must_use]
    pub const fn kept_bytes(self) -> usize {
        match self {
            Self::Ad => self.sent_bytes() + self.sent_bytes() / 4,
            Self::Sww => self.sent_bytes() + ACTIVATIONS,
            Self::Kws | Self::Vww | Self::Ic | Self::Own { .. } => self.sent_bytes(),
        }
    }

    /// Whether the answer is how far the output is from the input, instead of the output.
    #[must_use]
    pub const fn is_reconstruction(self) -> bool {
        matches!(self, Self::Ad)
    }

    /// How many numbers the answer has; nothing where that is the network's own affair.
    #[must_use]
    pub const fn classes(self) -> Option<usize> {
        match self {
            Self::Kws => Some(12),
            Self::Vww => Some(2),
            Self::Ic => Some(10),
            Self::Ad => Some(1),
            Self::Sww => Some(3),
            Self::Own { .. } => None,
        }
    }
}

/// Elements and bytes of the first of some tensors.
const fn first(tensors: &[TensorInfo<'_>]) -> (u64, usize) {
    let [tensor, ..] = tensors else { return (0, 0) };
    let mut elements = 1u64;
    let mut shape = tensor.shape;
    while let [size, rest @ ..] = shape {
        elements = elements.saturating_mul(*size as u64);
        shape = rest;
    }
    (elements, tensor.operand.bytes())
}
