//! Layers drawn by lot on every emulated core, in the kernels of its instruction set: the bytes of the portable ones on
//! the host.

use std::env;

use compiler::{Compiled, Isa, compile, emit::blob};
use emulator::{Emulator, Job};
use firmware::PlanRooms;
use golden::run;
use microjoule_tests::{LIMIT, Ready};
use tflite::{
    build::{Layer, Net, Op},
    mutate::Rng,
};

use crate::plans::{fits, on_boards_with_plans};

/// How many layers of each operator each core runs.
const LAYERS: usize = 12;

/// The variable that asks for more of them.
const MORE: &str = "MICROJOULE_LAYERS";

/// Layers that are tried in one run of the emulator, while there is room.
const TOGETHER: usize = 10;

/// Layers side by side in one model, each with its inputs and its output.
struct Batch<'l> {
    layers: &'l [Layer],
    file: Vec<u8>,
}

impl<'l> Batch<'l> {
    fn of(layers: &'l [Layer]) -> Self {
        let mut net = Net::default();
        for layer in layers {
            let output = layer.add_to(&mut net);
            net.outputs.push(output);
        }
        Self { layers, file: net.file() }
    }

    fn compiled(&self, ready: &Ready, isa: Isa) -> Compiled {
        let options = ready.options().dead_work(false).for_isa(isa);
        compile("layers", &self.file, options).unwrap_or_else(|error| panic!("{:?}: {error}", self.layers))
    }

    fn inputs(&self, compiled: &Compiled) -> Vec<Vec<u8>> {
        let mut sizes = compiled.inputs.iter().map(|input| input.shape.iter().product::<u32>() as usize);
        let inputs = |layer: &Layer| {
            let sizes: Vec<_> = sizes.by_ref().take(layer.input_count()).collect();
            sizes.into_iter().enumerate().map(|(index, size)| layer.input(index, size)).collect::<Vec<_>>()
        };
        self.layers.iter().flat_map(inputs).collect()
    }
}

/// A board to run layers on.
#[derive(Clone, Copy)]
struct On<'b> {
    ready: &'b Ready,
    rooms: &'b PlanRooms,
    emulator: &'b Emulator,
}

/// Runs layers on a board and here; gives how many had a kernel of the instruction set.
fn agree(on: On<'_>, isa: Isa, layers: &[Layer]) -> usize {
    let On { ready, rooms, emulator } = on;
    let batch = Batch::of(layers);
    let compiled = batch.compiled(ready, isa);
    let plan = blob(&compiled);
    if !fits(&compiled, &plan, rooms) {
        assert!(layers.len() > 1, "{}: no room for {layers:?}", ready.board.name);
        let (left, right) = layers.split_at(layers.len() / 2);
        return agree(on, isa, left) + agree(on, isa, right);
    }
    let reference = batch.compiled(ready, Isa::Portable);
    let inputs = batch.inputs(&reference);
    let expected = run(&reference, std::slice::from_ref(&inputs), &mut ()).expect("a plan that runs");
    let cases = [inputs.concat()];
    let job = Job { cases: &cases, steps: false, reset: true };
    let name = &ready.board.name;
    let (reply, _) = emulator
        .infer_plan(ready.plan_image(), &plan, &job, LIMIT)
        .unwrap_or_else(|error| panic!("{name}: {error}: {layers:?}"));
    assert_eq!(reply.cases[0].outputs.len(), layers.len());
    for (layer, (found, expected)) in layers.iter().zip(reply.cases[0].outputs.iter().zip(&expected[0])) {
        assert_eq!(found, expected, "{layer:?} on {name}");
    }
    let packed = |layer: usize| {
        let mut own = compiled.layout.steps.iter().filter(|step| step.layer == layer);
        own.any(|step| step.operator.id() >= 1000)
    };
    (0..layers.len()).filter(|&layer| packed(layer)).count()
}

/// The operators that an instruction set has kernels of its own for.
fn operators(isa: Isa) -> &'static [Op] {
    const WEIGHTED: [Op; 3] = [Op::Conv2d, Op::DepthwiseConv2d, Op::FullyConnected];
    match isa {
        Isa::Armv6m | Isa::Armv7m | Isa::Riscv32 => &WEIGHTED,
        Isa::Armv7em => &[Op::Conv2d, Op::DepthwiseConv2d, Op::FullyConnected, Op::Add],
        Isa::Compact => &WEIGHTED,
        Isa::Mve => &Op::ALL,
        _ => &[],
    }
}

#[test]
fn layers_drawn_by_lot_give_the_bytes_of_the_portable_kernels() {
    let count = env::var(MORE).map_or(LAYERS, |number| number.parse().expect("a number of layers"));
    on_boards_with_plans(|ready, rooms, emulator| {
        let on = On { ready, rooms, emulator };
        let name = &ready.board.name;
        for (isa, op) in
            [ready.options().isa, Isa::Compact].into_iter().flat_map(|isa| Op::ALL.map(|op| (isa, op)))
        {
            let layers: Vec<Layer> =
                (0..count as u64).map(|seed| Layer::draw(op, &mut Rng::new(seed))).collect();
            let packed: usize = layers.chunks(TOGETHER).map(|layers| agree(on, isa, layers)).sum();
            eprintln!("{name}, {op:?}: {packed} of {count} layers in kernels of {isa}");
            assert!(
                !operators(isa).contains(&op) || packed * 3 >= count,
                "{op:?} on {name}: {packed} of {count}"
            );
        }
    });
}
