//! Where accounts have logged on from. An account has a few places, and newer ones displace its
//! oldest. Only successful logons add to the table, so that guesses cannot displace anything.

use crate::types::time::FileTime;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;

const SHARDS: usize = 16;
/// Accounts in one shard.
const MOST_ACCOUNTS: usize = 4096;
/// Places of one account.
const MOST_PLACES: usize = 8;
/// A place is forgotten this long after the last logon from there: eight weeks.
const KEPT: Duration = Duration::from_secs(8 * 7 * 24 * 60 * 60);
/// The time of the last logon is kept up to date to within this.
const PRECISION: Duration = Duration::from_secs(24 * 60 * 60);

/// A place and its last logon.
type Place = (u64, FileTime);

pub(super) struct Places {
    shards: [Mutex<HashMap<u64, Vec<Place>>>; SHARDS],
}

impl Places {
    pub(super) fn new() -> Places {
        Places { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    fn shard(&self, account: u64) -> &Mutex<HashMap<u64, Vec<Place>>> {
        &self.shards[account as usize % SHARDS]
    }

    /// Whether the account has logged on from there.
    pub(super) fn has(&self, account: u64, place: u64, now: FileTime) -> bool {
        let shard = self.shard(account).lock();
        let mut places = shard.get(&account).into_iter().flatten();
        places.any(|(known, at)| *known == place && is_kept(*at, now))
    }

    /// Records a logon from there. True if that is news: the first one, or the first for a day.
    pub(super) fn remember(&self, account: u64, place: u64, now: FileTime) -> bool {
        let mut shard = self.shard(account).lock();
        if shard.len() >= MOST_ACCOUNTS && !shard.contains_key(&account) {
            make_room(&mut shard, now);
        }
        let places = shard.entry(account).or_default();
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, at)) if now.distance(*at) < PRECISION => return false,
            Some((_, at)) => *at = now,
            None => {
                if places.len() >= MOST_PLACES {
                    let oldest = (0..places.len()).min_by_key(|index| places[*index].1.0);
                    oldest.map(|index| places.swap_remove(index));
                }
                places.push((place, now));
            }
        }
        true
    }

    /// Each account's places, with the last logon from there.
    pub(super) fn for_each(&self, mut each: impl FnMut(u64, u64, FileTime)) {
        for shard in &self.shards {
            for (account, places) in &*shard.lock() {
                places.iter().for_each(|(place, at)| each(*account, *place, *at));
            }
        }
    }
}

fn is_kept(at: FileTime, now: FileTime) -> bool {
    now.distance(at) < KEPT
}

/// Removes what has expired, and a quarter of the accounts, those whose last logon is longest ago.
fn make_room(accounts: &mut HashMap<u64, Vec<Place>>, now: FileTime) {
    let last = |places: &[Place]| places.iter().map(|(_, at)| at.0).max().unwrap_or_default();
    accounts.retain(|_, places| is_kept(FileTime(last(places)), now));
    let mut ranks: Vec<_> = accounts.iter().map(|(key, places)| (last(places), *key)).collect();
    ranks.sort_unstable();
    let surplus = (accounts.len() + MOST_ACCOUNTS / 4).saturating_sub(MOST_ACCOUNTS);
    ranks.into_iter().take(surplus).for_each(|(_, key)| {
        accounts.remove(&key);
    });
}
