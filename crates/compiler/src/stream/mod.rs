//! Images that are worked on strip by strip, so that no more of them exists at once than must.
//!
//! Images lie row by row, so a strip of rows is one run of bytes, and a convolution of a strip is an ordinary
//! convolution: of a smaller image, padded on top in the first strip alone and below in the last. A run of layers
//! is turned into many small nodes, each of which makes the next few rows of its tensor as soon as something needs
//! them. Of the tensors in between, a *window* of rows exists; the rows that a later strip needs again move to
//! the front of the window ([`engine::ops::SlideBytes`]) before it is filled up. So nothing is computed twice, and
//! every byte is the same. The first tensor of a run dies row by row and the last comes alive row by row, which the
//! planner knows ([`crate::plan::Part`]): one may lie over the other.
//!
//! | file | |
//! |---|---|
//! | `rows` | which rows an operator reads for a row that it writes |
//! | `schedule` | in which order a run of nodes makes its rows, and what that takes |
//! | `choose` | which runs of nodes to cut, and into strips of how many rows, for a budget |
//! | `rewrite` | the nodes and tensors of the strips |

mod choose;
mod rewrite;
mod rows;
mod schedule;

pub use choose::{CurvePoint, curve, fit};
