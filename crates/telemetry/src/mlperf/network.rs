use engine::{DType, Executor, Program};

use super::{Form, Task};

/// A network behind the protocol: what comes in, what is timed, what goes out.
#[derive(Debug)]
pub struct Network<'e, 'm, P> {
    executor: &'e mut Executor<'m, P>,
    task: Task,
}

impl<'e, 'm, P: Program> Network<'e, 'm, P> {
    /// Takes the first input and the first output of a model.
    pub fn new(executor: &'e mut Executor<'m, P>, task: Task) -> Self {
        Self { executor, task }
    }

    /// What it is for.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Before the clock runs: what was `sent` becomes what is `kept` for every inference to begin with. The two are
    /// the halves of the buffer; only numbers that have to be quantised need the second.
    pub fn load(&mut self, sent: &[u8], kept: &mut [u8]) {
        self.executor.reset();
        if self.task.form() != Form::Reals {
            return;
        }
        let (reals, _) = sent.as_chunks::<4>();
        if let Some(input) = self.executor.program().input(0) {
            for (place, real) in kept.iter_mut().zip(reals) {
                *place = input.quantize(f32::from_le_bytes(*real)) as u8;
            }
        }
    }

    /// On the clock: one inference. The input is put in place each time, since a run works in the memory where it lies.
    ///
    /// Whether it ran.
    pub fn infer(&mut self, sent: &[u8], kept: &[u8]) -> bool {
        let input = self.executor.input_mut(0);
        let from = if self.task.form() == Form::Reals { kept } else { sent };
        let flip = if self.task.form() == Form::Pixels { 0x80 } else { 0 };
        for (place, byte) in input.iter_mut().zip(from) {
            *place = byte ^ flip;
        }
        self.executor.run().is_ok()
    }

    /// The first output as it is, of 8 bits.
    pub fn first_output(&self) -> Option<i8> {
        self.executor.output(0).first().map(|byte| byte.cast_signed())
    }

    /// Off the clock: hands over the answer, number by number.
    pub fn results(&self, sent: &[u8], mut each: impl FnMut(f32)) {
        let Some(info) = self.executor.program().output(0) else { return };
        let output = self.executor.output(0);
        let whole = |byte: u8| match info.dtype {
            DType::Uint8 => i32::from(byte),
            _ => i32::from(byte.cast_signed()),
        };
        let scores = output.iter().map(|&byte| info.dequantize(whole(byte)));
        if !self.task.is_reconstruction() {
            scores.for_each(each);
            return;
        }
        let (reals, _) = sent.as_chunks::<4>();
        let (mut sum, mut count) = (0.0, 0.0);
        for (score, real) in scores.zip(reals) {
            let apart = score - f32::from_le_bytes(*real);
            sum += apart * apart;
            count += 1.0;
        }
        // Of nothing, 0 by 0 is no number, and is sent as 0.
        each(sum / count);
    }
}
