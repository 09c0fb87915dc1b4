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
