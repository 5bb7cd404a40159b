//! Layers drawn by lot, run on the kernels of two instruction sets.

mod run;

use compiler::{CompileOptions, Isa, compile};
use tflite::{
    build::{Layer, Net, Op},
    mutate::Rng,
};

use run::run;

/// Runs layers by lot on the kernels of an instruction set and on the portable ones, whose bytes are the reference's.
/// At least `share` of a hundred must have a kernel of that instruction set.
pub fn agree(isa: Isa, op: Op, cases: u64, share: u64) {
    let mut packed = 0;
    for seed in 0..cases {
        let layer = Layer::draw(op, &mut Rng::new(seed));
        let mut net = Net::default();
        let output = layer.add_to(&mut net);
        net.outputs.push(output);
        let file = net.file();
        let compiled = |isa: Isa| {
            let options = CompileOptions::DEVICE.dead_work(false).for_isa(isa);
            compile("drawn", &file, options).unwrap_or_else(|error| panic!("{seed}, {layer:?}: {error}"))
        };
        let [reference, fast] = [Isa::Portable, isa].map(compiled);
        let outputs = [&reference, &fast].map(|compiled| {
            run(compiled, |index, place| place.copy_from_slice(&layer.input(index, place.len())))
        });
        assert_eq!(outputs[0], outputs[1], "{seed}, {layer:?}");
        packed += u64::from(fast.layout.steps.iter().any(|step| step.operator.id() >= 1000));
    }
    eprintln!("{isa}, {op:?}: {packed} of {cases} layers packed");
    assert!(packed * 100 >= cases * share, "{isa}, {op:?}: {packed} of {cases} layers packed, not {share} %");
}
