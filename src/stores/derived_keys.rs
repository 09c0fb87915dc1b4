//! Keys that were derived from passwords lately, for all credentials of the process: a key takes
//! tens of milliseconds, which a stranger's ticket makes the server spend, and callers that acquire
//! a credential for each connection would spend on each.

use crate::kerberos::crypto::{Enctype, Key, string_to_key};
use crate::runtime::fork_local::ForkLocal;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use sha2::Sha256;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

/// The most that are kept: those of a handful of services.
const MOST: usize = 64;

/// The maximum wait for the list, which is held briefly.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a key is derived from, under a secret of the process.
type Origin = [u8; 32];

/// Derived once, by the first who asks; none if that is not possible.
type Slot = Arc<OnceLock<Option<Key>>>;

/// A list of keys, zeroed when they leave it. It has no passwords.
pub(crate) struct Derived {
    secret: [u8; 32],
    /// Those last asked for are at the end.
    slots: Mutex<VecDeque<(Origin, Slot)>>,
}

/// A forked child begins anew: a thread of its parent may have been deriving a key.
static DERIVED: LazyLock<ForkLocal<Option<Derived>>> =
    LazyLock::new(|| ForkLocal::new(Derived::new()));

/// Makes the list of the process.
pub fn prepare() {
    LazyLock::force(&DERIVED);
}

/// [`string_to_key`] with the encryption type's own number of iterations, done once for the same.
pub fn key(enctype: Enctype, password: &str, salt: &str) -> Option<Key> {
    let derive = || string_to_key(enctype, password, salt.as_bytes(), None).ok();
    match DERIVED.get(Derived::new) {
        Some(derived) => derived.key(enctype, password, salt, derive),
        None => derive(),
    }
}

impl Derived {
    /// An empty list; none without random numbers.
    fn new() -> Option<Derived> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).ok()?;
        Some(Derived { secret, slots: Mutex::default() })
    }

    fn key(
        &self,
        enctype: Enctype,
        password: &str,
        salt: &str,
        derive: impl FnOnce() -> Option<Key>,
    ) -> Option<Key> {
        let slot = match self.origin(enctype, password, salt) {
            Some(origin) => self.slot(origin),
            None => Slot::default(),
        };
        // The list is free meanwhile.
        slot.get_or_init(derive).clone()
    }

    fn slot(&self, origin: Origin) -> Slot {
        let Some(mut slots) = self.slots.try_lock_for(PATIENCE) else { return Slot::default() };
        let found = slots.iter().position(|(of, _)| *of == origin).and_then(|at| slots.remove(at));
        let (origin, slot) = found.unwrap_or_else(|| (origin, Slot::default()));
        if slots.len() >= MOST {
            slots.pop_front();
        }
        slots.push_back((origin, slot.clone()));
        slot
    }

    fn origin(&self, enctype: Enctype, password: &str, salt: &str) -> Option<Origin> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).ok()?;
        mac.update(&enctype.number().to_be_bytes());
        mac.update(&(salt.len() as u64).to_be_bytes());
        mac.update(salt.as_bytes());
        mac.update(password.as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kerberos::{PasswordKeys, ServiceName};
    use std::cell::Cell;

    const AES: Enctype = Enctype::Aes128Sha1;

    #[test]
    fn a_key_is_derived_once_and_the_list_has_an_end() {
        let derived = Derived::new().unwrap();
        let times = Cell::new(0u8);
        let ask = |enctype: Enctype, password: &str, salt: &str| {
            let derive = || {
                times.set(times.get() + 1);
                Key::new(enctype, &vec![times.get(); enctype.key_length()]).ok()
            };
            derived.key(enctype, password, salt, derive).unwrap().bytes()[0]
        };
        assert_eq!(ask(AES, "password", "salt"), 1);
        assert_eq!(ask(AES, "password", "salt"), 1);
        // Everything that the key depends on counts, and where one ends and the next begins.
        assert_eq!(ask(Enctype::Aes128Sha256, "password", "salt"), 2);
        assert_eq!(ask(AES, "Password", "salt"), 3);
        assert_eq!(ask(AES, "password", "Salt"), 4);
        assert_eq!(ask(AES, "tpassword", "sal"), 5);
        assert_eq!(ask(AES, "password", "salt"), 1);
        for other in 0..MOST - 1 {
            ask(AES, "password", &format!("{other}"));
        }
        assert_eq!(ask(AES, "password", "salt"), 1, "the others are the ones that leave");
        assert_eq!(derived.slots.lock().len(), MOST);
        let before = times.get();
        ask(AES, "Password", "salt");
        assert_eq!(times.get(), before + 1);
        assert_eq!(derived.slots.lock().len(), MOST);
    }

    #[test]
    fn credentials_share_what_was_derived() {
        const PASSWORD: &str = "a password of this test alone";
        let name = ServiceName::parse("HTTP/web1").unwrap();
        let keys = PasswordKeys::new(&name, vec!["R".into()], PASSWORD.to_owned().into(), key);
        let found = keys.of(AES).unwrap();
        assert_eq!(found.entries().len(), 2);
        for (entry, salt) in found.entries().iter().zip(["RHTTPweb1", "Rhostweb1.r"]) {
            let again =
                DERIVED
                    .get(|| unreachable!())
                    .as_ref()
                    .unwrap()
                    .key(AES, PASSWORD, salt, || panic!("derived twice: {salt}"));
            assert_eq!(again.unwrap().bytes(), entry.key.bytes());
        }
    }
}
