//! The configuration file: what is read from one is the same after it was shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::config;

fuzz_target!(|text: &str| {
    if let Ok(settings) = config::parse(text) {
        assert_eq!(config::parse(&settings.to_string()), Ok(settings));
    }
});
