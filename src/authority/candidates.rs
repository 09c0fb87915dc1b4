//! The account that a client's names mean.

use super::pass_through::PassThrough;
use crate::ntlm::ServerNames;
use crate::stores::accounts::file::AccountFile;
use crate::types::account_name::same;
use std::sync::Arc;

/// The accounts of this machine, and the names that mean them.
#[derive(Debug, Clone)]
pub struct LocalAccounts {
    /// The account file, if one is configured.
    pub file: Option<Arc<AccountFile>>,
    /// The domain that its accounts belong to.
    pub domain: Option<String>,
    /// A client that names another domain than the accounts', the machine's own or none means no
    /// account.
    pub strict_domain: bool,
    /// The server's names.
    pub names: ServerNames,
}

impl LocalAccounts {
    /// The user names that a domain and a user may mean, in the order in which they are looked for:
    /// the name as sent, then, for `user@suffix` without a domain (a user principal name), the part
    /// before the last `@`.
    ///
    /// None where the domain is one that `[accounts] strict_domain` excludes.
    pub(super) fn candidates<'a>(
        &self,
        domain: &str,
        user: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let as_sent = self.is_our_domain(domain).then_some(user);
        let principal_name = match user.rsplit_once('@') {
            Some((user, suffix))
                if domain.is_empty() && !user.is_empty() && self.is_our_domain(suffix) =>
            {
                Some(user)
            }
            _ => None,
        };
        as_sent.into_iter().chain(principal_name)
    }

    /// The name that attempts on an account are counted under if no authority knows it: the same for
    /// `user` and `user@suffix`.
    pub(super) fn canonical_name<'a>(&self, domain: &str, user: &'a str) -> &'a str {
        self.candidates(domain, user).last().unwrap_or(user)
    }

    /// The name that attempts on an account of the file are counted under.
    pub(super) fn name_in_file(&self, domain: &str, user: &str) -> String {
        let accounts = self.file.as_ref().map(|file| file.peek());
        let known = accounts
            .as_ref()
            .and_then(|accounts| self.candidates(domain, user).find_map(|name| accounts.get(name)));
        known.map_or_else(
            || self.canonical_name(domain, user).to_owned(),
            |entry| entry.account.user.clone(),
        )
    }

    /// This domain means the machine's accounts: it is one of the server's names, or none, or
    /// policy is not strict.
    fn is_our_domain(&self, domain: &str) -> bool {
        let names = &self.names;
        !self.strict_domain
            || domain.is_empty()
            || domain == "."
            || self.domain.as_deref().is_some_and(|ours| same(ours, domain))
            || [
                &names.nb_computer,
                &names.nb_domain,
                &names.dns_computer,
                &names.dns_domain,
                &names.dns_tree,
            ]
            .into_iter()
            .any(|ours| same(ours, domain))
    }

    /// Of a machine that is `joined` to a domain: its own accounts are meant, not the domain's.
    pub(super) fn is_this_machine(&self, domain: &str, joined: Option<&dyn PassThrough>) -> bool {
        let named = |ours: &str| same(ours, domain);
        let of_the_domain = joined.is_some_and(|joined| joined.is_named(domain));
        domain.is_empty()
            || domain == "."
            || named(&self.names.nb_computer)
            || named(&self.names.dns_computer)
            || self.domain.as_deref().is_some_and(|ours| named(ours) && !of_the_domain)
    }

    /// The domain that a principal of an account gets: the account's, the accounts', the machine's.
    pub(super) fn domain_of<'a>(&'a self, domain: &'a str) -> &'a str {
        let domains = [domain, self.domain.as_deref().unwrap_or_default(), &self.names.nb_computer];
        domains.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }
}
