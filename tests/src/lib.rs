//! Whole paths: model, compiler, engine, emulated board.
