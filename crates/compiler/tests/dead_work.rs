//! Networks with channels that no input can change give the same bytes without them.

#[path = "support/run.rs"]
mod run;

use compiler::{CompileOptions, Compiled, Isa, compile};
use run::run;
use tflite::{
    Activation, BuiltinOp, DType, Options, Padding,
    build::{Id, Net, Slide},
    mutate::Rng,
};

/// Networks drawn by lot.
const NETS: u64 = 600;

/// Scale of weights.
const FINE: f32 = 1.0 / 128.0;

/// What a layer is given, some of it dead.
struct Lot<'r> {
    rng: &'r mut Rng,
    net: Net,
    /// Tensors that later layers may read again.
    images: Vec<Id>,
}

impl Lot<'_> {
    fn zero(&mut self, dtype: DType) -> i64 {
        if dtype == DType::Int16 { 0 } else { *self.rng.pick(&[-128, -128, -7, 0, 30, 127]) }
    }

    fn activation(&mut self) -> Activation {
        *self.rng.pick(&[Activation::None, Activation::Relu, Activation::Relu6, Activation::ReluN1To1])
    }

    fn slide(&mut self, image: &[usize], taps: (usize, usize)) -> Slide {
        let dilation = self.rng.from_to(1, 2);
        let reach = |taps: usize| (taps - 1) * dilation + 1;
        let fits = reach(taps.0) <= image[1] && reach(taps.1) <= image[2];
        let padding = if fits && self.rng.chance(2) { Padding::Valid } else { Padding::Same };
        let stride = self.rng.from_to(1, 2);
        Slide { padding, stride: [stride; 2], dilation: [dilation; 2], activation: self.activation() }
    }

    /// Weights `[outputs][taps][columns]` with zeroed filters and columns, off by the filter's zero point.
    fn weights(&mut self, outputs: usize, taps: usize, columns: usize, limit: i64) -> Vec<i64> {
        let dead_column: Vec<bool> = (0..columns).map(|_| self.rng.chance(4)).collect();
        let dead_tap: Vec<bool> = (0..taps).map(|_| self.rng.chance(6)).collect();
        let mut weights = Vec::new();
        for _ in 0..outputs {
            let dead = self.rng.chance(3);
            for &tap in &dead_tap {
                for &column in &dead_column {
                    let alive = !dead && !tap && !column && !self.rng.chance(5);
                    let weight = self.rng.from_to(0, 2 * limit as usize) as i64 - limit;
                    weights.push(if alive { weight } else { 0 });
                }
            }
        }
        weights
    }

    /// Biases: some so large that the sum is limited whatever the input, some at the end of 32 bits.
    fn bias(&mut self, outputs: usize, dtype: DType) -> Id {
        let bias = |rng: &mut Rng| match rng.below(8) {
            0 => 3_000_000,
            1 => -3_000_000,
            2 => i64::from(i32::MAX) - rng.below(2000) as i64,
            3 => i64::from(i32::MIN) + rng.below(2000) as i64,
            4 => 0,
            _ => rng.from_to(0, 8000) as i64 - 4000,
        };
        let elements: Vec<i64> = (0..outputs).map(|_| bias(self.rng)).collect();
        let wide = dtype == DType::Int16 && self.rng.chance(2);
        let dtype = if wide { DType::Int64 } else { DType::Int32 };
        self.net.constant(&[outputs], dtype, vec![], (0, 0), &elements)
    }

    fn scales(&mut self, outputs: usize) -> Vec<f32> {
        let scale = |rng: &mut Rng| FINE * rng.from_to(1, 9) as f32;
        if self.rng.chance(3) {
            vec![scale(self.rng)]
        } else {
            (0..outputs).map(|_| scale(self.rng)).collect()
        }
    }

    fn weight_type(&mut self, input: Id) -> (DType, i64) {
        let narrow = self.net.kind(input).0 == DType::Int8 && self.rng.chance(5);
        if narrow { (DType::Int4, 7) } else { (DType::Int8, 60) }
    }

    fn conv(&mut self, input: Id) -> Id {
        let shape = self.net.shape(input).to_vec();
        let taps = (self.rng.from_to(1, 3), self.rng.from_to(1, 3));
        let divisors: Vec<usize> = (1..=shape[3]).filter(|&groups| shape[3].is_multiple_of(groups)).collect();
        let groups = if self.rng.chance(4) { *self.rng.pick(&divisors) } else { 1 };
        let outputs = groups * self.rng.from_to(1, if groups == 1 { 9 } else { 3 });
        let depth = shape[3] / groups;
        let (dtype, limit) = self.weight_type(input);
        let weights = self.weights(outputs, taps.0 * taps.1, depth, limit);
        let scales = self.scales(outputs);
        let filter = self.net.constant(&[outputs, taps.0, taps.1, depth], dtype, scales, (0, 0), &weights);
        let kind = self.net.kind(input).0;
        let (bias, zero) = (self.bias(outputs, kind), self.zero(kind));
        let slide = self.slide(&shape, taps);
        let output = self.net.conv(input, filter, bias, slide, zero);
        // The same weights once more, where they fit.
        if depth == outputs
            && groups == 1
            && self.net.kind(output).1 == self.net.kind(input).1
            && self.rng.chance(2)
        {
            let again = Slide { padding: Padding::Same, ..slide };
            let bias = if self.rng.chance(2) { bias } else { self.bias(outputs, kind) };
            return self.net.conv(output, filter, bias, again, zero);
        }
        output
    }

    fn depthwise(&mut self, input: Id) -> Id {
        let shape = self.net.shape(input).to_vec();
        let taps = (self.rng.from_to(1, 3), self.rng.from_to(1, 3));
        let outputs = shape[3] * self.rng.from_to(1, if shape[3] == 1 { 6 } else { 2 });
        let (dtype, limit) = self.weight_type(input);
        // `[outputs][taps]`, turned over.
        let weights = self.weights(outputs, taps.0 * taps.1, 1, limit);
        let across = taps.0 * taps.1;
        let turned: Vec<i64> =
            (0..weights.len()).map(|index| weights[index % outputs * across + index / outputs]).collect();
        let scales = self.scales(outputs);
        let filter = self.net.constant(&[1, taps.0, taps.1, outputs], dtype, scales, (0, 3), &turned);
        let kind = self.net.kind(input).0;
        let (bias, zero) = (self.bias(outputs, kind), self.zero(kind));
        let slide = self.slide(&shape, taps);
        self.net.depthwise(input, filter, bias, slide, zero)
    }

    fn fully_connected(&mut self, input: Id) -> Id {
        let inputs: usize = self.net.shape(input).iter().product();
        let outputs = self.rng.from_to(1, 7);
        let kind = self.net.kind(input).0;
        let zero =
            if kind == DType::Int8 && self.rng.chance(2) { self.rng.from_to(0, 10) as i64 - 5 } else { 0 };
        let mut weights = self.weights(outputs, 1, inputs, 60);
        weights.iter_mut().for_each(|weight| *weight += zero);
        let weights = self.net.constant(&[outputs, inputs], DType::Int8, vec![FINE], (zero, 0), &weights);
        let (bias, to, activation) = (self.bias(outputs, kind), self.zero(kind), self.activation());
        self.net.fully_connected(input, weights, bias, activation, to)
    }

    /// A sum, difference or product with an earlier image or a constant.
    fn pair(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let fits = |id: &Id| self.net.shape(*id) == shape && self.net.kind(*id).0 == kind.0;
        let like: Vec<Id> = self.images.iter().copied().filter(fits).collect();
        let other = if self.rng.chance(3) {
            let channels = if self.rng.chance(3) { 1 } else { shape[shape.len() - 1] };
            let elements: Vec<i64> = (0..channels).map(|_| self.rng.below(256) as i64 - 128).collect();
            self.net.constant(&[channels], kind.0, vec![0.0625], (kind.1, 0), &elements)
        } else {
            *self.rng.pick(&like)
        };
        let output = {
            let zero = self.zero(kind.0);
            self.net.tensor(&shape, kind.0, zero)
        };
        let activation = self.activation();
        let (op, options) = match self.rng.below(3) {
            0 => (BuiltinOp::Add, Options::Add { activation, pot_scale_int16: false }),
            1 => (BuiltinOp::Sub, Options::Sub { activation, pot_scale_int16: false }),
            _ => (BuiltinOp::Mul, Options::Mul { activation }),
        };
        let inputs = if self.rng.chance(2) { [input, other] } else { [other, input] };
        self.net.push(op, &inputs, output, options)
    }

    fn join(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let fits = |id: &Id| {
            let other = self.net.shape(*id);
            other.len() == shape.len()
                && other[..shape.len() - 1] == shape[..shape.len() - 1]
                && self.net.kind(*id) == kind
        };
        let like: Vec<Id> = self.images.iter().copied().filter(fits).collect();
        let other = *self.rng.pick(&like);
        let inputs = if self.rng.chance(2) { [input, other] } else { [other, input] };
        let mut shape = shape;
        let rank = shape.len();
        shape[rank - 1] += self.net.shape(other)[rank - 1];
        let output = self.net.tensor(&shape, kind.0, kind.1);
        let options = Options::Concatenation { axis: -1, activation: Activation::None };
        self.net.push(BuiltinOp::Concatenation, &inputs, output, options)
    }

    /// An operator of single elements.
    fn each(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let (op, options) = match self.rng.below(4) {
            0 => (BuiltinOp::Quantize, Options::None),
            1 => (BuiltinOp::HardSwish, Options::None),
            2 => (BuiltinOp::LeakyRelu, Options::LeakyRelu { alpha: -0.5 }),
            _ => (BuiltinOp::Relu, Options::None),
        };
        let (op, options) = match kind.0 {
            DType::Int8 => (op, options),
            _ => (BuiltinOp::Quantize, Options::None),
        };
        let zero = self.zero(kind.0);
        let output = self.net.tensor(&shape, kind.0, zero);
        self.net.push(op, &[input], output, options)
    }

    fn pool(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let output = self.net.tensor(&shape, kind.0, kind.1);
        let options = Options::Pool2D {
            padding: Padding::Same,
            stride_w: 1,
            stride_h: 1,
            filter_w: self.rng.from_to(1, 3) as i32,
            filter_h: 2,
            activation: self.activation(),
        };
        let op = *self.rng.pick(&[BuiltinOp::AveragePool2D, BuiltinOp::MaxPool2D]);
        self.net.push(op, &[input], output, options)
    }

    fn mean(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let axes = self.net.constant(&[2], DType::Int32, vec![], (0, 0), &[1, 2]);
        let zero = self.zero(kind.0);
        let output = self.net.tensor(&[shape[0], 1, 1, shape[3]], kind.0, zero);
        self.net.push(BuiltinOp::Mean, &[input, axes], output, Options::Reducer { keep_dims: true })
    }

    fn pad(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let amounts = self.net.constant(&[4, 2], DType::Int32, vec![], (0, 0), &[0, 0, 1, 0, 0, 2, 0, 0]);
        let output = self.net.tensor(&[shape[0], shape[1] + 1, shape[2] + 2, shape[3]], kind.0, kind.1);
        self.net.push(BuiltinOp::Pad, &[input, amounts], output, Options::None)
    }

    fn flatten(&mut self, input: Id) -> Id {
        let (kind, shape) = (self.net.kind(input), self.net.shape(input).to_vec());
        let flat = [shape[0], shape[1..].iter().product()];
        let output = self.net.tensor(&flat, kind.0, kind.1);
        let sizes = flat.map(|size| size as i64);
        let new_shape = self.net.constant(&[2], DType::Int32, vec![], (0, 0), &sizes);
        self.net.push(BuiltinOp::Reshape, &[input, new_shape], output, Options::None)
    }

    fn softmax(&mut self, input: Id) -> Id {
        let shape = self.net.shape(input).to_vec();
        let kind = self.net.kind(input).0;
        let output = self.net.probabilities(&shape, kind);
        self.net.push(BuiltinOp::Softmax, &[input], output, Options::Softmax { beta: 1.0 })
    }
}

