//! CONV_2D and FULLY_CONNECTED on packed weights.

use quant::{ByProducts, ZeroPoint};

use super::columns::Column;
use super::moves::{Windows, copy_windows};
use super::quads::{QUAD, Quads, Rows, slack};
use crate::reference::{ConvShape, MatrixShape};
use crate::{Hwc, KernelError, Window, Yx, blocks::Blocks as _};

/// A convolution whose weights are packed for Helium; its biases hold the input's zero.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct HeliumConv2d {
    /// What it reads. All input channels make one group.
    pub shape: ConvShape,
    /// What a tap outside the image reads: the input's zero.
    pub outside: ZeroPoint,
    /// From sums to outputs.
    pub finish: ByProducts,
}

/// A product with a matrix packed for Helium; its biases hold the input's zero.
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(C)]
pub struct HeliumFullyConnected {
    /// Lengths.
    pub shape: MatrixShape,
    /// From sums to outputs.
    pub finish: ByProducts,
}

/// Weights and constants as [`HeliumConv2d`] and [`HeliumFullyConnected`] read them.
///
/// | buffer      | order                                                            | elements           |
/// |-------------|------------------------------------------------------------------|--------------------|
/// | `weights`   | quads: per 16 of depth, and for its rest, channel by channel; then channels without a quad; then [`slack`] | channels · depth + slack |
/// | `constants` | per quad 4 biases, 4 mantissas; then as many biases and mantissas as channels are left | 2 · channels |
/// | `exponents` | `[channel]`, of the second product                               | channels           |
#[derive(Clone, Copy, Debug)]
pub struct HeliumWeights<'a> {
    /// Filters.
    pub weights: &'a [i8],
    /// Biases with the input's zero in them, and mantissas.
    pub constants: &'a [i32],
    /// Exponents of the second products.
    pub exponents: &'a [i8],
}

/// A layer's channels, in quads and left over.
struct Channels<'a> {
    quads: Quads<'a>,
    rest_weights: &'a [i8],
    rest_constants: &'a [i32],
    rest_exponents: &'a [i8],
}

impl<'a> Channels<'a> {
    fn of(
        packed: HeliumWeights<'a>,
        depth: usize,
        channels: usize,
        finish: &'a ByProducts,
    ) -> Result<Self, KernelError> {
        let elements = depth.checked_mul(channels).and_then(|all| all.checked_add(slack(depth)));
        KernelError::check(elements, packed.weights.len())?;
        KernelError::check(channels.checked_mul(2), packed.constants.len())?;
        KernelError::check(Some(channels), packed.exponents.len())?;
        let whole = channels / QUAD * QUAD;
        let rest_weights = packed.weights.get(whole * depth..);
        let (Some((constants, rest_constants)), Some((exponents, rest_exponents)), Some(rest_weights)) = (
            packed.constants.split_at_checked(2 * whole),
            packed.exponents.split_at_checked(whole),
            rest_weights,
        ) else {
            return Err(KernelError::Geometry);
        };
        let quads = Quads { weights: packed.weights, constants, exponents, depth, finish };
        Ok(Self { quads, rest_weights, rest_constants, rest_exponents })
    }

    fn apply(&self, rows: &mut Rows<'_>) -> Result<(), KernelError> {
        self.quads.apply(rows)?;
        if self.rest_exponents.is_empty() {
            return Ok(());
        }
        let first = QUAD * self.quads.count();
        let Some((biases, mantissas)) = self.rest_constants.split_at_checked(self.rest_exponents.len())
        else {
            return Err(KernelError::Geometry);
        };
        let factors = biases.iter().zip(mantissas).zip(self.rest_exponents);
        for ((channel, ((&bias, &mantissa), &exponent)), weights) in
            (first..).zip(factors).zip(self.rest_weights.blocks(self.quads.depth))
        {
            let exponent = exponent as u8;
            let column = Column { weights, bias, mantissa, exponent, finish: self.quads.finish };
            column.apply(rows, channel)?;
        }
        Ok(())
    }
}

impl HeliumFullyConnected {
    /// Multiplies; byte for byte [`fully_connected_s8`](crate::reference::fully_connected_s8) on the weights
    /// that were packed.
    ///
    /// # Cost
    /// Per output, one instruction and an eighth for 16 products, and about 5.
    ///
    /// # Errors
    /// [`KernelError::Length`] or [`KernelError::Geometry`].
    pub fn run(&self, input: &[i8], packed: HeliumWeights<'_>, output: &mut [i8]) -> Result<(), KernelError> {
        let MatrixShape { batch, inputs, outputs } = self.shape;
        let (rows, inputs, outputs) = (batch as usize, inputs as usize, outputs as usize);
        KernelError::check(inputs.checked_mul(rows), input.len())?;
        KernelError::check(outputs.checked_mul(rows), output.len())?;
        let channels = Channels::of(packed, inputs, outputs, &self.finish)?;
        channels.apply(&mut Rows { input, input_step: inputs, rows, output, output_step: outputs })
    }
}

