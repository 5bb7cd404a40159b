//! Current sensors of Texas Instruments on a probe board, and what the board tells its host of them.
//!
//! The cheapest way to measure a device's energy is a sensor on a shunt, read by a microcontroller of its own. That one
//! runs a loop: at every tick of its timer, [`Sensor::read`], then [`Stream::push`], and what the latter gives goes to
//! the serial line. The host reads it with [`frame`], the same definition.
//!
//! ```
//! # use embedded_hal::i2c::I2c;
//! use sensors::{Ina226, Sensor, Stream};
//!
//! fn tick<B: I2c>(sensor: &mut Ina226<B>, stream: &mut Stream, pins: u8, send: &mut dyn FnMut(&[u8])) {
//!     // A sensor that does not answer is a sample that is missing, and never one that is made up.
//!     let reading = sensor.read().ok();
//!     if let Some(frame) = stream.push(reading, pins) {
//!         send(frame);
//!     }
//! }
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod frame;
mod ina219;
mod ina226;
mod ina228;
mod register;
mod stream;

pub use ina219::Ina219;
pub use ina226::{Averages, ConversionTime, Ina226};
pub use ina228::Ina228;
pub use stream::Stream;

/// What a sensor saw at one moment, in its own steps.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reading {
    /// Steps of the shunt's voltage, of [`Scale::shunt_picovolts`] each.
    pub shunt: i32,
    /// Steps of the supply's voltage, of [`Scale::bus_nanovolts`] each.
    pub bus: u32,
    /// The shunt's voltage was beyond the range: the figure is too low.
    pub is_overloaded: bool,
}

/// What the steps of a sensor are worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scale {
    /// A step of the shunt's voltage, in picovolts.
    pub shunt_picovolts: u32,
    /// A step of the supply's voltage, in nanovolts.
    pub bus_nanovolts: u32,
}

/// A sensor on a bus.
pub trait Sensor {
    /// The bus's errors.
    type Error;

    /// What its steps are worth.
    fn scale(&self) -> Scale;

    /// What it has seen last.
    ///
    /// # Errors
    /// Those of the bus.
    fn read(&mut self) -> Result<Reading, Self::Error>;
}
