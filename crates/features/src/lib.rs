//! What stands before a model: windows, spectra, mel filters, image resizing.
#![no_std]
