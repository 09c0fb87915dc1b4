//! The reasons of our acceptor: the last rejection in its log.

use negossp::runtime::log::{Filter, Log};
use std::sync::Mutex;

static LAST: Mutex<Option<String>> = Mutex::new(None);

pub fn keep() {
    let (filter, _) = Filter::parse("debug");
    let log = Log::new(filter, |line: &[u8]| {
        let line = String::from_utf8_lossy(line).into_owned();
        if line.contains("efused") || line.contains("fail") || line.contains("error=") {
            *LAST.lock().unwrap() = Some(line);
        }
    });
    tracing::subscriber::set_global_default(log).expect("the first to ask for the log");
}

/// The last reason, returned once.
pub fn taken() -> Option<String> {
    let line = LAST.lock().unwrap().take()?;
    Some(match line.split_once("error=") {
        Some((_, reason)) => reason.trim_end().to_owned(),
        None => line.trim_end().to_owned(),
    })
}
