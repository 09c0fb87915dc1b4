//! Fields that nothing protects.

use std::fmt;

/// A field of a message that nothing protects: whoever stands between client and server can change
/// it. Nothing may be decided by its value. There is a method for each permitted use, and no other
/// way to the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unprotected<T>(pub(super) T);

impl<T: Copy> Unprotected<T> {
    /// A field with this value.
    pub const fn new(value: T) -> Unprotected<T> {
        Unprotected(value)
    }

    /// For finding the key that decrypts the protected part. The key is what counts then.
    pub(in crate::kerberos) fn for_key_search(self) -> T {
        self.0
    }

    /// For a KRB-ERROR, which repeats the field to the peer.
    pub(in crate::kerberos) fn for_krb_error(self) -> T {
        self.0
    }

    /// For a ticket inside a KRB-CRED, which the client has encrypted as a whole.
    pub(in crate::kerberos) fn inside_krb_cred(self) -> T {
        self.0
    }

    /// Whether it is what a protected field says. Only to reject a message that contradicts itself.
    pub(in crate::kerberos) fn agrees_with(self, protected: T) -> bool
    where
        T: PartialEq,
    {
        self.0 == protected
    }

    /// For the log and for tests.
    pub fn for_log(self) -> T {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Unprotected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
