//! Nordic's nRF5340 DK, its application core at 128 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

use nordic::Wires;

probed::program!(nordic::desk(|pins| Wires {
    window: pins.P1_04.into(),
    uart: pins.SERIAL0,
    send: pins.P0_20.into(),
    receive: pins.P0_22.into(),
}));