/// The most windows that are copied together.
const MOST_COPIED: usize = 32;

/// The most bytes of windows that are copied together, unless two windows have more.
const COPIED_BYTES: usize = 2560;

/// What a convolution's scratch holds: rows of the image with a frame around them, and copied windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scratch {
    /// Distances of a window's runs, as `u32`.
    runs: usize,
    /// Elements of a run.
    run: usize,
    /// Framed rows: elements of one; 0 when the image needs no frame.
    framed_row: usize,
    framed: usize,
    /// Windows copied together.
    pixels: usize,
    windows: usize,
}

impl HeliumConv2d {
    /// Whether rows of the image are rows of inputs as they stand: one tap, always inside.
    fn is_direct(&self) -> bool {
        self.shape.window.taps() == 1 && self.shape.window.stays_inside()
    }

    fn scratch(&self) -> Option<Scratch> {
        let Window { input, output, size, stride, dilation, .. } = self.shape.window;
        if self.is_direct() {
            return Some(Scratch { runs: 0, run: 0, framed_row: 0, framed: 0, pixels: 0, windows: 0 });
        }
        let depth = self.shape.filter_elements();
        let channels = input.c as usize;
        let (runs, run) = if dilation.x == 1 {
            (usize::from(size.y), usize::from(size.x).checked_mul(channels)?)
        } else {
            (self.shape.window.taps(), channels)
        };
        let framed_row = if self.shape.window.stays_inside() {
            0
        } else {
            let last = (output.w as usize).checked_sub(1)?.checked_mul(stride.x.into())?;
            let reach = usize::from(size.x).checked_sub(1)?.checked_mul(dilation.x.into())?;
            last.checked_add(reach)?.checked_add(1)?.checked_mul(channels)?
        };
        let framed = framed_row.checked_mul(size.y.into())?;
        let at_once = (COPIED_BYTES / depth.max(1)).clamp(2, MOST_COPIED);
        // As few turns as that allows, each about as long, and even so that rows go in pairs.
        let turns = (output.w as usize).div_ceil(at_once).max(1);
        let pixels = (output.w as usize).div_ceil(turns).next_multiple_of(2);
        Some(Scratch { runs, run, framed_row, framed, pixels, windows: depth.checked_mul(pixels)? })
    }

    /// Bytes of scratch that a run needs, aligned to 4; `None` for a shape that cannot be.
    pub fn scratch_bytes(&self) -> Option<usize> {
        let scratch = self.scratch()?;
        scratch.runs.checked_mul(4)?.checked_add(scratch.framed)?.checked_add(scratch.windows)
    }

