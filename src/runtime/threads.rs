//! Starts the library's threads. On Unix a thread inherits the identity of the one that starts it,
//! which may impersonate a client; the library's act as the server. `tests/it/layers` checks that
//! nothing else starts threads or processes.

use super::thread_role;
use crate::platform::heap;
use std::io;
use std::thread::{self, JoinHandle};

/// Starts a thread that does the work as the server, if there is memory for its variables. `work` is told if it could not become the
/// server, and then must not go on.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce(Result<(), NotTheServer>) -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let to_server = thread_role::to_server();
    let begin = move || match to_server {
        Some(to_server) if !to_server() => Err(NotTheServer),
        _ => Ok(()),
    };
    // The C library would end the process.
    if !heap::can_start_thread() {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    thread::Builder::new().name(name.into()).spawn(move || work(begin()))
}

/// A thread still has a client's identity.
#[derive(Debug)]
pub(crate) struct NotTheServer;

/// Does work that inherits the thread's identity, such as starting a process, as the server.
pub(crate) fn as_server<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if !thread_role::is_impersonating() {
        return work();
    }
    let work = |begun: Result<(), NotTheServer>| match begun {
        Ok(()) => work(),
        Err(NotTheServer) => Err(io::ErrorKind::PermissionDenied.into()),
    };
    start("negossp", work)?.join().unwrap_or_else(|_| Err(io::Error::other("a panic")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::sync::Arc;
    use std::thread::ThreadId;

    thread_local! {
        /// Who the thread is, for these tests.
        static WHO: Cell<&'static str> = const { Cell::new("client") };
    }

    /// As a thread that impersonates a client; those that it starts inherit that.
    fn impersonating<T>(can_return: bool, work: impl FnOnce() -> T) -> T {
        thread_role::set_impersonating(Some(Arc::new(move || {
            WHO.set(if can_return { "server" } else { "client" });
            can_return
        })));
        let result = work();
        thread_role::set_server();
        result
    }

    fn who_works() -> io::Result<(&'static str, ThreadId)> {
        as_server(|| Ok((WHO.get(), thread::current().id())))
    }

    #[test]
    fn a_thread_that_a_client_s_thread_starts_is_the_server_s() {
        let started = impersonating(true, || start("test", |begun| (begun.is_ok(), WHO.get())));
        assert_eq!(started.unwrap().join().unwrap(), (true, "server"));
        // It is told when it is not, and does nothing then.
        let started = impersonating(false, || start("test", |begun| begun.is_ok()));
        assert!(!started.unwrap().join().unwrap());
        // The server's own threads need nothing.
        assert!(start("test", |begun| begun.is_ok()).unwrap().join().unwrap());
    }

    #[test]
    fn a_process_is_started_by_a_thread_of_the_server_s() {
        let here = thread::current().id();
        let (who, elsewhere) = impersonating(true, who_works).unwrap();
        assert_eq!(who, "server");
        assert_ne!(elsewhere, here);
        assert!(impersonating(false, who_works).is_err());
        assert_eq!(who_works().unwrap().1, here);
    }
}
