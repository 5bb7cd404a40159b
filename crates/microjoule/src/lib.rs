//! Int8 neural networks on microcontrollers: static, exact, small.
#![no_std]
