//! Exported contexts: the decrypted content, which an attacker cannot change, and the encrypted
//! form, which an attacker can.
//!
//! What must hold besides not panicking: what can be unpacked is packed in the same form and can be
//! used; nothing that was not sealed with the key is opened.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::config::Settings;
use negossp::persist::{Persist, Reader};
use negossp::platform;
use negossp::platform::random::SystemRandom;
use negossp::server::export_import::{self, CallState, ExportOptions};
use negossp::server::{Configuration, Context};
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;
use negossp::types::time::FileTime;
use negossp_fuzz::{call, use_context};
use std::sync::{Arc, LazyLock};

static CONFIGURATION: LazyLock<Arc<Configuration>> =
    LazyLock::new(|| Arc::new(Configuration::open(Settings::default(), None)));

/// The time and the circumstances at the front of what was unpacked.
fn front(plain: &[u8]) -> (FileTime, CallState) {
    let mut from = Reader::new(plain, &SystemRandom);
    (FileTime::unpack(&mut from).unwrap(), CallState::unpack(&mut from).unwrap())
}

fuzz_target!(|data: &[u8]| {
    let Some((&kind, bytes)) = data.split_first() else { return };
    if kind & 2 != 0 {
        assert!(matches!(
            export_import::import(bytes, &CONFIGURATION),
            Err(Error::InvalidToken(_))
        ));
        return;
    }
    let Ok(context) = export_import::unpack_unsealed(kind & 1 != 0, bytes, &CONFIGURATION) else {
        return;
    };
    let (made, circumstances) = front(bytes);
    assert_eq!(export_import::pack_unsealed(&context, &circumstances, made).as_deref(), Ok(bytes));
    match &context {
        Context::Established(secured) => use_context(&secured.established, b"message"),
        Context::Accepting(accepting) => {
            for token in [&b""[..], b"NTLMSSP\0\x03\0\0\0", bytes] {
                let bindings = circumstances.bindings.as_ref();
                let _ = accepting.step(token, call(ContextFlags::INTEGRITY, bindings));
            }
        }
        Context::Initiating(_) | Context::Failed => panic!("neither is ever exported"),
    }
    // Sealed and opened again.
    let sealed = export_import::export(
        &context,
        &circumstances,
        ExportOptions { reset: kind & 4 != 0, half_open: true },
        &CONFIGURATION,
        platform::now(),
    );
    assert!(export_import::import(&sealed.unwrap(), &CONFIGURATION).is_ok());
});
