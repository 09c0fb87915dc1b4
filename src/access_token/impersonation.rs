//! The clients that the calling thread impersonates.
//!
//! A thread may begin to impersonate one client while it impersonates another. When it ends that,
//! it impersonates the former again. Windows' own RevertToSelf would make it act as the server,
//! with more rights than the surrounding code may expect.

use super::{Impersonate, Token};
use crate::kerberos::Delegated;
use crate::runtime::thread_role;
use crate::types::error::{Error, Result};
use std::cell::RefCell;
use std::sync::Arc;

/// One impersonation.
struct Entry<Previous> {
    /// The context's number.
    context: u64,
    /// The thread's identity before it.
    previous: Previous,
    /// How the thread can act as the client elsewhere.
    act_as: Option<ActAs>,
}

/// How a server acts as its client elsewhere.
#[derive(Debug, Clone)]
pub(crate) enum ActAs {
    /// With the credentials that the client has delegated.
    Delegated(Arc<Delegated>),
    /// In the name of this account of the server's domain, whose password the domain has verified:
    /// protocol transition (S4U2self, [MS-SFU] 1.3.1).
    Account {
        /// The account's name.
        user: String,
        /// Its domain's NetBIOS name.
        domain: String,
    },
}

/// A thread's impersonations, the current one last.
struct ImpersonationStack<T: Impersonate>(RefCell<Vec<Entry<T::Previous>>>);

impl<T: Impersonate> ImpersonationStack<T> {
    const fn new() -> ImpersonationStack<T> {
        ImpersonationStack(RefCell::new(Vec::new()))
    }

    /// Impersonates the client of the context, whether or not the thread does so already.
    fn impersonate(&self, context: u64, token: &T, act_as: Option<ActAs>) -> Result<()> {
        let previous = token.begin()?;
        let mut entries = self.0.borrow_mut();
        // Impersonating the same client twice needs only one revert.
        if entries.last().is_none_or(|last| last.context != context) {
            entries.push(Entry { context, previous, act_as });
        }
        Ok(())
    }

    /// Restores the identity from before the context's client was impersonated. Returns `false`,
    /// and changes nothing, if it is not being impersonated.
    fn revert(&self, context: u64) -> Result<bool> {
        let mut entries = self.0.borrow_mut();
        let Some(at) = entries.iter().rposition(|entry| entry.context == context) else {
            return Ok(false);
        };
        T::end(&entries[at].previous)?;
        entries.truncate(at);
        Ok(true)
    }
}

thread_local! {
    static STACK: ImpersonationStack<Token> = const { ImpersonationStack::new() };
}

/// The calling thread impersonates the client of the context with this number, until [`revert`].
/// `act_as` is how it may act as the client elsewhere.
///
/// Errors: `NoImpersonation`. The thread's identity is then unchanged.
pub(crate) fn impersonate(context: u64, token: &Token, act_as: Option<ActAs>) -> Result<()> {
    check_thread()?;
    STACK.with(|stack| {
        let result = stack.impersonate(context, token, act_as);
        note(stack);
        result
    })
}

/// The calling thread no longer impersonates the client of that context; returns whether it did.
///
/// Errors: `NoImpersonation`. The thread is then neither the server nor the client, and later calls
/// try again.
pub(crate) fn revert(context: u64) -> Result<bool> {
    STACK.with(|stack| {
        let result = stack.revert(context);
        thread_role::set_broken(result.is_err());
        note(stack);
        if let Ok(false) = result {
            tracing::warn!("revert: the thread does not impersonate this context's client");
        }
        result
    })
}

/// Whom the calling thread acts as.
#[derive(Debug, Clone)]
pub(crate) enum Acting {
    /// The server.
    Server,
    /// A client, and how to act as the client elsewhere.
    Client(Option<ActAs>),
}

thread_local! {
    /// Whom a thread of the library's own works for.
    static WORKING_FOR: RefCell<Option<Acting>> = const { RefCell::new(None) };
}

/// Does work in the name of another thread, which acts as `acting`.
pub(crate) fn work_for<T>(acting: Acting, work: impl FnOnce() -> T) -> T {
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            WORKING_FOR.set(None);
        }
    }
    WORKING_FOR.set(Some(acting));
    let _end = End;
    work()
}

/// Whom the calling thread acts as, or the one that it works for.
pub(crate) fn acting() -> Acting {
    if let Some(acting) = WORKING_FOR.with_borrow(Clone::clone) {
        return acting;
    }
    STACK.with(|stack| match stack.0.borrow().last() {
        None => Acting::Server,
        Some(entry) => Acting::Client(entry.act_as.clone()),
    })
}

/// The calling thread may work as the server, or as a client whom it impersonates.
///
/// Errors: `NoImpersonation` if it has been left between the two.
pub(crate) fn check_thread() -> Result<()> {
    if thread_role::is_broken() { Err(BROKEN) } else { Ok(()) }
}

const BROKEN: Error =
    Error::NoImpersonation("the thread's credentials could not be restored: it is partly a client");

/// The calling process becomes the client of this token for good, also if the thread that forked it
/// impersonated another.
///
/// Errors: `NoImpersonation`; the process may then be anybody with no more rights than before.
#[cfg(unix)]
pub(crate) fn become_client(token: &Token) -> Result<()> {
    let server = STACK.with(|stack| stack.0.borrow().first().map(|entry| entry.previous.clone()));
    if let Some(server) = server {
        Token::end(&server)?;
    }
    token.become_for_good()
}

/// Notes the thread's role.
fn note(stack: &ImpersonationStack<Token>) {
    match stack.0.borrow().first() {
        None => thread_role::set_server(),
        Some(outermost) => thread_role::set_impersonating(to_server(outermost)),
    }
}

/// How a thread that inherits this one's identity becomes the server.
#[cfg(unix)]
fn to_server(outermost: &Entry<<Token as Impersonate>::Previous>) -> Option<thread_role::Return> {
    let server = outermost.previous.clone();
    Some(Arc::new(move || Token::end(&server).is_ok()))
}
#[cfg(windows)]
fn to_server(_outermost: &Entry<<Token as Impersonate>::Previous>) -> Option<thread_role::Return> {
    // Threads start with the process' token.
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static WHO: Cell<&'static str> = const { Cell::new("server") };
    }

    struct FakeToken(&'static str);

    impl Impersonate for FakeToken {
        type Previous = &'static str;

        fn begin(&self) -> Result<&'static str> {
            if self.0.is_empty() {
                return Err(Error::NoImpersonation("requested by a test"));
            }
            Ok(WHO.replace(self.0))
        }

        fn end(previous: &&'static str) -> Result<()> {
            WHO.set(previous);
            Ok(())
        }
    }

    fn check(steps: &[(Option<&'static str>, u64, &str)]) {
        WHO.set("server");
        let stack = ImpersonationStack::new();
        for (number, &(begin, context, then)) in steps.iter().enumerate() {
            match begin {
                Some(who) => {
                    assert_eq!(
                        stack.impersonate(context, &FakeToken(who), None).is_ok(),
                        !who.is_empty()
                    )
                }
                None => assert!(stack.revert(context).is_ok()),
            }
            assert_eq!(WHO.get(), then, "step {number}");
        }
    }

    #[test]
    fn a_thread_of_the_library_s_acts_as_the_one_that_it_works_for() {
        let is_server = || matches!(acting(), Acting::Server);
        assert!(is_server());
        work_for(Acting::Client(None), || assert!(matches!(acting(), Acting::Client(None))));
        assert!(is_server());
        let panicking = || work_for(Acting::Client(None), || panic!("in the test"));
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert!(is_server());
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
