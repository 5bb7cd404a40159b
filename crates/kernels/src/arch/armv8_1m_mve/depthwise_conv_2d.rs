//! DEPTHWISE_CONV_2D on packed weights.

use quant::{ByProducts, ZeroPoint};

use super::conv_2d::HeliumWeights;
use super::planes::{ChannelRun, MOST_TAPS, Patch, Planes};
use crate::{Hwc, KernelError, Window, Yx, blocks::Blocks as _};

/// The most bytes of scratch that a tile is chosen for.
const MOST_SCRATCH: usize = 4096;

/// A depthwise convolution whose weights are packed for Helium; its biases hold the input's zero.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct HeliumDepthwiseConv2d {
    /// Where each output reads. `output.c` is a multiple of `input.c`.
    pub window: Window,
    /// Outputs that are computed together, in rows and columns.
    pub tile: Yx,
    /// What a tap outside the image reads: the input's zero.
    pub outside: ZeroPoint,
    /// From sums to outputs.
    pub finish: ByProducts,
}

impl HeliumDepthwiseConv2d {
    /// Chooses the tile that takes the fewest instructions within a few kilobytes of scratch; `None` for a shape
    /// that the kernel cannot compute.
    pub fn new(window: Window, outside: ZeroPoint, finish: ByProducts) -> Option<Self> {
        let taps = window.taps();
        if taps == 0 || taps > MOST_TAPS || window.dilation.y == 0 || window.dilation.x == 0 {
            return None;
        }
        let most = |outputs: u32| u16::try_from(outputs).unwrap_or(u16::MAX).min(256);
        let (height, width) = (most(window.output.h), most(window.output.w));
        let mut best = None;
        for y in 1..=height {
            for x in 1..=width {
                let tile = Yx { y, x };
                let Some(patch) = Patch::of(&window, tile) else { break };
                if 4 * patch.scratch_words() > MOST_SCRATCH {
                    break;
                }
                let tiles = window.output.h.div_ceil(y.into()) * window.output.w.div_ceil(x.into());
                let cost = u64::from(tiles) * patch.instructions() as u64;
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, tile));
                }
            }
        }
        best.map(|(_, tile)| Self { window, tile, outside, finish })
    }

    /// Bytes of scratch that a run needs, aligned to 4; `None` for a shape that cannot be.
    pub fn scratch_bytes(&self) -> Option<usize> {
        Patch::of(&self.window, self.tile).map(|patch| 4 * patch.scratch_words())
    }

    /// Convolves; byte for byte [`depthwise_conv_2d_s8`](crate::reference::depthwise_conv_2d_s8) on the weights
    /// that were packed: `weights` channel by channel, `constants` bias and mantissa of each.
    ///
    /// # Cost
    /// Per output, about 5 instructions, and per input five eighths of one, for up to 16 taps. Scratch as
    /// [`scratch_bytes`](Self::scratch_bytes) says.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub fn run(
        &self,
        input: &[i8],
        packed: HeliumWeights<'_>,
        output: &mut [i8],
        scratch: &mut [u32],
    ) -> Result<(), KernelError> {
        let (window, tile) = (&self.window, self.tile);
        window.check(input.len(), output.len())?;
        let channels = window.output.c as usize;
        KernelError::check(window.taps().checked_mul(channels), packed.weights.len())?;
        KernelError::check(channels.checked_mul(2), packed.constants.len())?;
        KernelError::check(Some(channels), packed.exponents.len())?;
        let (height, width) = (window.output.h as usize, window.output.w as usize);
        let (Some(last_y), Some(last_x)) =
            (height.checked_sub(tile.y.into()), width.checked_sub(tile.x.into()))
        else {
            return Err(KernelError::Geometry);
        };
        let multiplies = window.input.c > 0 && window.output.c.is_multiple_of(window.input.c);
        if !multiplies || window.dilation.y == 0 || window.dilation.x == 0 {
            return Err(KernelError::Geometry);
        }
        let mut planes = Planes::new(window, tile, scratch).ok_or(KernelError::Geometry)?;
        let image = |size: Hwc| size.elements().unwrap_or(0);
        for (input, output) in input.blocks(image(window.input)).zip(output.blocks_mut(image(window.output)))
        {
            for y in (0..height).step_by(usize::from(tile.y).max(1)) {
                for x in (0..width).step_by(usize::from(tile.x).max(1)) {
                    // The last tile of a row or column overlaps the one before.
                    self.run_tile(&mut planes, (y.min(last_y), x.min(last_x)), input, packed, output)?;
                }
            }
        }
        Ok(())
    }

    fn run_tile(
        &self,
        planes: &mut Planes<'_>,
        (y, x): (usize, usize),
        input: &[i8],
        packed: HeliumWeights<'_>,
        output: &mut [i8],
    ) -> Result<(), KernelError> {
        let Window { input: from, output: to, .. } = self.window;
        let first = planes
            .enter(&self.window, self.tile, (y, x), self.outside.0 as i8)
            .ok_or(KernelError::Geometry)?;
        let input = input.get(first..).unwrap_or_default();
        let first = (y * to.w as usize + x) * to.c as usize;
        let output = output.get_mut(first..).ok_or(KernelError::Geometry)?;
        // Channels that share an input are computed one by one, others together.
        let multiplier = (to.c / from.c.max(1)).max(1) as usize;
        let at_once = if multiplier == 1 { from.c.max(1) as usize } else { 1 };
        let mut weights = packed.weights.blocks((at_once * self.window.taps()).max(1));
        let mut constants = packed.constants.blocks(2 * at_once);
        for (run, exponents) in packed.exponents.blocks(at_once).enumerate() {
            let channel = run * at_once;
            let (Some(weights), Some(constants)) = (weights.next(), constants.next()) else {
                return Err(KernelError::Geometry);
            };
            let mut channels = ChannelRun {
                input: input.get(channel / multiplier..).unwrap_or_default(),
                output: output.get_mut(channel..).unwrap_or_default(),
                weights,
                constants,
                exponents,
            };
            if !planes.apply(&mut channels, &self.finish) {
                return Err(KernelError::Geometry);
            }
        }
        Ok(())
    }
}
