//! Drivers against simulated instruments on real lines: what is played is what is measured, and what is lost is told.
#![cfg(unix)]

mod instruments {
    mod ina;
    mod lpm01a;
    mod measured;
    mod otii;
    mod ppk2;
    mod replay;
    mod scpi;
    mod survive;
}
