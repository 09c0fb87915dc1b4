//! The log: off by default, one line per event, for the operator.
//!
//! `NEGOSSP_LOG` enables it: a level (`error`, `warn`, `info`, `debug`, `trace`), or a list such as
//! `info,negossp::ntlm=debug` in which the longest matching path applies. Lines go to standard
//! error, or to the end of the file that `NEGOSSP_LOG_FILE` names.
//!
//! Data from a peer is recorded as a string value (`user = name`), which is quoted, so that it
//! cannot imitate another field; control characters are always escaped. A value is cut at 256
//! characters, and `...(17 more)` follows its closing quote. Secrets are never logged.

use super::log_text::{Utc, cut, escape_into};
use crate::platform;
use crate::platform::files::{self, Access};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};

/// Enables the log if the environment says so. Every entry point calls it; after the first time it
/// costs one load.
#[inline]
pub fn init() {
    // Not a Once: a fork while another thread is at it would block the child.
    static BEGUN: AtomicBool = AtomicBool::new(false);
    if !BEGUN.load(Ordering::Relaxed) && !BEGUN.swap(true, Ordering::Relaxed) {
        let wanted = platform::environment("NEGOSSP_LOG").unwrap_or_default();
        if !wanted.is_empty() {
            switch_on(&wanted.to_string_lossy());
        }
    }
}

fn switch_on(wanted: &str) {
    let (filter, unknown) = Filter::parse(wanted);
    let path = platform::environment("NEGOSSP_LOG_FILE").filter(|path| !path.is_empty());
    let opened = path.as_ref().map(|path| open(Path::new(path)));
    let (output, open_error) = match opened {
        Some(Ok(file)) => (Some(file), None),
        Some(Err(error)) => (platform::standard_error(), Some(error)),
        None => (platform::standard_error(), None),
    };
    // Without an output the log stays off.
    let Some(output) = output else { return };
    // A Rust host that shares `tracing` may have set its own subscriber, which stays.
    if set_global_default(Log::new(filter, move |line: &[u8]| platform::write_line(&output, line)))
        .is_err()
    {
        return;
    }
    if let Some(word) = unknown {
        tracing::warn!(word = word.as_str(), "NEGOSSP_LOG: not a level");
    }
    if let (Some(error), Some(path)) = (open_error, path) {
        tracing::warn!(file = %path.display(), %error, "NEGOSSP_LOG_FILE cannot be opened; logging to standard error");
    }
}

/// Opens a log file for appending. It contains user names, so on Unix only its owner may read it.
fn open(path: &Path) -> std::io::Result<File> {
    files::open(path, Access::Append).map(|opened| opened.file)
}

thread_local! {
    /// The handle of the call in progress on this thread; 0 for none.
    static HANDLE: Cell<u64> = const { Cell::new(0) };
    /// Whether a line says why the call in progress fails.
    static EXPLAINED: Cell<bool> = const { Cell::new(false) };
}

/// A call of an exported function. Lines logged by its thread during the call contain its handle.
#[derive(Debug)]
pub struct Call(());

impl Call {
    /// Begins a call, with no handle yet.
    #[inline]
    pub fn begin() -> Call {
        about(0);
        EXPLAINED.set(false);
        Call(())
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        about(0);
    }
}

/// Sets the handle of the call in progress on this thread, which connects the lines of one
/// exchange.
#[inline]
pub fn about(handle: u64) {
    HANDLE.with(|cell| cell.set(handle));
}

/// A line says why the call in progress on this thread fails: no other need say so.
pub fn explained() {
    EXPLAINED.set(true);
}

/// Whether a line says why the call in progress on this thread fails.
pub fn is_explained() -> bool {
    EXPLAINED.get()
}

/// A target as the log shows it and filters name it: the protocol crate's modules go by this
/// library's name.
fn shown(target: &str) -> Cow<'_, str> {
    match target.strip_prefix("negossp_core") {
        Some("") => Cow::Borrowed("negossp"),
        Some(rest) if rest.starts_with("::") => Cow::Owned(format!("negossp{rest}")),
        _ => Cow::Borrowed(target),
    }
}

/// Which events are logged.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Paths with their levels, the longest first; the empty path matches everything.
    levels: Vec<(String, LevelFilter)>,
}

impl Filter {
    /// Parses NEGOSSP_LOG's value. An unknown word is returned, and taken for `warn`, since a log
    /// was wanted.
    pub fn parse(wanted: &str) -> (Filter, Option<String>) {
        let mut levels: Vec<(String, LevelFilter)> = Vec::new();
        let mut unknown = None;
        for word in wanted.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (path, level) = word.split_once('=').unwrap_or(("", word));
            let level = level.parse().unwrap_or_else(|_| {
                unknown = Some(word.to_owned());
                LevelFilter::WARN
            });
            levels.push((path.to_owned(), level));
        }
        levels.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        (Filter { levels }, unknown)
    }

    fn level(&self, target: &str) -> LevelFilter {
        let within = |path: &str| match target.strip_prefix(path) {
            Some(rest) => path.is_empty() || rest.is_empty() || rest.starts_with("::"),
            None => false,
        };
        self.levels
            .iter()
            .find(|(path, _)| within(path))
            .map_or(LevelFilter::OFF, |&(_, level)| level)
    }
}

/// The `tracing` subscriber: writes each selected event as one line. Spans are not used.
pub struct Log<W> {
    filter: Filter,
    write: W,
}

impl<W: Fn(&[u8]) + Send + Sync + 'static> Log<W> {
    /// A log that passes each line to `write`, complete with its line end.
    pub fn new(filter: Filter, write: W) -> Log<W> {
        Log { filter, write }
    }
}

impl<W: Fn(&[u8]) + Send + Sync + 'static> Subscriber for Log<W> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= self.filter.level(&shown(metadata.target()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.filter.levels.iter().map(|&(_, level)| level).max()
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut line = String::with_capacity(160);
        let metadata = event.metadata();
        // Writing to a String does not fail.
        let _ = write!(
            line,
            "{} {:5} {}",
            Utc(platform::now()),
            metadata.level(),
            shown(metadata.target())
        );
        match HANDLE.with(Cell::get) {
            0 => {}
            handle => {
                let _ = write!(line, " handle={handle:#x}");
            }
        }
        line.push_str(": ");
        escape_into(&mut line, &text.message);
        escape_into(&mut line, &text.fields);
        line.push('\n');
        (self.write)(line.as_bytes());
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event's text.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
            return;
        }
        let (value, left_out) = cut(value);
        let _ = write!(self.fields, " {}={value:?}", field.name());
        if left_out > 0 {
            let _ = write!(self.fields, "...({left_out} more)");
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_decides() {
        let (filter, unknown) = Filter::parse("info, negossp::ntlm=trace,negossp::ntlm::rc4=off");
        assert_eq!(unknown, None);
        assert_eq!(filter.level("negossp::entry"), LevelFilter::INFO);
        assert_eq!(filter.level("negossp::ntlm"), LevelFilter::TRACE);
        assert_eq!(filter.level("negossp::ntlm::acceptor"), LevelFilter::TRACE);
        assert_eq!(filter.level("negossp::ntlm::rc4"), LevelFilter::OFF);
        assert_eq!(filter.level("negossp::ntlmssp"), LevelFilter::INFO);
        let (filter, _) = Filter::parse("negossp::config=debug");
        assert_eq!(filter.level("negossp::entry"), LevelFilter::OFF);
        let (filter, unknown) = Filter::parse("loud");
        assert_eq!(
            (filter.level("negossp"), unknown.as_deref()),
            (LevelFilter::WARN, Some("loud"))
        );
    }
}
