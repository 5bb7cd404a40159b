//! How chips tell who they are, and whether they let a debugger in.

/// Where a chip says who it is.
#[derive(Debug)]
pub struct Identity {
    /// What names of chips begin with that say so.
    pub prefix: &'static str,
    /// The word's address.
    pub address: u32,
    /// The bits that tell.
    pub mask: u32,
    /// What they are.
    pub value: u32,
    /// Where it says whether its flash is protected.
    lock: Option<Lock>,
    /// What opens it.
    pub unlock: &'static str,
}

/// ST's byte of readout protection.
#[derive(Debug)]
struct Lock {
    address: u32,
    shift: u32,
}

/// Whether a debugger may read and write flash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Protection {
    /// It may.
    Open,
    /// It may not.
    Closed,
}

/// Readout protection of level 0; any other byte is more.
const OPEN: u32 = 0xaa;
const CLOSED: u32 = 0xbb;

const ST: &str = "Take the readout protection away, which erases all of the chip: \
                  `STM32_Programmer_CLI -c port=SWD -ob RDP=0xAA`.";
const NORDIC: &str = "Run the same again with --chip-erase: that erases all of the chip, which opens it.";
const NONE: &str = "This chip has no protection that a debugger could take away.";

/// A chip is found by the first row that fits. The words are from the makers' reference manuals: ST's RM0432, RM0433 and
/// RM0456 (DBGMCU_IDCODE, FLASH_OPTR), Nordic's product specifications (FICR INFO.PART), and Raspberry Pi's datasheets
/// (SYSINFO CHIP_ID).
const KNOWN: &[Identity] = &[
    stm32("STM32L4R", 0xe004_2000, 0x470, Lock { address: 0x4002_2020, shift: 0 }),
    stm32("STM32L4S", 0xe004_2000, 0x470, Lock { address: 0x4002_2020, shift: 0 }),
    stm32("STM32H743", 0x5c00_1000, 0x450, Lock { address: 0x5200_201c, shift: 8 }),
    stm32("STM32U575", 0xe004_4000, 0x482, Lock { address: 0x4002_2040, shift: 0 }),
    nordic("nRF52832", 0x1000_0100, 0x5_2832),
    nordic("nRF52833", 0x1000_0100, 0x5_2833),
    nordic("nRF52840", 0x1000_0100, 0x5_2840),
    nordic("nRF5340", 0x00ff_020c, 0x5340),
    raspberry("RP2040", 0x0000_2927),
    raspberry("RP235", 0x0000_4927),
];

const fn stm32(prefix: &'static str, address: u32, value: u32, lock: Lock) -> Identity {
    Identity { prefix, address, mask: 0xfff, value, lock: Some(lock), unlock: ST }
}

const fn nordic(prefix: &'static str, address: u32, value: u32) -> Identity {
    Identity { prefix, address, mask: u32::MAX, value, lock: None, unlock: NORDIC }
}

const fn raspberry(prefix: &'static str, value: u32) -> Identity {
    Identity { prefix, address: 0x4000_0000, mask: 0x0fff_ffff, value, lock: None, unlock: NONE }
}

impl Identity {
    /// What is known of a chip.
    #[must_use]
    pub fn of(chip: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| chip.starts_with(known.prefix))
    }

    /// Where the protection stands, if a word tells of it.
    #[must_use]
    pub fn protection_address(&self) -> Option<u32> {
        self.lock.as_ref().map(|lock| lock.address)
    }

    /// What the word of protection says.
    #[must_use]
    pub fn protection(&self, word: u32) -> Protection {
        match &self.lock {
            Some(lock) if (word >> lock.shift) & 0xff != OPEN => Protection::Closed,
            _ => Protection::Open,
        }
    }

    /// Chips that answer with this word at the same address.
    #[must_use]
    pub fn named(&self, word: u32) -> Option<&'static str> {
        let same = |known: &&Self| known.address == self.address && word & known.mask == known.value;
        KNOWN.iter().find(same).map(|known| known.prefix)
    }

    /// The words that a chip of this kind has, with their addresses.
    #[must_use]
    pub fn words(&self, protection: Protection) -> Vec<(u32, u32)> {
        let byte = if protection == Protection::Open { OPEN } else { CLOSED };
        let lock = self.lock.as_ref().map(|lock| (lock.address, byte << lock.shift));
        [(self.address, self.value)].into_iter().chain(lock).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_is_known_by_its_name_and_its_word() {
        let known = Identity::of("nRF52840_xxAA").unwrap();
        assert_eq!(known.named(0x5_2833), Some("nRF52833"));
        assert_eq!(known.named(0x1234), None);
        assert_eq!(Identity::of("RP2040").unwrap().named(0x2000_2927), Some("RP2040"));
        assert!(Identity::of("LPC55S69").is_none());
    }

    #[test]
    fn any_byte_but_one_protects() {
        let known = Identity::of("STM32H743ZITx").unwrap();
        let word = |byte: u32| byte << 8;
        assert_eq!(known.protection(word(0xaa)), Protection::Open);
        for byte in [0x00, 0xbb, 0xcc, 0xff] {
            assert_eq!(known.protection(word(byte)), Protection::Closed, "{byte:#x}");
        }
        for protection in [Protection::Open, Protection::Closed] {
            let words = known.words(protection);
            assert_eq!(known.protection(words[1].1), protection);
        }
    }
}
