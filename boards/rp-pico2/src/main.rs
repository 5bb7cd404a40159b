//! Raspberry Pi's Pico 2 at 150 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

probed::program!(raspberry::desk());
