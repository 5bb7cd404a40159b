//! QEMU's side: its plugin interface, found by name in the program that loaded this library.
//!
//! The declarations follow "QEMU TCG Plugins" and the interface's versions 1 (QEMU 7.2) to 4 (QEMU 10.0). Counting
//! changed between them: version 1 adds to a plain word, later ones to a "scoreboard" with a word per core.
#![allow(unsafe_code)]

use std::{
    cell::UnsafeCell,
    collections::BTreeMap,
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    mem, ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicPtr, Ordering},
    },
};

use crate::{
    counters::{Edge, Regions},
    options::Options,
};

type Handle = *mut c_void;

/// QEMU's identifier of a loaded plugin.
type PluginId = u64;

/// The interface's version that this library asks for. QEMU reads it after the initialiser below has run.
#[unsafe(no_mangle)]
pub static mut qemu_plugin_version: c_int = 1;

unsafe extern "C" {
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

#[used]
#[unsafe(link_section = ".init_array")]
static INITIALISER: extern "C" fn() = choose_version;

/// Asks for the oldest version that has what the emulator counts with, which every later emulator accepts.
extern "C" fn choose_version() {
    if find(c"qemu_plugin_scoreboard_new").is_some() {
        // SAFETY: the loader runs this before anybody else can see the variable.
        unsafe { qemu_plugin_version = 2 };
    }
}

fn find(name: &CStr) -> Option<Handle> {
    // SAFETY: a null handle means the whole program, and the name ends in a zero.
    let symbol = unsafe { dlsym(ptr::null_mut(), name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}

/// QEMU's `qemu_plugin_u64`: a word in each core's part of a scoreboard.
#[repr(C)]
#[derive(Clone, Copy)]
struct Word {
    scoreboard: Handle,
    offset: usize,
}

type TranslationCallback = extern "C" fn(PluginId, Handle);
type ExitCallback = extern "C" fn(PluginId, Handle);
type ExecutionCallback = extern "C" fn(c_uint, Handle);

/// QEMU's `QEMU_PLUGIN_INLINE_ADD_U64`.
const ADD: c_int = 0;
/// QEMU's `QEMU_PLUGIN_CB_NO_REGS`.
const NO_REGISTERS: c_int = 0;

/// How this emulator counts without leaving translated code.
enum Counting {
    /// Version 1.
    Plain { add: unsafe extern "C" fn(Handle, c_int, *mut u64, u64) },
    /// Since version 2.
    Scoreboard {
        new: unsafe extern "C" fn(usize) -> Handle,
        add: unsafe extern "C" fn(Handle, c_int, Word, u64),
        sum: unsafe extern "C" fn(Word) -> u64,
    },
}

/// The interface's functions.
struct Qemu {
    instructions: unsafe extern "C" fn(Handle) -> usize,
    instruction: unsafe extern "C" fn(Handle, usize) -> Handle,
    address: unsafe extern "C" fn(Handle) -> u64,
    on_translation: unsafe extern "C" fn(PluginId, TranslationCallback),
    on_execution: unsafe extern "C" fn(Handle, ExecutionCallback, c_int, Handle),
    on_exit: unsafe extern "C" fn(PluginId, ExitCallback, Handle),
    counting: Counting,
}

/// A function of the interface, as `Function`.
///
/// # Safety
/// `Function` is the type of a function pointer, and the one that the interface declares `name` with.
unsafe fn function<Function: Copy>(name: &CStr) -> Option<Function> {
    const { assert!(size_of::<Function>() == size_of::<Handle>()) };
    let symbol = find(name)?;
    // SAFETY: by the caller's word, a pointer to a function may be read as this type, which has its size.
    Some(unsafe { mem::transmute_copy(&symbol) })
}

impl Qemu {
    /// Nothing when the program that loaded this library lacks a function.
    #[expect(clippy::multiple_unsafe_ops_per_block, reason = "one argument holds for all: see below")]
    fn find() -> Option<Self> {
        // SAFETY: each field has the type that the interface declares the function with.
        unsafe {
            let counting = if find(c"qemu_plugin_scoreboard_new").is_some() {
                Counting::Scoreboard {
                    new: function(c"qemu_plugin_scoreboard_new")?,
                    add: function(c"qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu")?,
                    sum: function(c"qemu_plugin_u64_sum")?,
                }
            } else {
                Counting::Plain { add: function(c"qemu_plugin_register_vcpu_insn_exec_inline")? }
            };
            Some(Self {
                instructions: function(c"qemu_plugin_tb_n_insns")?,
                instruction: function(c"qemu_plugin_tb_get_insn")?,
                address: function(c"qemu_plugin_insn_vaddr")?,
                on_translation: function(c"qemu_plugin_register_vcpu_tb_trans_cb")?,
                on_execution: function(c"qemu_plugin_register_vcpu_insn_exec_cb")?,
                on_exit: function(c"qemu_plugin_register_atexit_cb")?,
                counting,
            })
        }
    }
}

/// One instruction's counter. Never freed: translated code adds to it until the emulator ends.
enum Counter {
    Plain(*mut u64),
    Scoreboard(Word),
}

impl Counter {
    fn new(counting: &Counting) -> Self {
        match counting {
            Counting::Plain { .. } => Self::Plain(Box::leak(Box::new(0))),
            Counting::Scoreboard { new, .. } => {
                // SAFETY: QEMU makes a scoreboard of words of this size.
                let scoreboard = unsafe { new(size_of::<u64>()) };
                Self::Scoreboard(Word { scoreboard, offset: 0 })
            }
        }
    }

    fn attach(&self, counting: &Counting, instruction: Handle) {
        match (self, counting) {
            (Self::Plain(word), Counting::Plain { add }) => {
                // SAFETY: the instruction is QEMU's, from the block being translated, and the word is never freed.
                unsafe { add(instruction, ADD, *word, 1) }
            }
            (Self::Scoreboard(word), Counting::Scoreboard { add, .. }) => {
                // SAFETY: as above, and the scoreboard is never freed.
                unsafe { add(instruction, ADD, *word, 1) }
            }
            _ => {}
        }
    }

    fn value(&self, counting: &Counting) -> u64 {
        match (self, counting) {
            // SAFETY: the word is never freed; the one core that adds to it is not running while a callback does.
            (Self::Plain(word), _) => unsafe { word.read_volatile() },
            // SAFETY: the scoreboard is QEMU's and never freed.
            (Self::Scoreboard(word), Counting::Scoreboard { sum, .. }) => unsafe { sum(*word) },
            _ => 0,
        }
    }
}

/// A straight piece of code that QEMU translated: it is entered at its first instruction and left after its last. Never
/// freed: translated code leads to it until the emulator ends.
struct Block {
    first: u64,
    last: u64,
    /// Where the core went from its end, and how often.
    next: UnsafeCell<Vec<(u64, u64)>>,
}

/// The block that the core entered last.
static CURRENT: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());

impl Block {
    fn went_to(&self, address: u64) {
        // SAFETY: callbacks come one at a time, from the one core, and no other reference lives across them.
        let next = unsafe { &mut *self.next.get() };
        match next.iter_mut().find(|(to, _)| *to == address) {
            Some((_, count)) => *count += 1,
            None => next.push((address, 1)),
        }
    }

    fn edges(&self) -> Vec<(Edge, u64)> {
        // SAFETY: as above.
        let next = unsafe { &*self.next.get() };
        next.iter().map(|(to, count)| ((self.last, *to), *count)).collect()
    }
}

struct Plugin {
    qemu: Qemu,
    options: Options,
    counters: BTreeMap<u64, Counter>,
    blocks: Vec<&'static Block>,
    regions: Regions,
}

// SAFETY: the pointers in it lead to memory that is never freed, and the lock around it lets one thread use them.
unsafe impl Send for Plugin {}

impl Plugin {
    fn translated(&mut self, block: Handle) {
        let Self { qemu, options, counters, blocks, .. } = self;
        // SAFETY: QEMU handed the block to the callback that this is called from.
        let instructions = unsafe { (qemu.instructions)(block) };
        let mut ends = None;
        for index in 0..instructions {
            // SAFETY: as above, and the index is below the number of instructions.
            let instruction = unsafe { (qemu.instruction)(block, index) };
            // SAFETY: the instruction belongs to that block.
            let address = unsafe { (qemu.address)(instruction) };
            if options.marks.contains(&address) {
                let user = ptr::without_provenance_mut(address as usize);
                // SAFETY: the callback lives as long as this library, and takes the address as a number.
                unsafe { (qemu.on_execution)(instruction, on_mark, NO_REGISTERS, user) };
            }
            let (.., last) = ends.get_or_insert((instruction, address, address));
            *last = address;
            let counter = counters.entry(address).or_insert_with(|| Counter::new(&qemu.counting));
            counter.attach(&qemu.counting, instruction);
        }
        let Some((instruction, first, last)) = ends else { return };
        let known: &'static Block =
            Box::leak(Box::new(Block { first, last, next: UnsafeCell::new(Vec::new()) }));
        blocks.push(known);
        let user = ptr::from_ref(known).cast_mut().cast();
        // SAFETY: the callback lives as long as this library, and the block it is handed is never freed.
        unsafe { (qemu.on_execution)(instruction, on_block, NO_REGISTERS, user) };
    }

    fn mark(&mut self, address: u64) {
        let Self { qemu, counters, blocks, regions, .. } = self;
        regions.turn(values(counters, &qemu.counting), edges(blocks), address);
    }

    fn write(&mut self) {
        let Some(out) = &self.options.out else { return };
        let regions = mem::take(&mut self.regions);
        let text = regions.finish(values(&self.counters, &self.qemu.counting), edges(&self.blocks));
        if let Err(error) = std::fs::write(out, text) {
            eprintln!("{}: {error}", out.display());
        }
    }
}

fn values<'a>(
    counters: &'a BTreeMap<u64, Counter>,
    counting: &'a Counting,
) -> impl Iterator<Item = (u64, u64)> + 'a {
    counters.iter().map(|(address, counter)| (*address, counter.value(counting)))
}

