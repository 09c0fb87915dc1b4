//! WinPR's SAM file: `user:domain:LM hash:NT hash:::`, one account to a line. An account without a
//! domain is of any.

use super::smbpasswd;
use crate::ntlm::Account;
use crate::runtime::watched_file::{Content, Format, Problem, WatchedFile};
use crate::stores::text_file;

/// The accounts of a SAM file.
#[derive(Debug, Default)]
pub struct SamAccounts {
    /// In the file's order.
    pub accounts: Vec<Account>,
    /// Why there are none.
    pub problem: Option<Problem>,
}

/// A SAM file. A program names it when it acquires a credential, which has the accounts of that
/// time.
pub type SamFile = WatchedFile<SamFormat>;

/// The format of a [`SamFile`].
#[derive(Debug, Default)]
pub struct SamFormat;

impl Format for SamFormat {
    type Value = SamAccounts;
    const WHAT: &'static str = "SAM file";

    fn read(
        &self,
        content: &Content<'_>,
        _previous: Option<&SamAccounts>,
    ) -> Result<SamAccounts, String> {
        let file = content.path.display();
        if content.exposed {
            tracing::warn!(%file, "SAM file: others than its owner may read or write it; its hashes are as good as passwords");
        }
        let (mut accounts, mut skipped) = (Vec::new(), 0);
        for (number, line) in text_file::lines(content.bytes) {
            match parse(line) {
                Ok(account) => accounts.extend(account),
                Err(why) => {
                    if skipped == 0 {
                        tracing::warn!(%file, line = number, "SAM file: line skipped: {why}");
                    }
                    skipped += 1;
                }
            }
        }
        tracing::debug!(%file, accounts = accounts.len(), skipped, "SAM file read");
        match accounts.is_empty() {
            true => Err("no account in it".to_owned()),
            false => Ok(SamAccounts { accounts, problem: None }),
        }
    }

    fn without(&self, problem: Option<&Problem>) -> SamAccounts {
        SamAccounts { accounts: Vec::new(), problem: problem.cloned() }
    }
}

/// Parses a line; `None` for a blank one and a comment. An account without a hash is one that
/// cannot log on.
fn parse(line: &[u8]) -> Result<Option<Account>, &'static str> {
    let smbpasswd::Line::Account(user) = smbpasswd::classify(line)? else { return Ok(None) };
    let mut fields = line.trim_ascii().split(|&b| b == b':').skip(1);
    let mut field = || fields.next().ok_or("fewer than five fields");
    let (domain, lm, nt) = (field()?, field()?, field()?);
    field()?;
    let domain = std::str::from_utf8(domain).map_err(|_| "the domain is not UTF-8")?;
    let [lm_hash, nt_hash] = [lm, nt].map(|digits| match digits {
        b"" => Ok(None),
        digits => smbpasswd::password_hash(digits),
    });
    Ok(Some(Account {
        user: user.to_owned(),
        domain: domain.to_owned(),
        nt_hash: nt_hash.map_err(|()| "the NT hash is not 32 hexadecimal digits")?,
        lm_hash: lm_hash.map_err(|()| "the LM hash is not 32 hexadecimal digits")?,
        disabled: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NT: &str = "a4f49c406510bdcab6824ee7c30fd852";
    const LM: &str = "e52cac67419a9a224a3b108f3fa6cb6d";

    /// The lines that winpr-hash(1) and winpr's documentation show: five fields at least.
    #[test]
    fn accounts_and_what_is_none() {
        let account = |line: &str| parse(line.as_bytes()).unwrap().unwrap();
        let alice = account(&format!("alice:EXAMPLE:{LM}:{NT}:::\r"));
        assert_eq!((&*alice.user, &*alice.domain), ("alice", "EXAMPLE"));
        assert_eq!(alice.nt_hash.unwrap()[..2], [0xa4, 0xf4]);
        assert_eq!(alice.lm_hash.unwrap()[..2], [0xe5, 0x2c]);
        let bob = account(&format!("bob:::{}:::", NT.to_uppercase()));
        assert_eq!((&*bob.domain, bob.lm_hash), ("", None));
        assert_eq!(bob.nt_hash, alice.nt_hash);
        for line in ["", "  ", "# alice:::x:::"] {
            assert!(parse(line.as_bytes()).unwrap().is_none(), "{line}");
        }
        for line in ["alice", "alice:EXAMPLE", &format!("alice:::{NT}"), "alice:::zz:::"] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    /// NTOWFv1 and LMOWFv1 of the empty password, and no hash: nobody logs on.
    #[test]
    fn an_account_without_a_password_has_no_hash() {
        for (lm, nt) in
            [("", ""), ("aad3b435b51404eeaad3b435b51404ee", "31d6cfe0d16ae931b73c59d7e0c089c0")]
        {
            let account = parse(format!("alice::{lm}:{nt}:::").as_bytes()).unwrap().unwrap();
            assert_eq!((account.lm_hash, account.nt_hash), (None, None));
        }
    }
}
