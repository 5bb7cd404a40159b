//! A measurement for people: lines for a terminal, and a page.

mod html;
mod text;
mod units;

pub use html::{StepSpan, html};
pub use text::text;
