//! Passes over the graph. None changes a byte of any output.
//!
//! | pass | what goes |
//! |---|---|
//! | [`fold`] | operators whose inputs are all known: they run now, once |
//! | [`identity`] | QUANTIZE that changes nothing, and DEQUANTIZE with the QUANTIZE that undoes it |
//! | [`pad`] | PAD before a convolution: the window begins in the padding instead |
//! | [`activation`] | RELU, RELU6 and RELU_N1_TO_1 after an operator that can limit its output itself |
//! | [`dead`] | operators whose outputs nothing reads |
//! | [`dead_work`] | channels that no input can change, and channels that nothing reads |
//! | [`taps`] | rows and columns of filters that meet no pixel, or are all zero |
//!
//! RESHAPE and its like stay in the graph and take no step: their output is the input's bytes.

pub mod activation;
mod alone;
pub mod dead;
pub mod dead_work;
pub mod fold;
pub mod identity;
pub mod pad;
pub mod taps;
mod uses;

use crate::{CompileOptions, graph::Graph};

pub use uses::Uses;

/// Runs every pass that the options allow. Folding comes before the check that a graph can run, since it takes
/// out what computes shapes; the others take a graph that was checked.
pub fn run(graph: &mut Graph, options: CompileOptions) {
    if !options.keep_every_tensor {
        identity::run(graph);
        pad::run(graph);
        activation::run(graph);
        dead::run(graph);
    }
    if options.dead_work && !options.keep_every_tensor {
        dead_work::run(graph);
        dead::run(graph);
        taps::run(graph);
    }
}
