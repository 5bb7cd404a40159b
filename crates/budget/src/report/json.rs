//! For programs, and as the baseline of a later run.

use crate::{error::BudgetError, gate::Gate};

/// The gate with all records, as JSON.
///
/// # Errors
/// [`BudgetError::Format`].
pub fn json(gate: &Gate) -> Result<String, BudgetError> {
    let text = serde_json::to_string_pretty(gate)
        .map_err(|error| BudgetError::Format { format: "JSON", reason: error.to_string() })?;
    Ok(text + "\n")
}
