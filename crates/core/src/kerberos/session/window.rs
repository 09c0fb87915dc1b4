//! Replay and sequence detection by sequence numbers.

use crate::persist::persist_struct;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;

/// How many numbers before the highest are tracked individually.
const REMEMBERED: u64 = 64;

/// The numbers received so far, and the negotiated checks (RFC 2743 1.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// REPLAY_DETECT: each message is accepted once, and not if it is too old to be tracked.
    replay: bool,
    /// SEQUENCE_DETECT: only the next expected message is accepted.
    order: bool,
    /// The bits of sequence numbers, which wrap around.
    mask: u64,
    /// The number after the highest one received.
    next: u64,
    /// Bit `n`: number `next - 1 - n` was received, or precedes the first message.
    seen: u64,
}

persist_struct!(Window { replay, order, mask, next, seen });

impl Window {
    /// A window that expects `first`. Numbers have 64 bits in RFC 4121's tokens, 32 in the older
    /// ones.
    pub(super) fn new(first: u32, flags: ContextFlags, bits: u32) -> Window {
        Window {
            replay: flags.contains(ContextFlags::REPLAY_DETECT),
            order: flags.contains(ContextFlags::SEQUENCE_DETECT),
            mask: u64::MAX >> (64 - bits),
            next: first.into(),
            seen: u64::MAX,
        }
    }

    /// The number after the highest one received.
    pub(super) fn next(self) -> u64 {
        self.next
    }

    /// A window with the same checks that has received nothing and expects `first`.
    pub(super) fn expecting(self, first: u64) -> Window {
        Window { next: first, seen: u64::MAX, ..self }
    }

    /// The window after receiving this number.
    ///
    /// Errors: `OutOfSequence` if the number is not accepted now.
    pub(super) fn after(mut self, number: u64) -> Result<Window> {
        let ahead = number.wrapping_sub(self.next) & self.mask;
        if self.order && ahead != 0 {
            return Err(Error::OutOfSequence);
        }
        if !self.replay && !self.order {
            return Ok(self);
        }
        if ahead <= self.mask / 2 {
            // In two shifts, since shifting by all bits at once is not possible.
            self.seen =
                self.seen.checked_shl(ahead.try_into().unwrap_or(u32::MAX)).unwrap_or(0) << 1 | 1;
            self.next = number.wrapping_add(1) & self.mask;
            return Ok(self);
        }
        let age = self.mask - ahead;
        if age >= REMEMBERED || self.seen & 1 << age != 0 {
            return Err(Error::OutOfSequence);
        }
        self.seen |= 1 << age;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(flags: ContextFlags, first: u32) -> Window {
        Window::new(first, flags, 64)
    }

    /// Receives the numbers in turn; returns those that were accepted.
    fn taken(mut window: Window, numbers: &[u64]) -> Vec<u64> {
        let mut taken = vec![];
        for &number in numbers {
            if let Ok(after) = window.after(number) {
                window = after;
                taken.push(number);
            }
        }
        taken
    }

    #[test]
    fn in_order_only() {
        let numbers = [5, 5, 7, 6, 5, 8, 7, 8];
        assert_eq!(taken(window(ContextFlags::SEQUENCE_DETECT, 5), &numbers), [5, 6, 7, 8]);
        assert_eq!(
            taken(window(ContextFlags::SEQUENCE_DETECT | ContextFlags::REPLAY_DETECT, 5), &numbers),
            [5, 6, 7, 8]
        );
    }

    #[test]
    fn each_once_in_any_order() {
        let numbers = [7, 5, 6, 5, 7, 300, 8, 237, 236, 299, 237, 300, 301];
        assert_eq!(
            taken(window(ContextFlags::REPLAY_DETECT, 5), &numbers),
            [7, 5, 6, 300, 237, 299, 301]
        );
    }

    #[test]
    fn the_window_is_64_numbers() {
        for step in 60..70u64 {
            let mut window = window(ContextFlags::REPLAY_DETECT, 0);
            for number in [0, step] {
                window = window.after(number).unwrap();
            }
            assert!(window.after(0).is_err() && window.after(step).is_err());
            assert_eq!(window.after(1).is_ok(), step <= 64, "{step}");
        }
    }

    #[test]
    fn nothing_negotiated() {
        assert_eq!(taken(window(ContextFlags::empty(), 5), &[9, 9, 1]), [9, 9, 1]);
    }

    #[test]
    fn around_the_end() {
        let wide = [0xffff_fffe, 0xffff_ffff, 0x1_0000_0000];
        assert_eq!(taken(window(ContextFlags::SEQUENCE_DETECT, 0xffff_fffe), &wide), wide);
        let narrow = [0xffff_fffe, 0xffff_ffff, 0, 1];
        for flags in [ContextFlags::SEQUENCE_DETECT, ContextFlags::REPLAY_DETECT] {
            assert_eq!(taken(Window::new(0xffff_fffe, flags, 32), &narrow), narrow);
        }
        assert_eq!(taken(Window::new(1, ContextFlags::REPLAY_DETECT, 32), &[1, 0, 1, 2]), [1, 2]);
    }
}
