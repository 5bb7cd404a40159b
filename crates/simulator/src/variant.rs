//! What else could be run: the network smaller, thinner or in narrower weights, on other engines, at another point.

use crate::{
    machine::{EngineKind, EngineModel, Machine},
    network::{Layer, Network, Op, Precision, Weights},
    place::{Goal, Place},
    simulate::Settings,
};

/// A network, a machine and settings that differ from what was asked in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// In which way. Variants of a family follow one another from mild to strong.
    pub family: &'static str,
    /// The difference in words.
    pub text: String,
    /// The network.
    pub network: Network,
    /// The machine.
    pub machine: Machine,
    /// How it is run.
    pub settings: Settings,
}

/// Sides of the input, and channels, as shares of what they are.
const SHARES: [(f64, &str); 5] = [(0.875, "7/8"), (0.75, "3/4"), (0.625, "5/8"), (0.5, "1/2"), (0.25, "1/4")];

/// Below this an axis of the input is no picture and no time any more.
const SMALLEST_SIDE: u64 = 16;

/// All variants. Whether a variant answers as well as the original is not known here: it has to be trained and
/// measured.
pub fn variants(network: &Network, machine: &Machine, settings: Settings) -> Vec<Variant> {
    let of = |family, text: String, network: Network| Variant {
        family,
        text,
        network,
        machine: machine.clone(),
        settings,
    };
    let mut all = Vec::new();
    for (share, _) in SHARES {
        if let Some(smaller) = smaller_input(network, share) {
            let sides = |network: &Network| format!("{}x{}", network.input[1], network.input[2]);
            let text = format!("an input of {} in place of {}", sides(&smaller), sides(network));
            all.push(of("input", text, smaller));
        }
    }
    for (share, words) in SHARES {
        if let Some(thinner) = fewer_channels(network, share) {
            all.push(of("channels", format!("{words} of the channels in every layer"), thinner));
        }
    }
    let first = machine.engines.first();
    let takes = |format: Precision| {
        first.is_some_and(|engine| {
            engine.weights_gb_s.contains_key(format.name())
                || (engine.kind == EngineKind::Cpu && engine.model == EngineModel::Array)
        })
    };
    for (format, bits) in [(Precision::Int8, 8), (Precision::Int4, 4)] {
        if let Some(narrower) = narrower_weights(network, format).filter(|_| takes(format)) {
            all.push(of("weights", format!("weights of {bits} bits"), narrower));
        }
    }
    let computes_int8 = first.is_some_and(|engine| {
        engine.precision_speed.contains_key("int8") || engine.precisions.iter().any(|name| name == "int8")
    });
    if matches!(network.precision, Precision::Fp32 | Precision::Fp16) && computes_int8 {
        let text = format!("int8 in place of {}", network.precision.name());
        all.push(of("precision", text, network.clone().with_precision(Precision::Int8)));
    }
    if machine.engines.len() > 1 {
        let places = [
            (Place::Auto, Goal::Latency, "placed automatically to the least latency"),
            (Place::Auto, Goal::Energy, "placed automatically to the least energy"),
            (Place::Ne, Goal::Latency, "placed on the accelerator"),
            (Place::Gpu, Goal::Latency, "placed on the graphics processor"),
            (Place::Cpu, Goal::Latency, "placed on the general processor"),
        ];
        for (place, goal, text) in places {
            // The goal matters to automatic placement alone.
            let same = settings.place == place && (place != Place::Auto || settings.goal == goal);
            if !same {
                let settings = Settings { place, goal, ..settings };
                all.push(Variant { settings, ..of("placement", text.to_owned(), network.clone()) });
            }
        }
    }
    for point in machine.points.iter().skip(1) {
        if let Some(machine) = machine.at_point(&point.name) {
            all.push(Variant {
                machine,
                ..of("clock", format!("at the point {}", point.name), network.clone())
            });
        }
    }
    all
}

/// A share of a size, at least 1.
fn scaled(size: u64, share: f64) -> u64 {
    ((size as f64 * share).round() as u64).clamp(1, size.max(1))
}

/// Weights that follow the number of them: what the file says of their bytes is kept in proportion.
fn follow_weights(layer: &mut Layer, elements_before: f64) {
    let elements = layer.weight_elements();
    if let Some(bytes) = &mut layer.weight_bytes
        && elements_before > 0.0
    {
        *bytes = (*bytes as f64 * elements / elements_before).round() as u64;
    }
}