/// A model compiled as it is, and without dead work.
struct Both {
    /// As it is.
    whole: Compiled,
    /// Without dead work.
    cut: Compiled,
}

impl Both {
    /// Compiles a file both ways.
    fn of(file: &[u8]) -> Self {
        let with = |options: CompileOptions| {
            compile("net", file, options).unwrap_or_else(|error| panic!("refused: {error}"))
        };
        Self { whole: with(CompileOptions::DEVICE.dead_work(false)), cut: with(CompileOptions::DEVICE) }
    }

    /// The same, with weights packed for an instruction set where dead work is out.
    fn packed(file: &[u8], isa: Isa) -> Self {
        let cut = compile("net", file, CompileOptions::DEVICE.for_isa(isa));
        Self { cut: cut.unwrap_or_else(|error| panic!("refused: {error}")), ..Self::of(file) }
    }

    /// Multiply-adds of the one and of the other.
    fn macs(&self) -> (u64, u64) {
        (compiler::ops::total_macs(&self.whole.graph), compiler::ops::total_macs(&self.cut.graph))
    }

    /// Runs both on the same bytes and says whether they give the same.
    fn agree(&self, rng: &mut Rng) -> bool {
        let (kind, seed) = (rng.below(4), rng.next());
        let fill = |rng: &mut Rng, place: &mut [u8]| {
            place.fill_with(|| match kind {
                0 => 0x7f,
                1 => 0x80,
                _ => rng.next() as u8,
            });
        };
        let [whole, cut] = [&self.whole, &self.cut].map(|compiled| {
            let mut rng = Rng::new(seed);
            run(compiled, |_, place| fill(&mut rng, place))
        });
        whole == cut
    }
}

