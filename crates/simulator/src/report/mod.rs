//! Views of a prediction: the common record, tables, a trace, a page.

mod html;
mod record;
mod table;
mod trace;
mod units;

pub use html::html;
pub use record::record;
pub use table::{list_table, table};
pub use trace::trace;
