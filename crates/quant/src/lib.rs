//! The fixed-point arithmetic of int8 networks: the only place that rounds.
#![no_std]