fn edges<'a>(blocks: &'a [&'static Block]) -> impl Iterator<Item = (Edge, u64)> + 'a {
    blocks.iter().flat_map(|block| block.edges())
}

static PLUGIN: Mutex<Option<Plugin>> = Mutex::new(None);

fn with(work: impl FnOnce(&mut Plugin)) {
    if let Some(plugin) = PLUGIN.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        work(plugin);
    }
}

extern "C" fn on_translation(_: PluginId, block: Handle) {
    with(|plugin| plugin.translated(block));
}

extern "C" fn on_mark(_: c_uint, address: Handle) {
    with(|plugin| plugin.mark(address.addr() as u64));
}

/// Without the lock, since the core comes here at every block.
extern "C" fn on_block(_: c_uint, block: Handle) {
    let before = CURRENT.swap(block.cast(), Ordering::Relaxed);
    if before.is_null() {
        return;
    }
    // SAFETY: what is registered with this callback is a block, which is never freed.
    let block = unsafe { &*block.cast::<Block>() };
    // SAFETY: it came from here before.
    let before = unsafe { &*before };
    before.went_to(block.first);
}

extern "C" fn on_exit(_: PluginId, _: Handle) {
    with(Plugin::write);
}

/// Where QEMU begins with a plugin.
///
/// # Safety
/// Only for QEMU, which hands over as many arguments as it says, each ending in a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: PluginId,
    _: Handle,
    count: c_int,
    arguments: *const *const c_char,
) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    let texts = (0..count).filter_map(|index| {
        // SAFETY: QEMU hands over this many.
        let place = unsafe { arguments.add(index) };
        // SAFETY: it is one of them.
        let argument = unsafe { *place };
        // SAFETY: each ends in a zero.
        unsafe { CStr::from_ptr(argument) }.to_str().ok()
    });
    let options = match Options::parse(texts) {
        Ok(options) => options,
        Err(argument) => {
            eprintln!("not an argument of the microjoule plugin: {argument}");
            return -1;
        }
    };
    let Some(qemu) = Qemu::find() else {
        eprintln!("this emulator lacks a part of the plugin interface");
        return -1;
    };
    let (translation, exit) = (qemu.on_translation, qemu.on_exit);
    let plugin =
        Plugin { qemu, options, counters: BTreeMap::new(), blocks: Vec::new(), regions: Regions::default() };
    *PLUGIN.lock().unwrap_or_else(PoisonError::into_inner) = Some(plugin);
    // SAFETY: the callback lives as long as this library, which QEMU never unloads while it may be called.
    unsafe { translation(id, on_translation) };
    // SAFETY: as above; the callback ignores its last argument.
    unsafe { exit(id, on_exit, ptr::null_mut()) };
    0
}
