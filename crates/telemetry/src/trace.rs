//! How long steps take, by a counter of the core's cycles.
//!
//! What is measured is what lies between two readings of the counter, with the way there and back: [`Recorder::cost`] says
//! how much that is where nothing lies between them, and the host takes it away.

use engine::{Observer, Operand, StepInfo};

/// A counter of the core's cycles, which wraps around.
pub trait Counter {
    /// What it stands at.
    fn now(&self) -> u32;
}

impl<C: Counter> Counter for &C {
    #[inline(always)]
    fn now(&self) -> u32 {
        (**self).now()
    }
}

/// One step, over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Event {
    /// The plan's number for the step.
    pub step: u16,
    /// The model's number for the layer.
    pub layer: u16,
    /// Cycles from before the step to after it.
    pub cycles: u32,
}

/// Times steps, and keeps up to `EVENTS` of them; nothing leaves the device before the run is over.
#[derive(Debug)]
pub struct Recorder<C, const EVENTS: usize> {
    counter: C,
    started: u32,
    events: heapless::Vec<Event, EVENTS>,
    lost: u32,
}

/// How often [`Recorder::cost`] looks; the first times may wait for flash.
const LOOKS: usize = 16;

impl<C: Counter, const EVENTS: usize> Recorder<C, EVENTS> {
    /// No events yet.
    pub const fn new(counter: C) -> Self {
        Self { counter, started: 0, events: heapless::Vec::new(), lost: 0 }
    }

    /// Forgets all events.
    pub fn clear(&mut self) {
        self.events.clear();
        self.lost = 0;
    }

    /// What was recorded, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Steps that there was no room for.
    pub fn lost(&self) -> u32 {
        self.lost
    }

    /// The least that is measured where there is no step. Forgets all events.
    pub fn cost(&mut self) -> u32 {
        let step = StepInfo { index: 0, layer: 0, output: Operand::ABSENT };
        let mut least = u32::MAX;
        for _ in 0..LOOKS {
            self.clear();
            self.before(step);
            self.after(step, &[]);
            if let Some(event) = self.events.first() {
                least = least.min(event.cycles);
            }
        }
        self.clear();
        if least == u32::MAX { 0 } else { least }
    }
}

impl<C: Counter, const EVENTS: usize> Observer for Recorder<C, EVENTS> {
    #[inline(never)]
    fn before(&mut self, _: StepInfo) {
        self.started = self.counter.now();
    }

    #[inline(never)]
    fn after(&mut self, step: StepInfo, _: &[u8]) {
        let cycles = self.counter.now().wrapping_sub(self.started);
        let event = Event { step: step.index, layer: step.layer, cycles };
        if self.events.push(event).is_err() {
            self.lost = self.lost.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    /// Goes on by its second number at each look.
    struct Ticks(Cell<u32>, u32);

    impl Counter for Ticks {
        fn now(&self) -> u32 {
            let now = self.0.get();
            self.0.set(now.wrapping_add(self.1));
            now
        }
    }

    fn run(recorder: &mut Recorder<&Ticks, 2>, steps: u16) {
        for index in 0..steps {
            let step = StepInfo { index, layer: index * 2, output: Operand::ABSENT };
            recorder.before(step);
            recorder.after(step, &[]);
        }
    }

    #[test]
    fn steps_are_timed_across_the_end_of_the_counter() {
        let ticks = Ticks(Cell::new(u32::MAX - 5), 10);
        let mut recorder = Recorder::new(&ticks);
        run(&mut recorder, 2);
        let expected = [Event { step: 0, layer: 0, cycles: 10 }, Event { step: 1, layer: 2, cycles: 10 }];
        assert_eq!(recorder.events(), expected);
        assert_eq!(recorder.lost(), 0);
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let ticks = Ticks(Cell::new(0), 1);
        let mut recorder = Recorder::new(&ticks);
        run(&mut recorder, 5);
        assert_eq!((recorder.events().len(), recorder.lost()), (2, 3));
        recorder.clear();
        assert_eq!((recorder.events().len(), recorder.lost()), (0, 0));
    }

    #[test]
    fn the_cost_is_what_an_empty_step_takes_and_leaves_no_events() {
        let ticks = Ticks(Cell::new(7), 3);
        let mut recorder: Recorder<_, 2> = Recorder::new(&ticks);
        assert_eq!(recorder.cost(), 3);
        assert!(recorder.events().is_empty());
        let mut none: Recorder<_, 0> = Recorder::new(&ticks);
        assert_eq!(none.cost(), 0);
    }
}