/// A network of up to eight layers.
fn draw(rng: &mut Rng) -> Net {
    let dtype = if rng.chance(5) { DType::Int16 } else { DType::Int8 };
    let mut lot = Lot { rng, net: Net::default(), images: Vec::new() };
    let shape = [1, lot.rng.from_to(1, 6), lot.rng.from_to(1, 6), lot.rng.from_to(1, 6)];
    let zero = lot.zero(dtype);
    let mut at = lot.net.input(&shape, dtype, zero);
    lot.images.push(at);
    for _ in 0..lot.rng.from_to(2, 8) {
        at = match lot.rng.below(14) {
            0..=3 => lot.conv(at),
            4..=6 => lot.depthwise(at),
            7 | 8 => lot.pair(at),
            9 => lot.join(at),
            10 => lot.each(at),
            11 => lot.pool(at),
            12 => lot.mean(at),
            _ => lot.pad(at),
        };
        lot.images.push(at);
        if lot.rng.chance(12) {
            lot.net.outputs.push(at);
        }
    }
    match lot.rng.below(4) {
        0 => at = lot.fully_connected(at),
        1 => {
            let flat = lot.flatten(at);
            at = lot.fully_connected(flat);
        }
        2 => {
            at = lot.fully_connected(at);
            at = lot.softmax(at);
        }
        _ => at = lot.conv(at),
    }
    if !lot.net.outputs.contains(&at) {
        lot.net.outputs.push(at);
    }
    lot.net
}

