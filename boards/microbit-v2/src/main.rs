//! The BBC micro:bit, version 2, at 64 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

probed::program!(nordic::desk(|pins| pins.P0_02));
