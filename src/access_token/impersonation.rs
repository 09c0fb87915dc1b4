//! Which clients the calling thread acts as.
//!
//! A thread that begins to act as one client while it acts as another is, when it stops, the former
//! again, and not the server: on Windows it would be the server, which may do more than the code
//! around it reckons with.

use super::{Token, Wearable};
use crate::types::error::Result;
use std::cell::RefCell;

/// One client on top of what the thread was before.
struct Worn<Before> {
    /// The context's number.
    context: u64,
    before: Before,
}

/// The clients that a thread acts as, the present one last.
struct Wardrobe<T: Wearable>(RefCell<Vec<Worn<T::Before>>>);

impl<T: Wearable> Wardrobe<T> {
    const fn new() -> Wardrobe<T> {
        Wardrobe(RefCell::new(Vec::new()))
    }

    /// Acts as the client of the context, whether or not the thread does so already.
    fn impersonate(&self, context: u64, token: &T) -> Result<()> {
        let before = token.put_on()?;
        let mut worn = self.0.borrow_mut();
        // The same client again is still to be ended by one call.
        if worn.last().is_none_or(|last| last.context != context) {
            worn.push(Worn { context, before });
        }
        Ok(())
    }

    /// Acts as it did before it began to act as the client of the context. Nothing changes if it
    /// does not act as that one.
    fn revert(&self, context: u64) -> Result<bool> {
        let mut worn = self.0.borrow_mut();
        let Some(at) = worn.iter().rposition(|worn| worn.context == context) else {
            return Ok(false);
        };
        T::take_off(&worn[at].before)?;
        worn.truncate(at);
        Ok(true)
    }
}

thread_local! {
    static WARDROBE: Wardrobe<Token> = const { Wardrobe::new() };
}

/// The calling thread acts as the client of the context with this number, until [`revert`].
///
/// Errors: `NoImpersonation`. The thread is what it was then.
pub(crate) fn impersonate(context: u64, token: &Token) -> Result<()> {
    WARDROBE.with(|wardrobe| wardrobe.impersonate(context, token))
}

/// The calling thread no longer acts as the client of that context; tells whether it did.
pub(crate) fn revert(context: u64) -> Result<bool> {
    WARDROBE.with(|wardrobe| wardrobe.revert(context))
}

/// The calling thread acts as a client: it should not do the server's own work, which the client
/// may not be able to.
pub(crate) fn acting() -> bool {
    WARDROBE.try_with(|wardrobe| !wardrobe.0.borrow().is_empty()).unwrap_or(false)
}

/// What a thread that the calling one starts has to do first, so that it is the server's: on Unix
/// it would act as the client that the calling one acts as, for good.
#[cfg(unix)]
pub(crate) fn for_new_thread() -> impl FnOnce() -> Result<()> + Send + 'static {
    let server =
        WARDROBE.with(|wardrobe| wardrobe.0.borrow().first().map(|worn| worn.before.clone()));
    move || server.map_or(Ok(()), |server| Token::take_off(&server))
}
#[cfg(windows)]
pub(crate) fn for_new_thread() -> impl FnOnce() -> Result<()> + Send + 'static {
    || Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::error::Error;
    use std::cell::Cell;

    thread_local! {
        static WHO: Cell<&'static str> = const { Cell::new("server") };
    }

    struct Played(&'static str);

    impl Wearable for Played {
        type Before = &'static str;

        fn put_on(&self) -> Result<&'static str> {
            if self.0.is_empty() {
                return Err(Error::NoImpersonation("asked for by a test"));
            }
            Ok(WHO.replace(self.0))
        }

        fn take_off(before: &&'static str) -> Result<()> {
            WHO.set(before);
            Ok(())
        }
    }

    fn check(steps: &[(Option<&'static str>, u64, &str)]) {
        WHO.set("server");
        let wardrobe = Wardrobe::new();
        for (number, &(begin, context, then)) in steps.iter().enumerate() {
            match begin {
                Some(who) => {
                    assert_eq!(wardrobe.impersonate(context, &Played(who)).is_ok(), !who.is_empty())
                }
                None => assert!(wardrobe.revert(context).is_ok()),
            }
            assert_eq!(WHO.get(), then, "step {number}");
        }
    }

    #[test]
    fn one_within_the_other() {
        check(&[
            (Some("a"), 1, "a"),
            (Some("b"), 2, "b"),
            (None, 2, "a"),
            (None, 2, "a"),
            (None, 1, "server"),
            (None, 1, "server"),
        ]);
    }

    #[test]
    fn the_same_twice_is_once() {
        check(&[
            (Some("a"), 1, "a"),
            (Some("a"), 1, "a"),
            (None, 1, "server"),
            (None, 1, "server"),
        ]);
    }

    #[test]
    fn ending_the_outer_ends_the_inner() {
        check(&[
            (Some("a"), 1, "a"),
            (Some("b"), 2, "b"),
            (None, 1, "server"),
            (None, 2, "server"),
        ]);
    }

    #[test]
    fn a_failure_changes_nothing() {
        check(&[
            (Some("a"), 1, "a"),
            (Some(""), 2, "a"),
            (None, 2, "a"),
            (None, 1, "server"),
            (Some(""), 1, "server"),
        ]);
    }
}
