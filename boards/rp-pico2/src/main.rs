//! Raspberry Pi's Pico 2 at 150 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

probed::program!(raspberry::desk());
