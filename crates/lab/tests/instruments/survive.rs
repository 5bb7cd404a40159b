use lab::instruments::survive::DECODERS;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_are_too_much_for_a_decoder(bytes: Vec<u8>, which in 0..DECODERS.len()) {
        let seen = (DECODERS[which].run)(&bytes);
        prop_assert!(seen.is_ok(), "{}: {:?}", DECODERS[which].name, seen);
    }

    #[test]
    fn no_damaged_file_is_too_much_for_a_decoder(at in 0..29_000_usize, with: [u8; 8], end in 0..29_640_usize) {
        for file in [&include_bytes!("../data/small.jls")[..], include_bytes!("../data/small.ppk2")] {
            let mut file = file.to_vec();
            file.iter_mut().skip(at % 6000).zip(with).for_each(|(place, byte)| *place = byte);
            file.truncate(end);
            for decoder in DECODERS {
                let seen = (decoder.run)(&file);
                prop_assert!(seen.is_ok(), "{}: {:?}", decoder.name, seen);
            }
        }
    }
}
