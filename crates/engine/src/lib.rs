//! A static-allocation graph executor for quantised networks.
#![no_std]