/// Whether a layer takes all outputs of the one before it at once, as a product after a picture does.
fn flattens(layer: &Layer, before: Option<&Layer>) -> bool {
    layer.op == Op::FullyConnected
        && before
            .is_some_and(|before| before.pixels() > 1.0 && before.out_elements() == layer.in_channels as f64)
}

/// The network on an input with a share of the rows and columns. `None` where the input has no sides to shrink.
fn smaller_input(network: &Network, share: f64) -> Option<Network> {
    let of_side = |side: u64| if side >= SMALLEST_SIDE { share } else { 1.0 };
    let (rows, columns) = (of_side(network.input[1]), of_side(network.input[2]));
    let pictures = network.layers.iter().any(|layer| layer.out_height > 1 || layer.out_width > 1);
    if (rows, columns) == (1.0, 1.0) || !pictures {
        return None;
    }
    let mut smaller = network.clone();
    smaller.input[1] = scaled(network.input[1], rows);
    smaller.input[2] = scaled(network.input[2], columns);
    for (index, original) in network.layers.iter().enumerate() {
        let before = index.checked_sub(1);
        let flat = flattens(original, before.and_then(|at| network.layers.get(at)));
        let outputs = before.and_then(|at| smaller.layers.get(at)).map(Layer::out_elements);
        let Some(layer) = smaller.layers.get_mut(index) else { continue };
        // Rows without columns, of a picture: patches in a sequence.
        let windowed = matches!(original.op, Op::Conv2d | Op::DepthwiseConv2d | Op::Pool2d);
        let sequence = original.out_width == 1 && network.input[2] > 1 && !windowed;
        layer.out_height = scaled(original.out_height, if sequence { rows * columns } else { rows });
        layer.out_width = scaled(original.out_width, columns);
        if let Op::Attention { keys: Some(keys), .. } = &mut layer.op {
            *keys = scaled(*keys, if sequence { rows * columns } else { rows });
        }
        if let Some(outputs) = outputs.filter(|_| flat) {
            layer.in_channels = (outputs as u64).max(1);
            follow_weights(layer, original.weight_elements());
        }
    }
    Some(smaller)
}

/// The network with a share of the channels between its input and its answer. `None` where there is nothing between.
fn fewer_channels(network: &Network, share: f64) -> Option<Network> {
    // Whole vectors of eight, as engines and kernels like them.
    let thin = |channels: u64| match channels {
        0..=8 => channels,
        _ => (((channels as f64 * share / 8.0).round() as u64) * 8).clamp(8, channels),
    };
    let has_weights = |layer: &Layer| layer.weight_elements() > 0.0;
    let last = network.layers.iter().rposition(has_weights)?;
    let mut thinner = network.clone();
    for (index, original) in network.layers.iter().enumerate() {
        let before = index.checked_sub(1);
        let flat = flattens(original, before.and_then(|at| network.layers.get(at)));
        let outputs = before.and_then(|at| thinner.layers.get(at)).map(Layer::out_elements);
        let Some(layer) = thinner.layers.get_mut(index) else { continue };
        // What enters the network and what leaves it stay.
        if index > 0 && index <= last {
            layer.in_channels = match outputs.filter(|_| flat) {
                Some(outputs) => (outputs as u64).max(1),
                None => thin(original.in_channels),
            };
        }
        if index < last {
            layer.out_channels = thin(original.out_channels);
        }
        if original.groups == original.in_channels {
            layer.groups = layer.in_channels;
        }
        if original.op == Op::DepthwiseConv2d && index == last {
            layer.out_channels = thin(original.out_channels);
        }
        if let Op::SqueezeExcite { reduced } = &mut layer.op {
            *reduced = thin(*reduced);
        }
        follow_weights(layer, original.weight_elements());
    }
    (thinner.weight_bytes() < network.weight_bytes()).then_some(thinner)
}

