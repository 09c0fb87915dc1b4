//! The account file: an account that a line defines can be found under its name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::stores::accounts::smbpasswd;
use negossp::stores::text_file;

fuzz_target!(|data: &[u8]| {
    for (_, line) in text_file::lines(data) {
        if let Ok(Some(entry)) = smbpasswd::parse(line) {
            smbpasswd::check_name(&entry.account.user)
                .expect("a name that was read is one that may be written");
        }
    }
});
