//! What an energy image does by itself, step by step.

use engine::DType;
use telemetry::energy::{BEFORE_MILLISECONDS, BETWEEN_MILLISECONDS, Bench, Draw, Windows};

/// What happened, in order; inferences refuse to run from one on.
#[derive(Default)]
struct Board {
    done: Vec<Done>,
    inferences: u32,
    refuses_from: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Done {
    High,
    Low,
    Slept(u32),
    Ran,
}

impl Bench for Board {
    fn mark(&mut self, high: bool) {
        self.done.push(if high { Done::High } else { Done::Low });
    }

    fn sleep(&mut self, milliseconds: u32) {
        self.done.push(Done::Slept(milliseconds));
    }

    fn infer(&mut self) -> bool {
        self.inferences += 1;
        self.done.push(Done::Ran);
        self.refuses_from.is_none_or(|from| self.inferences < from)
    }
}

#[test]
fn the_pin_is_high_around_the_inferences_of_a_window_and_nothing_else() {
    use Done::{High, Low, Ran, Slept};
    let mut board = Board::default();
    assert!(Windows { count: 2, inferences: 3 }.run(&mut board));
    let before = [Low, Ran, Slept(BEFORE_MILLISECONDS)];
    let window = [High, Ran, Ran, Ran, Low];
    let expected: Vec<Done> = [&before[..], &window, &[Slept(BETWEEN_MILLISECONDS)], &window].concat();
    assert_eq!(board.done, expected);
}

#[test]
fn a_model_that_stops_to_run_leaves_a_window_open_or_never_begins_one() {
    for refuses_from in 1..8 {
        let mut board = Board { refuses_from: Some(refuses_from), ..Board::default() };
        assert!(!Windows { count: 2, inferences: 3 }.run(&mut board));
        // Of those that follow the one that did not run, none is tried.
        assert_eq!(board.inferences, refuses_from);
        let count = |what| board.done.iter().filter(|done| **done == what).count() as u32;
        // The first inference of all is in no window, and the pin is low before it.
        let begun = refuses_from.saturating_sub(2) / 3 + u32::from(refuses_from > 1);
        assert_eq!((count(Done::High), count(Done::Low)), (begun, begun.max(1)), "{refuses_from}");
    }
}

#[test]
fn the_host_knows_how_long_it_takes() {
    let seconds = Windows { count: 5, inferences: 100 }.seconds(0.1);
    assert!((seconds - (1.5 + 4.0 + 0.1 + 50.0)).abs() < 1e-9, "{seconds}");
}

#[test]
fn inputs_are_those_that_the_host_draws() {
    // As `golden::Lcg` has them.
    for (dtype, expected) in [
        (DType::Int8, [0x05, 0x04, 0x8b, 0xa2, 0, 0, 0, 0]),
        (DType::Int16, [0x05, 0x04, 0x8b, 0xa2, 0, 0, 0, 0]),
        (DType::Bool, [1, 0, 1, 0, 0, 0, 0, 0]),
        (DType::Int64, [5, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let mut drawn = [0; 8];
        let filled = if dtype == DType::Int64 { 8 } else { 4 };
        Draw::new().fill(dtype, &mut drawn[..filled]);
        assert_eq!(drawn, expected, "{dtype:?}");
    }
    let mut reals = [0; 8];
    Draw::new().fill(DType::Float32, &mut reals);
    assert_eq!(reals, [(5.0_f32 / 32.0).to_le_bytes(), (4.0_f32 / 32.0).to_le_bytes()].concat()[..]);
    let mut whole = [0; 12];
    Draw::new().fill(DType::Int32, &mut whole);
    assert_eq!(whole[8..], (-117_i32).to_le_bytes());
}