#[test]
fn networks_drawn_by_lot_give_the_same_bytes() {
    let (mut fewer, mut total) = (0, (0, 0));
    for seed in 0..NETS {
        let mut rng = Rng::new(seed);
        let isa = *rng.pick(Isa::ALL);
        let both = Both::packed(&draw(&mut rng).file(), isa);
        let (whole, cut) = both.macs();
        assert!(cut <= whole, "seed {seed}: {whole} multiply-adds became {cut}");
        fewer += u64::from(cut < whole);
        total = (total.0 + whole, total.1 + cut);
        for _ in 0..3 {
            assert!(both.agree(&mut rng), "seed {seed}, {isa}: other bytes");
        }
    }
    assert!(fewer > NETS / 2, "of {NETS} networks only {fewer} lost work, {total:?}");
}

/// An image of two channels: the input's, and one that is `constant`, from a filter that is all zero.
fn two_channels(net: &mut Net, constant: i64) -> Id {
    let input = net.input(&[1, 4, 4, 1], DType::Int8, -128);
    let filter = net.constant(&[2, 1, 1, 1], DType::Int8, vec![1.0], (0, 0), &[1, 0]);
    // One unit of the sum is one unit of the output.
    let bias = net.constant(&[2], DType::Int32, vec![], (0, 0), &[0, constant + 128]);
    net.conv(input, filter, bias, Slide::of(Padding::Valid), -128)
}

