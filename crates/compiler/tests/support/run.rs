//! Runs a compiled model on the host.

use compiler::{Compiled, HostModel};

/// A model's outputs; `input` fills its inputs, one after the other.
pub fn run(compiled: &Compiled, mut input: impl FnMut(usize, &mut [u8])) -> Vec<Vec<u8>> {
    let mut model = HostModel::new(compiled);
    let mut executor = model.executor().expect("memory as the plan says");
    for index in 0..compiled.inputs.len() {
        input(index, executor.input_mut(index));
    }
    executor.run().expect("a plan that runs");
    (0..compiled.outputs.len()).map(|index| executor.output(index).to_vec()).collect()
}