/// The network with every weight that is wider held in `format`. `None` where none is.
fn narrower_weights(network: &Network, format: Precision) -> Option<Network> {
    let to = Weights { format, zeros: 0.0 };
    let mut narrower = network.clone();
    let mut any = false;
    for layer in &mut narrower.layers {
        let from = layer.weights.unwrap_or(network.weights);
        if from.format == Precision::Sparse || from.bytes() <= to.bytes() || layer.weight_elements() <= 0.0 {
            continue;
        }
        if let Some(bytes) = &mut layer.weight_bytes {
            *bytes = (*bytes as f64 * to.bytes() / from.bytes()).ceil() as u64;
        }
        layer.weights = Some(to);
        any = true;
    }
    any.then_some(narrower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        machine::{find_machine, machines},
        network::{shipped_network, shipped_networks},
        simulate,
    };

    fn families(network: &str, machine: &str) -> Vec<(&'static str, String)> {
        let network = shipped_network(network).unwrap();
        let machine = find_machine(machine).unwrap();
        let all = variants(&network, &machine, Settings::default());
        all.into_iter().map(|variant| (variant.family, variant.text)).collect()
    }

    #[test]
    fn variants_say_what_they_change() {
        let all = families("mobilenet_v2_1.0_224", "ne16-30tops");
        let of = |family: &str| -> Vec<&str> {
            all.iter().filter(|(name, _)| *name == family).map(|(_, text)| text.as_str()).collect()
        };
        assert_eq!(of("input").first(), Some(&"an input of 196x196 in place of 224x224"));
        assert_eq!(of("input").len(), 5);
        assert_eq!(of("channels").last(), Some(&"1/4 of the channels in every layer"));
        assert!(of("placement").contains(&"placed on the general processor"), "{all:?}");
        assert!(!of("placement").contains(&"placed on the accelerator"), "{all:?}");
    }

    #[test]
    fn a_quarter_of_the_picture_is_a_quarter_of_the_work() {
        let network = shipped_network("mobilenet_v2_1.0_224").unwrap();
        let half = smaller_input(&network, 0.5).unwrap();
        let share = half.macs() / network.macs();
        // Seven rows become four, not three and a half, as they do in a network that is built for the smaller input.
        assert!((0.25..0.28).contains(&share), "{share}");
        assert_eq!(half.weight_bytes(), network.weight_bytes());
    }

    #[test]
    fn half_of_the_channels_is_about_a_quarter_of_the_work() {
        let network = shipped_network("resnet50_224").unwrap();
        let half = fewer_channels(&network, 0.5).unwrap();
        let share = half.macs() / network.macs();
        assert!((0.2..0.35).contains(&share), "{share}");
        let (ends, kept) = (half.layers.last().unwrap(), network.layers.last().unwrap());
        assert_eq!(ends.out_channels, kept.out_channels);
        assert_eq!(half.layers[0].in_channels, network.layers[0].in_channels);
        // Depthwise layers stay depthwise.
        let mobile = fewer_channels(&shipped_network("mobilenet_v2_1.0_224").unwrap(), 0.5).unwrap();
        for layer in mobile.layers.iter().filter(|layer| layer.op == Op::DepthwiseConv2d) {
            assert_eq!((layer.groups, layer.out_channels), (layer.in_channels, layer.in_channels));
        }
    }

    #[test]
    fn narrower_weights_take_their_share() {
        let network = shipped_network("resnet50_224").unwrap();
        let before = network.layers.iter().map(|layer| network.layer_weight_bytes(layer)).sum::<f64>();
        let narrow = narrower_weights(&network, Precision::Int4).unwrap();
        let bits = network.weights.bytes() * 8.0;
        assert!((narrow.weight_bytes() / before - 4.0 / bits).abs() < 0.01);
        assert_eq!(narrower_weights(&narrow, Precision::Int8), None);
    }

    #[test]
    fn every_shipped_network_can_be_varied_on_every_machine_without_growing() {
        let machines = machines().unwrap();
        for network in shipped_networks().unwrap() {
            for machine in machines.iter().step_by(7) {
                for variant in variants(&network, machine, Settings::default()) {
                    let (now, then) = (variant.network.macs(), network.macs());
                    assert!(now <= then * 1.0001, "{} {}: {now} of {then}", network.name, variant.text);
                    let weights = variant.network.weight_bytes();
                    assert!(weights <= network.weight_bytes() + 64.0, "{} {}", network.name, variant.text);
                    if let Ok(priced) = simulate(&variant.network, &variant.machine, variant.settings) {
                        assert!(priced.total_us.is_finite() && priced.total_us >= 0.0);
                    }
                }
            }
        }
    }
}