    /// Convolves; byte for byte [`conv_2d_s8`](crate::reference::conv_2d_s8) on the weights that were packed.
    ///
    /// Windows of more than one tap are copied one behind the other, from rows that have the input's zero
    /// around them where the window can leave the image.
    ///
    /// # Cost
    /// Per output, one instruction and seven eighths for 16 products, and about 4. Scratch as
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
        let window = &self.shape.window;
        window.check(input.len(), output.len())?;
        if self.shape.filter_c != window.input.c || window.dilation.x == 0 {
            return Err(KernelError::Geometry);
        }
        let depth = self.shape.filter_elements();
        let channels = Channels::of(packed, depth, window.output.c as usize, &self.finish)?;
        let sizes = self.scratch().ok_or(KernelError::Geometry)?;
        KernelError::check(self.scratch_bytes().map(|bytes| bytes.div_ceil(4)), scratch.len())?;
        let Some((runs, rest)) = scratch.split_at_mut_checked(sizes.runs) else {
            return Err(KernelError::Geometry);
        };
        let bytes: &mut [i8] = bytemuck::cast_slice_mut(rest);
        let Some((framed, windows)) = bytes.split_at_mut_checked(sizes.framed) else {
            return Err(KernelError::Geometry);
        };
        let image = |size: Hwc| size.elements().unwrap_or(0);
        for (input, output) in input.blocks(image(window.input)).zip(output.blocks_mut(image(window.output)))
        {
            if self.is_direct() {
                self.direct(&channels, input, output)?;
            } else {
                self.copied(&channels, input, output, Parts { sizes, runs, framed, windows })?;
            }
        }
        Ok(())
    }

    /// One tap: the image's pixels are rows of inputs.
    fn direct(&self, channels: &Channels<'_>, input: &[i8], output: &mut [i8]) -> Result<(), KernelError> {
        let Window { input: from, output: to, stride, .. } = self.shape.window;
        let (in_c, out_c) = (from.c as usize, to.c as usize);
        if stride == (Yx { y: 1, x: 1 }) && from.w == to.w {
            let rows = to.h as usize * to.w as usize;
            return channels.apply(&mut Rows { input, input_step: in_c, rows, output, output_step: out_c });
        }
        let input_row = from.w as usize * in_c * usize::from(stride.y);
        let output_row = (to.w as usize * out_c).max(1);
        for (y, output) in output.blocks_mut(output_row).enumerate() {
            let input = input.get(y * input_row..).ok_or(KernelError::Geometry)?;
            let input_step = in_c * usize::from(stride.x);
            channels.apply(&mut Rows {
                input,
                input_step,
                rows: to.w as usize,
                output,
                output_step: out_c,
            })?;
        }
        Ok(())
    }

    fn copied(
        &self,
        channels: &Channels<'_>,
        input: &[i8],
        output: &mut [i8],
        parts: Parts<'_>,
    ) -> Result<(), KernelError> {
        let window = &self.shape.window;
        let Parts { sizes, runs, framed, windows } = parts;
        let (in_c, out_c) = (window.input.c as usize, window.output.c as usize);
        let image_row = window.input.w as usize * in_c;
        let source_row =
            if sizes.framed_row == 0 { image_row * usize::from(window.dilation.y) } else { sizes.framed_row };
        // Runs lie one below the other, or tap by tap beside each other.
        let across = (sizes.runs / usize::from(window.size.y).max(1)).max(1);
        for (ky, row) in runs.blocks_mut(across).enumerate() {
            for (kx, run) in row.iter_mut().enumerate() {
                *run = (ky * source_row + kx * usize::from(window.dilation.x) * in_c) as u32;
            }
        }
        let pixel_step = usize::from(window.stride.x) * in_c;
        let output_row = (window.output.w as usize * out_c).max(1);
        for (y, output) in output.blocks_mut(output_row).enumerate() {
            let source = if sizes.framed_row == 0 {
                input.get(y * usize::from(window.stride.y) * image_row..).ok_or(KernelError::Geometry)?
            } else {
                self.frame(y as u32, input, framed, sizes.framed_row)?;
                &*framed
            };
            for (turn, output) in output.chunks_mut((sizes.pixels * out_c).max(1)).enumerate() {
                let pixels = output.len() / out_c.max(1);
                let source = source.get(turn * sizes.pixels * pixel_step..).ok_or(KernelError::Geometry)?;
                let which = Windows { runs, run: sizes.run, pixels, step: pixel_step };
                if !copy_windows(&which, source, windows) {
                    return Err(KernelError::Geometry);
                }
                let depth = self.shape.filter_elements();
                channels.apply(&mut Rows {
                    input: windows,
                    input_step: depth,
                    rows: pixels,
                    output,
                    output_step: out_c,
                })?;
            }
        }
        Ok(())
    }

    /// Copies the rows that output row `y` reads, with the input's zero where there is no image.
    fn frame(&self, y: u32, input: &[i8], framed: &mut [i8], framed_row: usize) -> Result<(), KernelError> {
        let window = &self.shape.window;
        let channels = window.input.c as usize;
        let image_row = window.input.w as usize * channels;
        let rows = window.rows(y);
        let left = (usize::from(window.pad.x) * channels).min(framed_row);
        let width = image_row.min(framed_row - left);
        for (ky, framed) in framed.blocks_mut(framed_row).enumerate() {
            let inside = (rows.begin..rows.end).contains(&ky);
            if !inside {
                framed.fill(self.outside.0 as i8);
                continue;
            }
            let at = (rows.first + (ky - rows.begin) * rows.step) * image_row;
            let (Some(from), Some((before, rest))) =
                (input.get(at..).and_then(|row| row.get(..width)), framed.split_at_mut_checked(left))
            else {
                return Err(KernelError::Geometry);
            };
            let Some((middle, after)) = rest.split_at_mut_checked(width) else {
                return Err(KernelError::Geometry);
            };
            before.fill(self.outside.0 as i8);
            copy_windows(&Windows { runs: &[0], run: width, pixels: 1, step: 0 }, from, middle);
            after.fill(self.outside.0 as i8);
        }
        Ok(())
    }
}

/// A convolution's scratch, cut into its parts.
struct Parts<'s> {
    sizes: Scratch,
    runs: &'s mut [u32],
    framed: &'s mut [i8],
    windows: &'s mut [i8],
}
