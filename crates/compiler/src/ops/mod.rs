//! What each operator needs, and the steps it becomes.
//!
//! One [`Support`] row per operator: the versions, element types and rules under which it runs, and the
//! function that turns it into steps. The check of a model, the message that refuses it and
//! SUPPORTED_OPS.md all come from these rows. A family of operators is a file.

mod batch_matmul;
mod blocks;
pub(crate) mod circular_buffer;
mod control;
mod conv_2d;
mod convolution;
pub mod definition;
mod depthwise_conv_2d;
mod document;
mod elementwise;
mod embedding_lookup;
mod fully_connected;
mod gathering;
mod joining;
mod lower;
pub mod lowering;
mod macs;
mod padding;
mod pooling;
mod ranking;
mod reduction;
mod repeating;
mod resizing;
mod shape;
mod slicing;
mod softmax;
mod strided;
mod support;
mod svdf;
mod table;
mod transpose_conv;
mod unidirectional_sequence_lstm;
pub mod view;
mod zero_point;

pub(crate) use convolution::window_of;
pub use document::document;
pub use lower::lower;
pub use lowering::{Lowering, Slot};
pub use macs::{macs, total_macs};
pub use support::{Rule, Support};
pub use table::{all, check};
pub use view::NodeView;
