use super::*;
use crate::Encoding;

const BASE: u64 = 0x100;

/// `ldr r1, [r0]`; `ldr r2, [r0, #4]`; `subs r3, #1`; `bne` to the first; `bx lr`.
const LOOP: [u16; 5] = [0x6801, 0x6842, 0x3b01, 0xd1fb, 0x4770];
/// `str r1, [r0]`, before it.
const STORE: u16 = 0x6001;

fn code(words: &[u16]) -> Code {
    Code::new(Encoding::Thumb, BASE, words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

fn region(counts: &[(u64, u64)], edges: &[(u64, u64, u64)]) -> Region {
    Region {
        instructions: counts.iter().map(|(at, count)| (BASE + at, *count)).collect(),
        edges: edges.iter().map(|(from, to, count)| ((BASE + from, BASE + to), *count)).collect(),
    }
}

fn price(region: &Region, words: &[u16], table: &str) -> Mix {
    Mix::of(region, &code(words), Timing::named(table).unwrap(), &|_| false).unwrap()
}

fn share(mix: &Mix, class: Class) -> (u64, u64) {
    let share = mix.classes().find(|(of, _)| *of == class).map(|(_, share)| share).unwrap_or_default();
    (share.instructions, share.cycles())
}

/// Five times around the loop, entered from elsewhere.
fn five() -> Region {
    region(&[(0, 5), (2, 5), (4, 5), (6, 5), (8, 1)], &[(6, 0, 4), (6, 8, 1)])
}

#[test]
fn a_loop_costs_what_the_manual_says() {
    let mix = price(&five(), &LOOP, "cortex-m4");
    // The first load waits for its value, the second follows a load.
    assert_eq!(share(&mix, Class::Load), (10, 5 * 2 + 5));
    assert_eq!(share(&mix, Class::Alu), (5, 5));
    assert_eq!(share(&mix, Class::BranchTaken), (4, 12));
    assert_eq!(share(&mix, Class::BranchNotTaken), (1, 1));
    assert_eq!(share(&mix, Class::Return), (1, 3));
    assert_eq!(mix.total().instructions, 21);
    assert_eq!(mix.total().cycles(), 36);
    // On the smallest core nothing overlaps, and a branch refills two stages.
    assert_eq!(price(&five(), &LOOP, "cortex-m0plus").total().cycles(), 20 + 5 + 8 + 1 + 2);
}

#[test]
fn what_ran_before_is_known_also_across_blocks() {
    let words: Vec<_> = [STORE].into_iter().chain(LOOP).collect();
    let counts = [(0, 1), (2, 5), (4, 5), (6, 5), (8, 5), (10, 1)];
    let branches = [(8, 2, 4), (8, 10, 1)];
    // Straight on from a store: once, the first load overlaps with it.
    let straight = region(&counts, &branches);
    assert_eq!(share(&price(&straight, &words, "cortex-m4"), Class::Load), (10, 4 * 2 + 1 + 5));
    // The same where the emulator parted the block between the two.
    let parted: Vec<_> = branches.into_iter().chain([(0, 2, 1)]).collect();
    assert_eq!(share(&price(&region(&counts, &parted), &words, "cortex-m4"), Class::Load), (10, 14));
    // Entered by a branch instead, over the store, which did not run.
    let entered: Vec<_> = branches.into_iter().chain([(10, 2, 1)]).collect();
    assert_eq!(share(&price(&region(&counts[1..], &entered), &words, "cortex-m4"), Class::Load), (10, 15));
}

#[test]
fn marks_do_not_count_and_shares_add_up() {
    let timing = Timing::named("cortex-m3").unwrap();
    let whole = price(&five(), &LOOP, "cortex-m3");
    let mut parts = Mix::of(&five(), &code(&LOOP), timing, &|address| address == BASE + 4).unwrap();
    assert_eq!(parts.total().instructions, 16);
    parts.extend(&Mix::of(&five(), &code(&LOOP), timing, &|address| address != BASE + 4).unwrap());
    assert_eq!(parts, whole);
}

#[test]
fn what_the_core_does_not_have_is_no_price_of_nothing() {
    // `sdiv r0, r1, r2`, of which an Armv6-M core knows nothing.
    let division = [0xfb91, 0xf0f2];
    let ran = region(&[(0, 1)], &[]);
    let error = |table: &str, region: &Region| {
        let timing = Timing::named(table).unwrap();
        Mix::of(region, &code(&division), timing, &|_| false).unwrap_err().to_string()
    };
    assert_eq!(
        error("cortex-m0", &ran),
        "the instruction at 0x100 is of class divide, for which the table cortex-m0 has no price"
    );
    assert_eq!(error("cortex-m4", &region(&[(64, 1)], &[])), "what ran at 0x140 is not in the image");
    assert_eq!(price(&ran, &division, "cortex-m4").total().cycles(), 7);
}
