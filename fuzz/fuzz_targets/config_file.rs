//! The configuration file: settings that were read are the same after printing and reading them
//! again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::config;

fuzz_target!(|text: &str| {
    if let Ok(settings) = config::parse(text) {
        assert_eq!(config::parse(&settings.to_string()), Ok(settings));
    }
});
