//! What the build scripts of all boards share: the linker's scripts, the model, and room for plans.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use compiler::Compiled;
use firmware::{Board, MemoryKind, PlanRooms, Serial};

/// The model that is compiled in when nobody names another.
const DEFAULT_MODEL: &str = "../../models/digits/model.tflite";

/// Puts `memory.x` where the linker looks, names the linker's scripts, and compiles the model that the environment's
/// `MICROJOULE_MODEL` names, for `microjoule::include_model!(model)`. `rooms.rs` gets what `board.toml` says of plans,
/// `serial.rs` what it says of the line that MLPerf Tiny's runner talks over.
///
/// # Panics
/// When the model cannot run, with every reason, and when it is not called from a board's build script.
pub fn image() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo::rerun-if-changed=board.toml");
    let folder = env::current_dir().expect("cargo starts build scripts in the package's folder");
    let board = Board::load(&folder).unwrap_or_else(|error| panic!("{error}"));
    // Kernels are chosen by the core, and slow ones run everywhere: flags that got lost would not be noticed.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    assert!(
        flags.contains("target-cpu="),
        "no core among the compiler's flags: build in {}",
        folder.display()
    );
    linker(&board, &out);
    rooms(&board, &out);
    let planned = model(&out);
    serial(&board, &planned, &out);
    slow_ram(&board, planned.layout.overflow_bytes > 0, planned.layout.state_bytes as u64);
}

/// Says where the slower memory is, and whether the model needs it: `cfg(slow_ram)`.
fn slow_ram(board: &Board, is_needed: bool, state_bytes: u64) {
    println!("cargo::rustc-check-cfg=cfg(slow_ram)");
    let memory = board.memory.iter().find(|memory| memory.kind == MemoryKind::SlowRam);
    if let Some(memory) = memory.filter(|_| is_needed) {
        let (first, length) = (memory.origin, memory.length);
        assert!(
            state_bytes <= length.0,
            "{state_bytes} B beside the arena, where {} has {length}",
            memory.name
        );
        for (symbol, address) in
            [("__slow_ram", u64::from(first)), ("__slow_ram_end", u64::from(first) + length.0)]
        {
            println!("cargo::rustc-link-arg-bins=--defsym={symbol}={address:#x}");
        }
        println!("cargo::rustc-cfg=slow_ram");
    }
}

fn linker(board: &Board, out: &Path) {
    let memory = out.join("memory.x");
    let text = fs::read_to_string("memory.x").expect("memory.x beside Cargo.toml");
    fs::write(&memory, &text).expect("a folder for what is generated");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rustc-link-search={}", out.display());
    // A runtime whose scripts want more than memories is included by the board's own.
    let has_runtime = text.lines().any(|line| line.starts_with("INCLUDE"));
    let is_riscv = board.target.starts_with("riscv");
    // Cortex-M's scripts say it themselves.
    if is_riscv && !has_runtime && board.stack_memory().is_none() {
        println!("cargo::rustc-link-arg-bins=--defsym=_stack_end=__euninit");
    }
    // The scripts of riscv-rt do not include the memories by themselves. By its path: HALs have files of this name too.
    if is_riscv {
        println!("cargo::rustc-link-arg-bins=-T{}", memory.display());
    }
    for script in (!has_runtime).then_some("link.x").into_iter().chain(["defmt.x"]) {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
}

fn rooms(board: &Board, out: &Path) {
    let PlanRooms { blob, arena, state } = board.plan.clone().unwrap_or_default();
    let room = |name, doc, bytes: u64| format!("/// {doc}\nconst {name}_BYTES: usize = {bytes};\n");
    let text = room("PLAN", "Room for a plan with its weights.", blob.0)
        + &room("ARENA", "Room for its arena.", arena.0)
        + &room("STATE", "Room for what it remembers.", state.0);
    fs::write(out.join("rooms.rs"), text).expect("a folder for what is generated");
}

fn serial(board: &Board, planned: &Compiled, out: &Path) {
    let file = out.join("serial.rs");
    let text =
        board.serial.as_ref().map_or_else(String::new, |serial| wiring(&board.name, serial) + &ears(planned));
    fs::write(file, text).expect("a folder for what is generated");
}

fn wiring(board: &str, serial: &Serial) -> String {
    let Serial { uart, address, uart_hz, pins, counter, counter_hz, pin } = serial;
    assert!(
        *counter_hz > 0 && counter_hz % 1_000_000 == 0,
        "{board}: counter_hz = {counter_hz} is not whole ticks in a microsecond"
    );
    let write = |[address, value]: [u32; 2]| format!("Write {{ address: {address:#x}, value: {value:#x} }}");
    let optional = |text: Option<String>| text.map_or_else(|| "None".into(), |text| format!("Some({text})"));
    let pin = optional(pin.map(|pin| {
        let (output, high, low) = (optional(pin.output.map(write)), write(pin.high), write(pin.low));
        format!("Pin {{ output: {output}, high: {high}, low: {low} }}")
    }));
    let driver = uart.driver();
    format!(
        "#[allow(unused_imports)]\nuse support::serial::{{Pin, Wiring, Write}};\n\n\
         /// The driver of the UART.\ntype Uart = support::serial::{driver};\n\n\
         /// The board's name among devices.\nconst NAME: &str = \"microjoule {board}\";\n\n\
         /// The UART, the counter and the pin.\nconst WIRING: Wiring = Wiring {{\n    uart: {address:#x},\n    \
         uart_hz: {uart_hz},\n    pins: {pins:?},\n    counter: {counter:#x},\n    \
         ticks_per_microsecond: core::num::NonZeroU32::new({}).unwrap(),\n    pin: {pin},\n}};\n",
        counter_hz / 1_000_000
    )
}

/// What an image hears with. Only the streaming wake word's, thirty rows of forty, pays for a front end.
fn ears(planned: &Compiled) -> String {
    let listens = match (&planned.inputs[..], &planned.outputs[..]) {
        ([input], [output]) => {
            input.shape.iter().product::<u32>() == 1200 && output.shape.iter().product::<u32>() == 3
        }
        _ => false,
    };
    if !listens {
        return "\n/// It hears nothing.\nfn ears() -> support::serial::Deaf {\n    support::serial::Deaf\n}\n".to_owned();
    }
    let [input, ..] = &planned.inputs[..] else { return String::new() };
    format!(
        "\n/// From sound to rows.\nstatic FRONT: microjoule::features::wake_word::WakeWord =\n    \
         microjoule::features::wake_word::WakeWord::new({:?}, {});\n\n\
         static EARS: support::Once<support::serial::Recording> =\n    \
         support::Once::new(support::serial::Recording::new(&FRONT));\n\n\
         /// It hears the host's file.\nfn ears() -> impl support::serial::Ears {{\n    EARS.take()\n}}\n",
        input.scale, input.zero_point
    )
}

fn model(out: &Path) -> Compiled {
    println!("cargo::rerun-if-env-changed=MICROJOULE_MODEL");
    let model = env::var_os("MICROJOULE_MODEL").map_or_else(|| PathBuf::from(DEFAULT_MODEL), PathBuf::from);
    println!("cargo::rerun-if-changed={}", model.display());
    compiler::emit::build_model(&model, "model", out).unwrap_or_else(|error| panic!("{error}"))
}
