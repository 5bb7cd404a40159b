//! Raspberry Pi's Pico at 125 MHz: a model that serves the host by RTT.
#![no_std]
#![no_main]

probed::program!(raspberry::desk());
