//! Pictures from PNG files.

use crate::MAX_BYTES;
use crate::error::SampleError;
use png::{ColorType, Decoder, Limits, Transformations};
use std::io::Cursor;

/// Rows of grey or red-green-blue pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Rows.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// 1 for grey, 3 for red, green, blue.
    pub channels: usize,
    /// The bytes, row by row, channels interleaved.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Reads a PNG of any colour type and depth: palettes are looked up, 16 bits cut to 8, and transparency dropped.
    ///
    /// # Errors
    /// What is broken, or would take more than [`MAX_BYTES`] unpacked.
    pub fn from_png(bytes: &[u8]) -> Result<Self, SampleError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_BYTES });
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let size = reader.output_buffer_size().filter(|&size| size <= MAX_BYTES);
        let mut pixels = vec![0; size.ok_or(SampleError::TooLarge { limit: MAX_BYTES })?];
        let frame = reader.next_frame(&mut pixels)?;
        pixels.truncate(frame.buffer_size());
        let (channels, stored) = match frame.color_type {
            ColorType::Grayscale => (1, 1),
            ColorType::GrayscaleAlpha => (1, 2),
            ColorType::Rgb | ColorType::Indexed => (3, 3),
            ColorType::Rgba => (3, 4),
        };
        if stored != channels {
            pixels = pixels.chunks_exact(stored).flat_map(|pixel| &pixel[..channels]).copied().collect();
        }
        let (height, width) = (frame.height as usize, frame.width as usize);
        Ok(Self { height, width, channels, pixels })
    }

    /// The picture in grey, by `features::image::grey`.
    pub(crate) fn into_grey(self) -> Result<Self, features::image::ImageError> {
        if self.channels == 1 {
            return Ok(self);
        }
        let mut pixels = vec![0; self.height * self.width];
        features::image::grey(&self.pixels, &mut pixels)?;
        Ok(Self { channels: 1, pixels, ..self })
    }

    /// The picture with three equal channels where it was grey.
    pub(crate) fn into_rgb(self) -> Self {
        if self.channels == 3 {
            return self;
        }
        let pixels = self.pixels.iter().flat_map(|&grey| [grey; 3]).collect();
        Self { channels: 3, pixels, ..self }
    }
}
