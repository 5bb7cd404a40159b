//! Firmware on emulated boards: one program for all of these tests, so that what they build and run goes side by side.

mod espressif;
mod kept;
mod layers;
mod memories;
mod mlperf;
mod new_board;
mod plans;
mod selftest;
mod shipped;
mod strips;
mod warned;
mod watchdog;
