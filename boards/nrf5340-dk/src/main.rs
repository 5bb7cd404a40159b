//! Nordic's nRF5340 DK, its application core at 128 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

probed::program!(nordic::desk(|pins| pins.P1_04));
