//! Int8 network kernels for microcontrollers: no heap, no panics.
#![no_std]