/// A depthwise layer over two channels, and a sum of what it gives.
fn depthwise_then_sum(net: &mut Net, image: Id, padding: Padding) -> Id {
    let filter = net.constant(&[1, 3, 3, 2], DType::Int8, vec![0.05], (0, 3), &[1; 18]);
    let bias = net.constant(&[2], DType::Int32, vec![], (0, 0), &[0, 0]);
    let deep = net.depthwise(image, filter, bias, Slide::of(padding), -128);
    let filter = net.constant(&[3, 1, 1, 2], DType::Int8, vec![0.5], (0, 0), &[1, 1, 2, 3, 1, 2]);
    let bias = net.constant(&[3], DType::Int32, vec![], (0, 0), &[1, 2, 3]);
    net.conv(deep, filter, bias, Slide::of(Padding::Same), -128)
}

fn macs_of(constant: i64, padding: Padding) -> (u64, u64) {
    let mut net = Net::default();
    let image = two_channels(&mut net, constant);
    let output = depthwise_then_sum(&mut net, image, padding);
    net.outputs.push(output);
    let both = Both::of(&net.file());
    assert!((0..8).all(|seed| both.agree(&mut Rng::new(seed))));
    both.macs()
}

#[test]
fn a_constant_of_the_zero_point_goes_through_padding() {
    let whole = 16 * 2 + 16 * 9 * 2 + 16 * 2 * 3;
    assert_eq!(macs_of(-128, Padding::Same), (whole, whole / 2));
}

#[test]
fn another_constant_stays_where_padding_makes_it_differ_from_place_to_place() {
    let whole = 16 * 2 + 16 * 9 * 2 + 16 * 2 * 3;
    assert_eq!(macs_of(-100, Padding::Same), (whole, whole));
}

#[test]
fn another_constant_goes_where_no_tap_meets_padding() {
    let whole = 16 * 2 + 4 * 9 * 2 + 4 * 2 * 3;
    assert_eq!(macs_of(-100, Padding::Valid), (whole, whole / 2));
}

#[test]
fn a_channel_that_is_limited_to_one_value_goes() {
    let mut net = Net::default();
    let input = net.input(&[1, 3, 3, 2], DType::Int8, 0);
    // The second sum is at most 2 · 128 · 3 − 1000 < 0, which RELU makes 0 of.
    let filter = net.constant(&[2, 1, 1, 2], DType::Int8, vec![1.0], (0, 0), &[1, 2, 3, 3]);
    let bias = net.constant(&[2], DType::Int32, vec![], (0, 0), &[0, -1000]);
    let relu = Slide { activation: Activation::Relu, ..Slide::of(Padding::Valid) };
    let hidden = net.conv(input, filter, bias, relu, 0);
    let filter = net.constant(&[1, 1, 1, 2], DType::Int8, vec![0.1], (0, 0), &[7, 9]);
    let bias = net.constant(&[1], DType::Int32, vec![], (0, 0), &[3]);
    let output = net.conv(hidden, filter, bias, Slide::of(Padding::Valid), 0);
    net.outputs.push(output);
    let both = Both::of(&net.file());
    assert_eq!(both.macs(), (9 * 4 + 9 * 2, 9 * 2 + 9));
    assert!((0..8).all(|seed| both.agree(&mut Rng::new(seed))));
}

#[test]
fn a_channel_that_meets_zero_weights_only_is_not_computed() {
    let mut net = Net::default();
    let input = net.input(&[1, 3, 3, 2], DType::Int8, 5);
    let filter = net.constant(&[3, 1, 1, 2], DType::Int8, vec![1.0], (0, 0), &[1, 2, 3, 3, 4, 5]);
    let bias = net.constant(&[3], DType::Int32, vec![], (0, 0), &[0; 3]);
    let hidden = net.conv(input, filter, bias, Slide::of(Padding::Valid), 1);
    let filter = net.constant(&[1, 3, 3, 3], DType::Int8, vec![0.1], (0, 0), &[[7, 0, 9]; 9].concat());
    let bias = net.constant(&[1], DType::Int32, vec![], (0, 0), &[3]);
    let output = net.conv(hidden, filter, bias, Slide::of(Padding::Same), 2);
    net.outputs.push(output);
    let both = Both::of(&net.file());
    assert_eq!(both.macs(), (9 * 6 + 81 * 3, 9 * 4 + 81 * 2));
    assert!((0..8).all(|seed| both.agree(&mut Rng::new(seed))));
}

