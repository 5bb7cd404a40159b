//! Layers whose filters see some of the channels, as convolutions.

use kernels::reference::{Conv2d, ConvShape, DepthwiseConv2d};

use super::Weighted;

/// A depthwise convolution as one in groups of one channel: its filters one after the other.
pub(super) fn of_channels(conv: &DepthwiseConv2d, layer: &Weighted) -> (Conv2d, Weighted) {
    let DepthwiseConv2d { window, input_zero, output_zero, clamp } = *conv;
    let channels = window.output.c as usize;
    let filters = (0..channels).flat_map(|channel| layer.filter.iter().skip(channel).step_by(channels));
    let filter = filters.copied().collect();
    let shape = ConvShape { window, filter_c: 1 };
    (Conv2d { shape, input_zero, output_zero, clamp }, with_filter(layer, filter))
}

/// A convolution in `most` groups or fewer as one without, with weights of 0 between; `None` where there are more.
pub(super) fn dissolved(conv: &Conv2d, layer: &Weighted, most: usize) -> Option<(Conv2d, Weighted)> {
    let window = conv.shape.window;
    let (in_c, seen) = (window.input.c as usize, conv.shape.filter_c as usize);
    if in_c.checked_div(seen)? > most {
        return None;
    }
    let of_group = conv.shape.group_outputs();
    let mut filter = vec![0; layer.filter.len() / seen * in_c];
    let pixels = filter.chunks_exact_mut(in_c.max(1)).zip(layer.filter.chunks_exact(seen));
    for (index, (to, from)) in pixels.enumerate() {
        let group = index / window.taps().max(1) / of_group;
        to.get_mut(group * seen..(group + 1) * seen)?.copy_from_slice(from);
    }
    let shape = ConvShape { filter_c: window.input.c, ..conv.shape };
    Some((Conv2d { shape, ..*conv }, with_filter(layer, filter)))
}

fn with_filter(layer: &Weighted, filter: Vec<i8>) -> Weighted {
    let (bias, multipliers) = (layer.bias.clone(), layer.multipliers.clone());
    Weighted { filter, bias, multipliers, ..*layer }
}
