//! Layers that a microcontroller's own kernels do not take run on those for any core where they are faster than the portable
//! ones, with the reference's bytes.

#[path = "support/run.rs"]
mod run;

use compiler::{CompileOptions, Isa, compile};
use run::run;
use tflite::{
    DType, Padding,
    build::{Net, Slide, Units},
};

const INPUT: Units = Units { scale: 0.05, zero: -128 };

fn output(scale: f32) -> Units {
    Units { scale, zero: 3 }
}

/// Weights, most of them far from 0, and no biases.
fn constants(net: &mut Net, shape: &[usize], axis: usize) -> [usize; 2] {
    let count: usize = shape.iter().product();
    let weights: Vec<i64> = (0..count).map(|at| [127, -111, 93, -127, 20][at % 5]).collect();
    let filter = net.constant(shape, DType::Int8, vec![0.01], (0, axis), &weights);
    let outputs = shape[axis];
    [filter, net.constant(&[outputs], DType::Int32, vec![0.0005], (0, 0), &vec![0; outputs])]
}

/// Runs the network for an instruction set and on portable kernels; the former's step must be `kernel`.
fn falls_back(mut net: Net, output: usize, isa: Isa, kernel: &str) {
    net.outputs.push(output);
    let file = net.file();
    let compiled =
        [Isa::Portable, isa].map(|isa| compile("one", &file, CompileOptions::DEVICE.for_isa(isa)).unwrap());
    assert_eq!(compiled[1].layout.steps[0].operator.name(), kernel, "{isa}");
    let outputs = compiled.map(|compiled| {
        run(&compiled, |_, place| {
            place.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 89 + at / 7) as u8);
        })
    });
    assert!(outputs[0][0].iter().any(|&byte| byte != outputs[0][0][0]), "outputs that tell nothing");
    assert_eq!(outputs[0], outputs[1], "{isa}");
}

#[test]
fn sums_too_large_for_half_of_a_word() {
    for isa in [Isa::Armv6m, Isa::Armv7m, Isa::Armv7em, Isa::Riscv32] {
        let mut net = Net::default();
        let input = net.input(&[1, 3, 3, 1400], DType::Int8, INPUT);
        let [filter, bias] = constants(&mut net, &[6, 1, 1, 1400], 0);
        let slide = Slide::of(Padding::Same);
        let conv = net.conv(input, filter, bias, slide, output(15.0));
        falls_back(net, conv, isa, "Conv2dCompact");
    }
}

#[test]
fn windows_that_depthwise_walks_do_not_know() {
    let (compact, portable) = ("DepthwiseConv2dCompact", "DepthwiseConv2dS8");
    for (isa, dilation, kernel) in [
        (Isa::Armv6m, [1, 1], compact),
        (Isa::Armv7m, [1, 1], portable),
        (Isa::Armv7em, [2, 2], compact),
        (Isa::Riscv32, [1, 1], portable),
    ] {
        let mut net = Net::default();
        let input = net.input(&[1, 9, 11, 12], DType::Int8, INPUT);
        let [filter, bias] = constants(&mut net, &[1, 5, 5, 12], 3);
        let slide = Slide { dilation, ..Slide::of(Padding::Same) };
        let conv = net.depthwise(input, filter, bias, slide, output(0.9));
        falls_back(net, conv, isa, kernel);
    }
}

#[test]
fn too_little_of_a_network_is_not_worth_the_code() {
    let mut net = Net::default();
    let input = net.input(&[1, 40, 40, 4], DType::Int8, INPUT);
    let [filter, bias] = constants(&mut net, &[64, 3, 3, 4], 0);
    let most = net.conv(input, filter, bias, Slide::of(Padding::Same), output(0.9));
    let input = net.input(&[1, 3, 3, 4], DType::Int8, INPUT);
    let [filter, bias] = constants(&mut net, &[1, 5, 5, 4], 3);
    let slide = Slide { dilation: [2, 2], ..Slide::of(Padding::Same) };
    let little = net.depthwise(input, filter, bias, slide, output(0.9));
    net.outputs.extend([most, little]);
    let options = CompileOptions::DEVICE.for_isa(Isa::Armv7em);
    let layout = compile("two", &net.file(), options).unwrap().layout;
    let kernels: Vec<_> = layout.steps.iter().map(|step| step.operator.name()).collect();
    assert_eq!(kernels, ["Conv2dArmv7em", "DepthwiseConv2dS8"]);
}
