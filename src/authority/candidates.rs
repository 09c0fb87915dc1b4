//! The account that a client's names mean.

use super::application::{AccountName, Application};
use super::pass_through::PassThrough;
use crate::ntlm::{Account, NetworkLogon, ServerNames};
use crate::stores::accounts::details::DetailsFile;
use crate::stores::accounts::file::AccountFile;
use crate::types::account_name::{downcase, same};
use std::borrow::Cow;
use std::sync::Arc;

/// The accounts of this machine, and the names that mean them.
#[derive(Debug, Clone)]
pub struct LocalAccounts {
    /// The account file, if one is configured.
    pub file: Option<Arc<AccountFile>>,
    /// The file of account details, which has their user principal names.
    pub details: Option<Arc<DetailsFile>>,
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
    /// the name as sent, then, for `user@suffix` without a domain (a user principal name), the
    /// account that `[accounts] details` gives that name, then the part before the last `@`. An
    /// explicit principal name goes before the implicit one, as in a domain ([MS-ADTS] 5.1.1.1.1).
    ///
    /// None where the domain is one that `[accounts] strict_domain` excludes. A listed principal
    /// name is the account's own, whatever its suffix.
    pub(super) fn candidates<'a>(
        &self,
        domain: &str,
        user: &'a str,
    ) -> impl Iterator<Item = Cow<'a, str>> {
        let as_sent = self.is_our_domain(domain).then_some(user);
        let suffix =
            user.rsplit_once('@').filter(|(user, _)| domain.is_empty() && !user.is_empty());
        let listed = suffix.and_then(|_| self.account_of_upn(user));
        let implicit = suffix.and_then(|(user, suffix)| self.is_our_domain(suffix).then_some(user));
        let (as_sent, implicit) = (as_sent.map(Cow::Borrowed), implicit.map(Cow::Borrowed));
        as_sent.into_iter().chain(listed.map(Cow::Owned)).chain(implicit)
    }

    /// The name of the account that the details give this user principal name.
    fn account_of_upn(&self, upn: &str) -> Option<String> {
        self.details.as_ref()?.peek().account_of_upn(upn).map(str::to_owned)
    }

    /// The account that the client's names mean among those of a credential. Of several with its
    /// name: that of the domain that the client names, else one without a domain, else the first.
    pub(super) fn own_account<'a>(
        &self,
        accounts: &'a [Account],
        domain: &str,
        user: &str,
    ) -> Option<&'a Account> {
        let exact = |own: &&Account| {
            !own.domain.is_empty()
                && (same(&own.domain, domain) && same(&own.user, user)
                    || domain.is_empty()
                        && user.rsplit_once('@').is_some_and(|(user, suffix)| {
                            same(&own.domain, suffix) && same(&own.user, user)
                        }))
        };
        let named =
            |own: &&Account| self.candidates(domain, user).any(|name| same(&name, &own.user));
        accounts
            .iter()
            .find(exact)
            .or_else(|| accounts.iter().find(|own| own.domain.is_empty() && named(own)))
            .or_else(|| accounts.iter().find(named))
    }

    /// What an account of the server program is called, whichever way the client writes it; `None`
    /// if the program has no such account. The program may say it. Else the domain is the
    /// accounts', since a name in another domain is not the program's to give, and the user is in
    /// lower case, without `DOMAIN\` and without a suffix that is the machine's own. Another suffix
    /// stays: the program may have accounts that are called by mail addresses.
    pub(super) fn application_account(
        &self,
        application: &dyn Application,
        logon: &NetworkLogon<'_>,
    ) -> Option<AccountName> {
        let user = logon.user.rsplit('\\').next().filter(|user| !user.is_empty());
        let user = user.unwrap_or(logon.user);
        let user = match user.rsplit_once('@') {
            Some((name, suffix)) if !name.is_empty() && self.is_own_name(suffix) => name,
            _ => user,
        };
        let account = AccountName {
            domain: self.domain_of("").to_owned(),
            user: downcase(&self.account_of_upn(user).unwrap_or_else(|| user.to_owned())),
        };
        application.account_name(logon, account)
    }

    /// The name that attempts on an account are counted under if no authority knows it: the same for
    /// `user` and `user@suffix`.
    pub(super) fn canonical_name<'a>(&self, domain: &str, user: &'a str) -> Cow<'a, str> {
        self.candidates(domain, user).last().unwrap_or(Cow::Borrowed(user))
    }

    /// The name that attempts on an account of the file are counted under.
    pub(super) fn name_in_file(&self, domain: &str, user: &str) -> String {
        let accounts = self.file.as_ref().map(|file| file.peek());
        let known = accounts.as_ref().and_then(|accounts| {
            self.candidates(domain, user).find_map(|name| accounts.get(&name))
        });
        known.map_or_else(
            || self.canonical_name(domain, user).into_owned(),
            |entry| entry.account.user.clone(),
        )
    }

    /// This domain means the machine's accounts: it is one of the server's names, or none, or
    /// policy is not strict.
    fn is_our_domain(&self, domain: &str) -> bool {
        !self.strict_domain || domain.is_empty() || domain == "." || self.is_own_name(domain)
    }

    /// The domain is called so, or the machine or its domain.
    fn is_own_name(&self, domain: &str) -> bool {
        let names = &self.names;
        self.domain.as_deref().is_some_and(|ours| same(ours, domain))
            || [
                &names.nb_computer,
                &names.nb_domain,
                &names.dns_computer,
                &names.dns_domain,
                &names.dns_tree,
            ]
            .into_iter()
            .any(|ours| !ours.is_empty() && same(ours, domain))
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
