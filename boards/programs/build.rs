//! The linker's scripts and the model.

fn main() {
    board_build::image();
}
