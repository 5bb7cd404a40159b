//! What an operator is told beside its tensors: one list of every options table, from which the type, the
//! reader and (for tests) the writer come.

use crate::error::Fault;
use crate::fields::Field;
use crate::flat::{Meter, Table};
use crate::{Activation, DType, LstmKernel, MirrorPadMode, Padding, WeightsFormat};
#[cfg(any(test, feature = "build"))]
use crate::{
    build::{Fields, WriteField},
    mutate::Rng,
};

/// Which of the schema's two lists of options tables, and which entry of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptionsTag {
    /// Entry of `BuiltinOptions`.
    First(u8),
    /// Entry of `BuiltinOptions2`.
    Second(u8),
}

macro_rules! options {
    ($(
        $(#[$meta:meta])*
        $variant:ident = $tag:literal {
            $($(#[$field_meta:meta])* $slot:literal $field:ident: $kind:ty = $absent:expr,)*
        }
    )*) => {
        /// What an operator is told beside its tensors, one variant for each table of the schema.
        ///
        /// A field that the file leaves out has the schema's default, which is not always a sensible value
        /// (a stride of 0, for one). Which table an operator has is not checked here: a file may pair
        /// `CONV_2D` with pooling options, and whoever uses the operator must expect that.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Options {
            /// The file has none.
            None,
            /// A table without fields, or one of an operator that no microcontroller runs: not looked into.
            Other(OptionsTag),
            $($(#[$meta])* $variant { $($(#[$field_meta])* $field: $kind,)* },)*
        }

        impl Options {
            /// The variant's name.
            pub const fn name(&self) -> &'static str {
                match self {
                    Self::None => "none",
                    Self::Other(_) => "other",
                    $(Self::$variant { .. } => stringify!($variant),)*
                }
            }

            /// Reads entry `tag` of `BuiltinOptions`.
            pub(crate) fn read(tag: u8, table: &Table<'_>, meter: &mut Meter) -> Result<Self, Fault> {
                Ok(match tag {
                    $($tag => Self::$variant {
                        $($field: Field::read(table, $slot, $absent, stringify!($field), meter)?,)*
                    },)*
                    tag => Self::Other(OptionsTag::First(tag)),
                })
            }

            /// The table as it would be written, without the fields that have their default.
            #[cfg(any(test, feature = "build"))]
            pub(crate) fn write(&self) -> Option<(OptionsTag, Fields)> {
                match self {
                    Self::None => None,
                    Self::Other(tag) => Some((*tag, Vec::new())),
                    $(Self::$variant { $($field,)* } => {
                        let fields = [$($field.value(&$absent).map(|value| ($slot, value)),)*];
                        Some((OptionsTag::First($tag), fields.into_iter().flatten().collect()))
                    })*
                }
            }

            /// Every variant once, with fields drawn by lot.
            #[cfg(any(test, feature = "build"))]
            pub(crate) fn every(rng: &mut Rng) -> Vec<Self> {
                vec![
                    Self::None,
                    Self::Other(OptionsTag::First(22)),
                    Self::Other(OptionsTag::Second(18)),
                    $(Self::$variant { $($field: WriteField::sample(rng),)* },)*
                ]
            }
        }
    };
}

options! {
    /// `CONV_2D`.
    Conv2D = 1 {
        /// How the edges are treated.
        0 padding: Padding = Padding::Same,
        /// Step along the width.
        1 stride_w: i32 = 0,
        /// Step along the height.
        2 stride_h: i32 = 0,
        /// What follows the sum.
        3 activation: Activation = Activation::None,
        /// Spacing of the filter's taps along the width.
        4 dilation_w: i32 = 1,
        /// Spacing of the filter's taps along the height.
        5 dilation_h: i32 = 1,
        /// Type of bias and accumulator; `Float32` when the file leaves it open.
        6 quantized_bias_type: DType = DType::Float32,
    }
    /// `DEPTHWISE_CONV_2D`.
    DepthwiseConv2D = 2 {
        /// How the edges are treated.
        0 padding: Padding = Padding::Same,
        /// Step along the width.
        1 stride_w: i32 = 0,
        /// Step along the height.
        2 stride_h: i32 = 0,
        /// Output channels per input channel; redundant, and 0 in some files: trust the shapes.
        3 depth_multiplier: i32 = 0,
        /// What follows the sum.
        4 activation: Activation = Activation::None,
        /// Spacing of the filter's taps along the width.
        5 dilation_w: i32 = 1,
        /// Spacing of the filter's taps along the height.
        6 dilation_h: i32 = 1,
    }
    /// `AVERAGE_POOL_2D`, `MAX_POOL_2D` and `L2_POOL_2D`.
    Pool2D = 5 {
        /// How the edges are treated.
        0 padding: Padding = Padding::Same,
        /// Step along the width.
        1 stride_w: i32 = 0,
        /// Step along the height.
        2 stride_h: i32 = 0,
        /// Width of the window.
        3 filter_w: i32 = 0,
        /// Height of the window.
        4 filter_h: i32 = 0,
        /// What follows.
        5 activation: Activation = Activation::None,
    }
    /// `SVDF`.
    Svdf = 6 {
        /// Filters per unit.
        0 rank: i32 = 0,
        /// What follows the sum.
        1 activation: Activation = Activation::None,
        /// For float inputs with quantised weights only.
        2 asymmetric_quantize_inputs: bool = false,
    }
    /// `RNN`.
    Rnn = 7 {
        /// What follows the sum.
        0 activation: Activation = Activation::None,
        /// For float inputs with quantised weights only.
        1 asymmetric_quantize_inputs: bool = false,
    }
    /// `FULLY_CONNECTED`.
    FullyConnected = 8 {
        /// What follows the sum.
        0 activation: Activation = Activation::None,
        /// Order of the weights.
        1 weights_format: WeightsFormat = WeightsFormat::Default,
        /// Whether the output keeps the input's rank.
        2 keep_num_dims: bool = false,
        /// For float inputs with quantised weights only.
        3 asymmetric_quantize_inputs: bool = false,
        /// Type of bias and accumulator; `Float32` when the file leaves it open.
        4 quantized_bias_type: DType = DType::Float32,
    }
    /// `SOFTMAX`.
    Softmax = 9 {
        /// Factor in front of the exponent.
        0 beta: f32 = 0.0,
    }
    /// `CONCATENATION`.
    Concatenation = 10 {
        /// The axis along which inputs are joined; negative counts from the last.
        0 axis: i32 = 0,
        /// What follows.
        1 activation: Activation = Activation::None,
    }
    /// `ADD`.
    Add = 11 {
        /// What follows the sum.
        0 activation: Activation = Activation::None,
        /// Whether int16 scales are powers of two.
        1 pot_scale_int16: bool = true,
    }
    /// `L2_NORMALIZATION`.
    L2Norm = 12 {
        /// What follows.
        0 activation: Activation = Activation::None,
    }
    /// `LOCAL_RESPONSE_NORMALIZATION`.
    LocalResponseNormalization = 13 {
        /// Half-width of the window.
        0 radius: i32 = 0,
        /// Added to the sum of squares.
        1 bias: f32 = 0.0,
        /// Factor of the sum of squares.
        2 alpha: f32 = 0.0,
        /// Exponent.
        3 beta: f32 = 0.0,
    }
    /// `LSTM`, one step.
    Lstm = 14 {
        /// The cell's activation.
        0 activation: Activation = Activation::None,
        /// Limit of the cell's state; 0 for none.
        1 cell_clip: f32 = 0.0,
        /// Limit of the projection; 0 for none.
        2 proj_clip: f32 = 0.0,
        /// Which of the two definitions.
        3 kernel_type: LstmKernel = LstmKernel::Full,
        /// For float inputs with quantised weights only.
        4 asymmetric_quantize_inputs: bool = false,
    }
    /// `RESIZE_BILINEAR`.
    ResizeBilinear = 15 {
        /// Whether corner pixels keep their centres.
        2 align_corners: bool = false,
        /// Whether a pixel's centre lies at half its width.
        3 half_pixel_centers: bool = false,
    }
    /// `CALL`.
    Call = 16 {
        /// The subgraph called.
        0 subgraph: u32 = 0,
    }
    /// `RESHAPE`.
    Reshape = 17 {
        /// The shape, when no input gives it.
        0 new_shape: Vec<i32> = Vec::new(),
    }
    /// `SPACE_TO_DEPTH`.
    SpaceToDepth = 19 {
        /// Side of a block.
        0 block_size: i32 = 0,
    }
    /// `MUL`.
    Mul = 21 {
        /// What follows the product.
        0 activation: Activation = Activation::None,
    }
    /// `GATHER`.
    Gather = 23 {
        /// The axis gathered from; negative counts from the last.
        0 axis: i32 = 0,
        /// Leading axes shared with the indices.
        1 batch_dims: i32 = 0,
    }
    /// `MEAN`, `SUM` and every `REDUCE` operator.
    Reducer = 27 {
        /// Whether reduced axes stay, with size 1.
        0 keep_dims: bool = false,
    }
    /// `SUB`.
    Sub = 28 {
        /// What follows the difference.
        0 activation: Activation = Activation::None,
        /// Whether int16 scales are powers of two.
        1 pot_scale_int16: bool = true,
    }
    /// `DIV`.
    Div = 29 {
        /// What follows the quotient.
        0 activation: Activation = Activation::None,
    }
    /// `SQUEEZE`.
    Squeeze = 30 {
        /// Axes to remove; none for all of size 1.
        0 squeeze_dims: Vec<i32> = Vec::new(),
    }
    /// `UNIDIRECTIONAL_SEQUENCE_RNN`.
    SequenceRnn = 31 {
        /// Whether time is the first axis.
        0 time_major: bool = false,
        /// What follows the sum.
        1 activation: Activation = Activation::None,
        /// For float inputs with quantised weights only.
        2 asymmetric_quantize_inputs: bool = false,
    }
    /// `STRIDED_SLICE`.
    StridedSlice = 32 {
        /// Axes, a bit each, that start at their beginning.
        0 begin_mask: i32 = 0,
        /// Axes that run to their end.
        1 end_mask: i32 = 0,
        /// The entry that stands for all axes not named.
        2 ellipsis_mask: i32 = 0,
        /// Entries that insert an axis of size 1.
        3 new_axis_mask: i32 = 0,
        /// Axes that are indexed and vanish.
        4 shrink_axis_mask: i32 = 0,
        /// Whether ends count from the beginnings.
        5 offset: bool = false,
    }
    /// `SPLIT`.
    Split = 35 {
        /// Count of outputs.
        0 num_splits: i32 = 0,
    }
    /// `CAST`.
    Cast = 37 {
        /// Type converted from; the tensors say it too.
        0 in_data_type: DType = DType::Float32,
        /// Type converted to; the tensors say it too.
        1 out_data_type: DType = DType::Float32,
    }
    /// `ARG_MAX`.
    ArgMax = 40 {
        /// Type of the indices; `Float32` when the file leaves it open.
        0 output_type: DType = DType::Float32,
    }
    /// `TRANSPOSE_CONV`.
    TransposeConv = 49 {
        /// How the edges are treated.
        0 padding: Padding = Padding::Same,
        /// Step along the width.
        1 stride_w: i32 = 0,
        /// Step along the height.
        2 stride_h: i32 = 0,
        /// What follows the sum.
        3 activation: Activation = Activation::None,
        /// Type of bias and accumulator; `Float32` when the file leaves it open.
        4 quantized_bias_type: DType = DType::Float32,
    }
    /// `SPARSE_TO_DENSE`.
    SparseToDense = 50 {
        /// Whether indices are checked.
        0 validate_indices: bool = false,
    }
    /// `SHAPE`.
    Shape = 55 {
        /// Type of the output; `Float32` when the file leaves it open.
        0 out_type: DType = DType::Float32,
    }
    /// `ARG_MIN`.
    ArgMin = 57 {
        /// Type of the indices; `Float32` when the file leaves it open.
        0 output_type: DType = DType::Float32,
    }
    /// `FAKE_QUANT`.
    FakeQuant = 58 {
        /// Lowest value.
        0 min: f32 = 0.0,
        /// Highest value.
        1 max: f32 = 0.0,
        /// Width of the integers.
        2 num_bits: i32 = 0,
        /// Whether the lowest integer is left out.
        3 narrow_range: bool = false,
    }
    /// `PACK`.
    Pack = 59 {
        /// Count of inputs.
        0 values_count: i32 = 0,
        /// The axis inserted; negative counts from the last.
        1 axis: i32 = 0,
    }
    /// `ONE_HOT`.
    OneHot = 61 {
        /// The axis inserted; negative counts from the last.
        0 axis: i32 = 0,
    }
    /// `UNPACK`.
    Unpack = 64 {
        /// Count of outputs.
        0 num: i32 = 0,
        /// The axis removed; negative counts from the last.
        1 axis: i32 = 0,
    }
    /// `BIDIRECTIONAL_SEQUENCE_LSTM`.
    BidirectionalSequenceLstm = 69 {
        /// The cell's activation.
        0 activation: Activation = Activation::None,
        /// Limit of the cell's state; 0 for none.
        1 cell_clip: f32 = 0.0,
        /// Limit of the projection; 0 for none.
        2 proj_clip: f32 = 0.0,
        /// Whether both directions share one output.
        3 merge_outputs: bool = false,
        /// Whether time is the first axis.
        4 time_major: bool = true,
        /// For float inputs with quantised weights only.
        5 asymmetric_quantize_inputs: bool = false,
    }
    /// `BIDIRECTIONAL_SEQUENCE_RNN`.
    BidirectionalSequenceRnn = 70 {
        /// Whether time is the first axis.
        0 time_major: bool = false,
        /// What follows the sum.
        1 activation: Activation = Activation::None,
        /// Whether both directions share one output.
        2 merge_outputs: bool = false,
        /// For float inputs with quantised weights only.
        3 asymmetric_quantize_inputs: bool = false,
    }
    /// `UNIDIRECTIONAL_SEQUENCE_LSTM`.
    UnidirectionalSequenceLstm = 71 {
        /// The cell's activation.
        0 activation: Activation = Activation::None,
        /// Limit of the cell's state; 0 for none.
        1 cell_clip: f32 = 0.0,
        /// Limit of the projection; 0 for none.
        2 proj_clip: f32 = 0.0,
        /// Whether time is the first axis.
        3 time_major: bool = false,
        /// For float inputs with quantised weights only.
        4 asymmetric_quantize_inputs: bool = false,
        /// Whether the recurrent weights are diagonals.
        5 diagonal_recurrent_tensors: bool = false,
    }
    /// `RESIZE_NEAREST_NEIGHBOR`.
    ResizeNearestNeighbor = 74 {
        /// Whether corner pixels keep their centres.
        0 align_corners: bool = false,
        /// Whether a pixel's centre lies at half its width.
        1 half_pixel_centers: bool = false,
    }
    /// `LEAKY_RELU`.
    LeakyRelu = 75 {
        /// Slope below zero.
        0 alpha: f32 = 0.0,
    }
    /// `MIRROR_PAD`.
    MirrorPad = 77 {
        /// Whether the edge itself is repeated.
        0 mode: MirrorPadMode = MirrorPadMode::Reflect,
    }
    /// `SPLIT_V`.
    SplitV = 79 {
        /// Count of outputs.
        0 num_splits: i32 = 0,
    }
    /// `UNIQUE`.
    Unique = 80 {
        /// Type of the indices.
        0 idx_out_type: DType = DType::Int32,
    }
    /// `REVERSE_SEQUENCE`.
    ReverseSequence = 87 {
        /// The axis reversed.
        0 seq_dim: i32 = 0,
        /// The axis of the lengths.
        1 batch_dim: i32 = 0,
    }
    /// `IF`.
    If = 92 {
        /// The subgraph run when the condition holds.
        0 then_subgraph: i32 = 0,
        /// The subgraph run when it does not.
        1 else_subgraph: i32 = 0,
    }
    /// `WHILE`.
    While = 93 {
        /// The subgraph that decides.
        0 cond_subgraph: i32 = 0,
        /// The subgraph repeated.
        1 body_subgraph: i32 = 0,
    }
    /// `DEPTH_TO_SPACE`.
    DepthToSpace = 94 {
        /// Side of a block.
        0 block_size: i32 = 0,
    }
    /// `BATCH_MATMUL`.
    BatchMatMul = 101 {
        /// Whether the left operand is transposed.
        0 adj_x: bool = false,
        /// Whether the right operand is transposed.
        1 adj_y: bool = false,
        /// For float inputs with quantised weights only.
        2 asymmetric_quantize_inputs: bool = false,
    }
    /// `CUMSUM`.
    Cumsum = 102 {
        /// Whether an element is left out of its own sum.
        0 exclusive: bool = false,
        /// Whether sums run from the end.
        1 reverse: bool = false,
    }
    /// `CALL_ONCE`.
    CallOnce = 103 {
        /// The subgraph run once, before the first inference.
        0 init_subgraph: i32 = 0,
    }
    /// `CONV_3D` and `CONV_3D_TRANSPOSE`.
    Conv3D = 106 {
        /// How the edges are treated.
        0 padding: Padding = Padding::Same,
        /// Step along the depth.
        1 stride_d: i32 = 0,
        /// Step along the width.
        2 stride_w: i32 = 0,
        /// Step along the height.
        3 stride_h: i32 = 0,
        /// What follows the sum.
        4 activation: Activation = Activation::None,
        /// Spacing of the filter's taps along the depth.
        5 dilation_d: i32 = 1,
        /// Spacing of the filter's taps along the width.
        6 dilation_w: i32 = 1,
        /// Spacing of the filter's taps along the height.
        7 dilation_h: i32 = 1,
    }
    /// `HASHTABLE`.
    Hashtable = 107 {
        /// Which table.
        0 table_id: i32 = 0,
        /// Type of its keys.
        1 key_dtype: DType = DType::Float32,
        /// Type of its values.
        2 value_dtype: DType = DType::Float32,
    }
    /// `VAR_HANDLE`.
    VarHandle = 111 {
        /// Where the variable lives.
        0 container: String = String::new(),
        /// Its name: handles with the same container and name are one variable.
        1 shared_name: String = String::new(),
    }
    /// `RANDOM_UNIFORM`, `RANDOM_STANDARD_NORMAL` and `MULTINOMIAL`.
    Random = 114 {
        /// First half of the seed.
        0 seed: i64 = 0,
        /// Second half of the seed.
        1 seed2: i64 = 0,
    }
    /// `BUCKETIZE`.
    Bucketize = 115 {
        /// Borders between buckets, rising.
        0 boundaries: Vec<f32> = Vec::new(),
    }
    /// `GELU`.
    Gelu = 116 {
        /// Whether the tanh form is meant.
        0 approximate: bool = false,
    }
}
