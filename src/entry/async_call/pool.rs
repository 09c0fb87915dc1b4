//! The threads that make calls. They start with the first call and end soon after the last.

use crate::runtime::threads;
use crate::types::error::{Error, Result};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::time::Duration;

/// A call. It returns the callback to be called afterwards.
type Job = Box<dyn FnOnce() -> Option<Notice> + Send>;
/// The caller's callback.
pub(super) type Notice = Box<dyn FnOnce()>;

/// Most threads that make calls. Each call that waits for an authority occupies one.
const CALLING: usize = 16;
/// Most threads in total, including those in callbacks, which may wait for other calls.
const THREADS: usize = 256;
/// Most calls that wait for a thread.
const WAITING: usize = 1 << 16;
/// How long a thread waits for another call.
const IDLE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Pool {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that are not in callbacks.
    calling: usize,
    /// Idle threads among these.
    idle: usize,
    in_callbacks: usize,
}

impl Pool {
    /// Queues the job for another thread.
    pub(super) fn submit(&'static self, job: Job) -> Result<()> {
        let mut queue = self.queue.lock();
        if queue.jobs.len() >= WAITING {
            return Err(Error::OutOfMemory);
        }
        queue.jobs.try_reserve(1).map_err(|_| Error::OutOfMemory)?;
        queue.jobs.push_back(job);
        if !self.enough_threads(&mut queue) {
            // There is no thread to run it.
            queue.jobs.pop_back();
            return Err(Error::OutOfMemory);
        }
        self.more.notify_one();
        Ok(())
    }

    /// Starts a thread if the queue needs one. Returns whether there is any thread.
    fn enough_threads(&'static self, queue: &mut Queue) -> bool {
        let room = queue.calling < CALLING && queue.calling + queue.in_callbacks < THREADS;
        if queue.idle < queue.jobs.len() && room {
            let started = threads::start("negossp", |begun| match begun {
                Ok(()) => self.work(),
                Err(_) => self.queue.lock().calling -= 1,
            });
            queue.calling += usize::from(started.is_ok());
        }
        queue.calling + queue.in_callbacks > 0
    }

    fn work(&'static self) {
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                let notice = job();
                queue = self.queue.lock();
                if let Some(notice) = notice {
                    queue.calling -= 1;
                    queue.in_callbacks += 1;
                    self.enough_threads(&mut queue);
                    drop(queue);
                    notice();
                    queue = self.queue.lock();
                    queue.in_callbacks -= 1;
                    queue.calling += 1;
                }
                continue;
            }
            queue.idle += 1;
            let waited = self.more.wait_for(&mut queue, IDLE);
            queue.idle -= 1;
            if waited.timed_out() && queue.jobs.is_empty() {
                queue.calling -= 1;
                return;
            }
        }
    }
}
