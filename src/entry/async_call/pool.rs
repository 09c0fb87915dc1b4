//! The threads that make calls. There is none before the first call, and none for long after the
//! last.

use crate::access_token;
use crate::types::error::{Error, Result};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

/// A call; what it gives is the program's to do afterwards.
type Job = Box<dyn FnOnce() -> Option<Notice> + Send>;
/// The program's callback.
pub(super) type Notice = Box<dyn FnOnce()>;

/// Most threads that make calls: those that wait for an authority do so in one each.
const CALLING: usize = 16;
/// Most threads in all, with those that are in a program's callback, which may wait for other
/// calls.
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
    /// Threads, without those in callbacks.
    calling: usize,
    /// Of these, how many have nothing to do.
    idle: usize,
    in_callbacks: usize,
}

impl Pool {
    /// Has the job done, some time later, in another thread.
    pub(super) fn submit(&'static self, job: Job) -> Result<()> {
        let mut queue = self.queue.lock();
        if queue.jobs.len() >= WAITING {
            return Err(Error::OutOfMemory);
        }
        queue.jobs.push_back(job);
        if !self.enough_threads(&mut queue) {
            // Nobody would ever do it.
            queue.jobs.pop_back();
            return Err(Error::OutOfMemory);
        }
        self.more.notify_one();
        Ok(())
    }

    /// Starts a thread if one is wanted for the jobs that wait; whether there is any.
    fn enough_threads(&'static self, queue: &mut Queue) -> bool {
        let room = queue.calling < CALLING && queue.calling + queue.in_callbacks < THREADS;
        if queue.idle < queue.jobs.len() && room {
            let first = access_token::for_new_thread();
            let started = thread::Builder::new().name("negossp".into()).spawn(|| match first() {
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
