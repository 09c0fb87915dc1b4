//! The replay cache that all contexts of the process share.

use negossp::platform;
use negossp::replay::{Refusal, ReplayCache as _};
use negossp::stores::kerberos_files::KerberosFiles;
use negossp::stores::replay_cache::ReplayCache;
use std::time::Duration;

const SKEW: Duration = Duration::from_secs(300);
/// Unique to this test.
const TAG: [u8; 12] = *b"claim, twice";

/// Other tests use it at the present time.
#[test]
fn a_claim_on_the_shared_cache_can_be_taken_back() {
    let (now, cache) = (platform::now(), ReplayCache::new(&KerberosFiles::default()));
    let claim = |cache: &ReplayCache| cache.claim(&TAG, now.unix_seconds(), now, SKEW);
    let claimed = claim(&cache).unwrap();
    assert_eq!(claim(&cache), Err(Refusal::Replayed));
    cache.release(claimed);
    assert!(claim(&cache).is_ok());
    assert_eq!(claim(&ReplayCache::new(&KerberosFiles::default())), Err(Refusal::Replayed));
}
