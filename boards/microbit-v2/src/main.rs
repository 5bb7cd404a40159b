//! The BBC micro:bit, version 2, at 64 MHz: a model that serves a host, by RTT or over the UART.
#![no_std]
#![no_main]

use nordic::Wires;

probed::program!(nordic::desk(|pins| Wires {
    window: pins.P0_02.into(),
    uart: pins.UARTE0,
    send: pins.P0_06.into(),
    receive: pins.P1_08.into(),
}));
