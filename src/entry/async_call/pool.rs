//! The threads that make calls. There is none before the first call, and none for long after the last.

use crate::error::{Error, Result};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// Most threads at a time: calls that wait for an authority do so in one each.
const THREADS: usize = 16;
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
    threads: usize,
    idle: usize,
}

impl Pool {
    /// Has the job done, some time later, in another thread.
    pub(super) fn submit(&'static self, job: Job) -> Result<()> {
        let mut queue = self.queue.lock();
        if queue.jobs.len() >= WAITING {
            return Err(Error::OutOfMemory);
        }
        queue.jobs.push_back(job);
        if queue.idle < queue.jobs.len() && queue.threads < THREADS {
            queue.threads += 1;
            let started = thread::Builder::new().name("negossp".into()).spawn(|| self.work());
            if started.is_err() {
                queue.threads -= 1;
                // Without any thread nobody would ever do it.
                if queue.threads == 0 {
                    queue.jobs.pop_back();
                    return Err(Error::OutOfMemory);
                }
            }
        }
        self.more.notify_one();
        Ok(())
    }

    fn work(&'static self) {
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                job();
                queue = self.queue.lock();
                continue;
            }
            queue.idle += 1;
            let waited = self.more.wait_for(&mut queue, IDLE);
            queue.idle -= 1;
            if waited.timed_out() && queue.jobs.is_empty() {
                queue.threads -= 1;
                return;
            }
        }
    }
}
