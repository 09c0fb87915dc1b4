//! What the tests of several modules share. `kerberos_recorded` and `pac` serve the other crate's
//! tests too, which include them from here.

pub(crate) mod caller;
pub(crate) mod exchanges;
pub(crate) mod kerberos_recorded;
pub(crate) mod mechanisms;
pub(crate) mod ntlm;
pub(crate) mod pac;
pub(crate) mod random;

/// The path of a file in `tests/data` of the repository, which the other crate's tests read too.
macro_rules! shared {
    ($($part:expr),*) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/", $($part),*)
    };
}
pub(crate) use shared;