/// Multiply-adds of a 3 × 3 filter over one channel, all of its weights 1 but for `zeros`, with and without dead work.
fn macs_of_filter(image: [usize; 2], zeros: &[usize], slide: Slide, is_depthwise: bool) -> (u64, u64) {
    let mut net = Net::default();
    let input = net.input(&[1, image[0], image[1], 1], DType::Int8, 3);
    let elements: Vec<i64> = (0..9).map(|tap| i64::from(!zeros.contains(&tap))).collect();
    let shape = [1, 3, 3, 1];
    let bias = net.constant(&[1], DType::Int32, vec![], (0, 0), &[5]);
    let output = if is_depthwise {
        let filter = net.constant(&shape, DType::Int8, vec![0.3], (0, 3), &elements);
        net.depthwise(input, filter, bias, slide, -4)
    } else {
        let filter = net.constant(&shape, DType::Int8, vec![0.3], (0, 0), &elements);
        net.conv(input, filter, bias, slide, -4)
    };
    net.outputs.push(output);
    let both = Both::of(&net.file());
    assert!((0..8).all(|seed| both.agree(&mut Rng::new(seed))));
    both.macs()
}

#[test]
fn taps_that_meet_padding_only_go() {
    let same = Slide::of(Padding::Same);
    for is_depthwise in [false, true] {
        assert_eq!(macs_of_filter([1, 1], &[], same, is_depthwise), (9, 1));
        assert_eq!(macs_of_filter([1, 4], &[], same, is_depthwise), (36, 12));
        assert_eq!(macs_of_filter([2, 2], &[], same, is_depthwise), (36, 36));
        let wide = Slide { dilation: [4; 2], ..same };
        assert_eq!(macs_of_filter([4, 4], &[], wide, is_depthwise), (144, 16));
        // With two pixels and a stride of two the window begins at the first pixel: the last row and column miss.
        let far = Slide { stride: [2; 2], ..same };
        assert_eq!(macs_of_filter([2, 2], &[], far, is_depthwise), (9, 4));
    }
}

#[test]
fn outer_taps_of_no_weight_go() {
    let (same, valid) = (Slide::of(Padding::Same), Slide::of(Padding::Valid));
    assert_eq!(macs_of_filter([4, 4], &[0, 1, 2], same, false), (144, 96));
    assert_eq!(macs_of_filter([4, 4], &[2, 5, 8], same, true), (144, 96));
    assert_eq!(macs_of_filter([4, 4], &[0, 1, 2, 3, 5, 6, 7, 8], same, true), (144, 16));
    // Inside the image a window cannot begin later, nor may more of them fit.
    assert_eq!(macs_of_filter([4, 4], &[0, 1, 2, 6, 7, 8], valid, false), (36, 36));
}

#[test]
fn outputs_of_the_model_stay_whole() {
    let mut net = Net::default();
    let image = two_channels(&mut net, -100);
    net.outputs.push(image);
    let both = Both::of(&net.file());
    assert_eq!(both.cut.outputs[0].shape, [1, 4, 4, 2]);
    assert!((0..8).all(|seed| both.agree(&mut Rng::new(seed))));
}

#[test]
fn half_of_the_visual_wake_words_network_goes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models/networks");
    let Ok(file) = std::fs::read(folder.join("mlperf__vww_96_int8.tflite")) else {
        eprintln!("skipped: no {}", folder.display());
        return;
    };
    let both = Both::of(&file);
    assert_eq!(both.macs(), (7_489_664, 3_727_313));
    let bytes = |compiled: &Compiled| (compiled.layout.weights.len(), compiled.layout.arena_bytes);
    assert_eq!((bytes(&both.whole), bytes(&both.cut)), ((232_756, 55_296), (38_248, 55_296)));
}
