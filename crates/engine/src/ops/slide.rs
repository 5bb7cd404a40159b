//! Rows that move to the front of their buffer.

use crate::RunError;

operator! {
    /// Moves bytes towards the front of the memory that they lie in. Operands: where to, where from; as many bytes, and
    /// the two may overlap.
    ///
    /// A buffer that holds a few rows of an image is filled from the front again after the rows that are still needed
    /// were moved there.
    SlideBytes, |io| {
        let (to, from) = (io.operand(0), io.operand(1));
        let distance = from.offset().checked_sub(to.offset()).filter(|&distance| distance > 0);
        let (Some(distance), true) = (distance, to.bytes() == from.bytes()) else {
            return Err(RunError::Operand { index: 1 });
        };
        // Blocks as long as the distance do not overlap the places that they move to.
        let mut rest = io.span(0, 1)?;
        while let Some((front, back)) = rest.split_at_mut_checked(distance) {
            if back.is_empty() {
                break;
            }
            front.iter_mut().zip(&*back).for_each(|(to, &from)| *to = from);
            rest = back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Io, Memory, Operand, Operator};

    fn slide(to: Operand, from: Operand) -> Result<[u8; 12], RunError> {
        let mut arena = core::array::from_fn(|at| at as u8);
        let mut memory = Memory::new(&[], &mut arena, &mut []);
        SlideBytes.run(&mut Io::new(&mut memory, &[to, from]))?;
        Ok(arena)
    }

    #[test]
    fn bytes_move_to_the_front_whether_the_places_overlap_or_not() {
        let moved = slide(Operand::arena(1, 7), Operand::arena(4, 7)).unwrap();
        assert_eq!(moved, [0, 4, 5, 6, 7, 8, 9, 10, 8, 9, 10, 11]);
        let moved = slide(Operand::arena(0, 2), Operand::arena(10, 2)).unwrap();
        assert_eq!(moved, [10, 11, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        let moved = slide(Operand::arena(2, 6), Operand::arena(5, 6)).unwrap();
        assert_eq!(moved, [0, 1, 5, 6, 7, 8, 9, 10, 8, 9, 10, 11]);
    }

    #[test]
    fn what_is_no_move_to_the_front_is_an_error() {
        for (to, from) in [
            (Operand::arena(4, 4), Operand::arena(0, 4)),
            (Operand::arena(4, 4), Operand::arena(4, 4)),
            (Operand::arena(0, 4), Operand::arena(4, 5)),
            (Operand::arena(0, 4), Operand::arena(9, 4)),
            (Operand::state(0, 4), Operand::arena(4, 4)),
            (Operand::weights(0, 4), Operand::weights(4, 4)),
        ] {
            assert!(slide(to, from).is_err(), "{to:?} {from:?}");
        }
    }
}
