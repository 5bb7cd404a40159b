//! The custom operator CIRCULAR_BUFFER.

use kernels::reference;

use super::Flow;
use crate::{RunError, memory::elements_mut};

operator! {
    /// CIRCULAR_BUFFER: appends a slot, and lets the run go on only every few runs.
    ///
    /// Operands: the slots (state), how many runs ended here since one went on (one `u32` of state), the newest slot
    /// (read).
    CircularBuffer {
        /// One run in so many goes on behind this step; the others end here, and leave the outputs as they are.
        pub period: u32,
    }, |this, io| {
        let ([slots, ended], [newest]) = io.split([0, 1], [2])?;
        reference::circular_buffer(newest, slots)?;
        let [ended] = elements_mut::<u32>(ended, 1)? else { return Err(RunError::Operand { index: 1 }) };
        *ended = ended.wrapping_add(1);
        if *ended < this.period {
            // No plan has so many steps: the run is over.
            return Ok(Flow::Jump(u16::MAX));
        }
        *ended = 0;
    }
}
