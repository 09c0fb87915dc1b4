//! The account file: what a line gives can be found under its name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::stores::accounts::smbpasswd;

fuzz_target!(|data: &[u8]| {
    for (_, line) in smbpasswd::lines(data) {
        if let Ok(Some(entry)) = smbpasswd::parse(line) {
            smbpasswd::check_name(&entry.account.user)
                .expect("a name that was read is one that may be written");
        }
    }
});
