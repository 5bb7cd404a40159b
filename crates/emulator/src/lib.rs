//! Runs firmware images on emulated cores.
