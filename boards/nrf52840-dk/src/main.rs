//! Nordic's nRF52840 DK at 64 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

probed::program!(nordic::desk(|pins| pins.P1_01));
