//! `negossp config check`.

use crate::outcome::{Failure, Outcome, print, remark};
use negossp::config::Settings;
use negossp::export::KeyFile;
use negossp::kerberos::keytab::Entry;
use negossp::kerberos::{Delegation, Policy, RequirePac};
use negossp::platform;
use negossp::platform::files::{self, Access};
use negossp::runtime::watched_file::Problem;
use negossp::server::{Configuration, Environment, Store};
use negossp::stores::accounts::file::AccountFile;
use negossp::stores::keytab_file::KeytabFile;
use std::path::Path;

pub(crate) fn check() -> Outcome {
    let environment = Environment::of_process();
    let store = Store::open(environment.clone());
    let configuration = store.current();
    let settings = &configuration.settings;
    let source = match (&environment.config, store.path()) {
        (Some(path), _) => format!("# from {} (NEGOSSP_CONFIG)\n", path.display()),
        (None, Some(path)) if path.exists() => format!("# from {}\n", path.display()),
        (None, Some(path)) => {
            format!("# defaults; neither NEGOSSP_CONFIG nor {} is there\n", path.display())
        }
        (None, None) => "# defaults\n".to_owned(),
    };
    print(&format!("{source}{settings}"))?;
    believed_names(settings).iter().for_each(|warning| remark(&format!("warning: {warning}")));
    idle_delegation(&configuration).iter().for_each(|why| remark(&format!("warning: {why}")));
    doubts(store.path(), settings).iter().for_each(|doubt| remark(&format!("warning: {doubt}")));
    let problems = problems(&configuration);
    if problems.is_empty() { Ok(()) } else { Err(Failure::No(problems.join("\nnegossp: "))) }
}

/// Why `[kerberos] delegation = "constrained"` has no effect.
fn idle_delegation(configuration: &Configuration) -> Option<&'static str> {
    if configuration.settings.kerberos.delegation != Delegation::Constrained {
        return None;
    }
    match &configuration.settings.kerberos_files.tgt_ccache {
        None => Some(
            "[kerberos] delegation = \"constrained\" needs tgt_ccache, the server's own ticket, and has no effect without",
        ),
        Some(_) if configuration.tgt_for_delegation(platform::now()).is_none() => Some(
            "[kerberos] tgt_ccache has no valid ticket-granting ticket, so there is no constrained delegation",
        ),
        Some(_) => None,
    }
}

/// Where a Kerberos client's own choice of a name gives it something, since `[kerberos] require_pac`
/// does not apply to its realm. That is right for a realm whose KDC knows a client by one name only.
fn believed_names(settings: &Settings) -> Vec<String> {
    let (kerberos, own, tokens) = (&settings.kerberos, settings.own_domains(), &settings.tokens);
    let checked = |realm: Option<&str>| match kerberos.require_pac {
        RequirePac::Always => true,
        RequirePac::OfDomain => realm.is_some_and(|realm| own.has_realm(realm.as_bytes())),
        RequirePac::Never => false,
    };
    // The other domains are NetBIOS names.
    let domains = tokens.domains.iter().filter(|name| name.contains('.'));
    let users = tokens.users.iter().filter_map(|(name, _)| name.rsplit_once('@'));
    let rules = kerberos.names.0.iter().map(|rule| ("[kerberos] names", rule.realm()));
    let tables = (domains.map(|name| ("[tokens] domains", Some(name.as_str()))))
        .chain(users.map(|(_, realm)| ("[tokens.users]", Some(realm))))
        .chain(rules);
    let mut warnings: Vec<String> = tables
        .filter(|&(_, realm)| !checked(realm))
        .map(|(table, realm)| {
            let realm = realm.unwrap_or("every realm");
            format!(
                "{table}: clients of {realm} are believed under the name that they asked the KDC \
                 for; in Active Directory set [kerberos] require_pac"
            )
        })
        .collect();
    warnings.dedup();
    warnings
}

/// Files that are used though somebody else may have a hand in them.
fn doubts(configuration: Option<&Path>, settings: &Settings) -> Vec<String> {
    let (accounts, kerberos) = (&settings.accounts, &settings.kerberos_files);
    let domain = settings.domain.as_ref();
    let named = [
        configuration,
        accounts.file.as_deref(),
        accounts.details.as_deref(),
        accounts.sid_file.as_deref(),
        kerberos.keytab.as_deref(),
        kerberos.krbtgt_keytab.as_deref(),
        settings.export.key_file.as_deref(),
        settings.export.previous_key_file.as_deref(),
        domain.and_then(|domain| domain.machine_secret_file.as_deref()),
        domain.and_then(|domain| domain.machine_keytab.as_deref()),
    ];
    let doubt = |path: &Path| {
        let doubt = files::open(path, Access::Read).ok()?.doubt?;
        Some(format!("{}: {doubt}", path.display()))
    };
    named.into_iter().flatten().filter_map(doubt).collect()
}

fn problems(configuration: &Configuration) -> Vec<String> {
    let settings = &configuration.settings;
    if let Some(defect) = &settings.defect {
        return vec![
            format!("configuration: {defect}"),
            "all clients are rejected until it is corrected; the defaults are shown".into(),
        ];
    }
    let (kerberos, keys) = (&settings.kerberos, &configuration.keys);
    let accounts = configuration.accounts.file.as_deref();
    if accounts.is_none() && keys.keytab.is_none() && settings.domain.is_none() {
        return vec![
            "neither accounts nor keys: set [accounts] file or NEGOSSP_ACCOUNTS, or [kerberos] keytab or KRB5_KTNAME, unless \
             the server brings its own account or key"
                .into(),
        ];
    }
    let mut problems = accounts.map(of_accounts).unwrap_or_default();
    let details = configuration.details.file.as_deref();
    problems.extend(details.and_then(|file| {
        Some(format!("{}: {}", shown(file.path()), file.current().problem.as_ref()?))
    }));
    if let Some(domain) = &configuration.domain
        && let Err(why) = domain.secret().nt_hashes(domain.machine().account())
    {
        problems.push(format!("{}: {why}", shown(domain.secret().path())));
    }
    let domain = settings.domain.as_ref();
    let secrets = [
        &settings.export.key_file,
        &settings.export.previous_key_file,
        &domain.and_then(|domain| domain.machine_secret_file.clone()),
        &domain.and_then(|domain| domain.machine_keytab.clone()),
    ];
    for path in secrets.into_iter().flatten() {
        let exposed =
            files::open(path, Access::Read).is_ok_and(|opened| files::is_exposed(&opened.file));
        problems.extend(of_file(&shown(Some(path)), None, exposed));
    }
    let export = &configuration.export_key;
    for file in [&export.file, &export.previous].into_iter().flatten() {
        problems.extend(of_export_key(file));
    }
    problems
        .extend(keys.keytab.as_deref().map(|file| of_keytab(file, kerberos)).unwrap_or_default());
    problems.extend(
        keys.krbtgt_keytab.as_deref().map(|file| of_keytab(file, kerberos)).unwrap_or_default(),
    );
    problems
}

fn of_accounts(file: &AccountFile) -> Vec<String> {
    let (path, accounts) = (shown(file.path()), file.current());
    let mut problems = of_file(&path, accounts.problem.as_ref(), accounts.exposed);
    problems
        .extend(accounts.bad_lines.iter().map(|bad| format!("{path}:{}: {}", bad.number, bad.why)));
    problems
}

fn of_keytab(file: &KeytabFile, kerberos: &Policy) -> Vec<String> {
    let (path, keys) = (shown(file.path()), file.current());
    let mut problems = of_file(&path, keys.problem.as_ref(), keys.exposed);
    problems.extend(
        keys.keytab
            .skipped()
            .iter()
            .map(|bad| format!("{path}: skipped at byte {}: {}", bad.offset, bad.why)),
    );
    let allowed = |entry: &Entry| kerberos.allows(entry.key.enctype());
    if keys.problem.is_none() && !keys.keytab.entries().iter().any(allowed) {
        problems
            .push(format!("{path}: no key of an encryption type that [kerberos] enctypes allows"));
    }
    problems
}

fn of_export_key(file: &KeyFile) -> Vec<String> {
    let (path, content) = (shown(file.path()), file.current());
    let mut problems = of_file(&path, content.problem.as_ref(), false);
    problems.extend(content.weakness.map(|why| {
        format!("{path}: whoever guesses this key of exported contexts is any client: {why}")
    }));
    problems
}

fn of_file(path: &str, problem: Option<&Problem>, exposed: bool) -> Vec<String> {
    let mut problems: Vec<String> =
        problem.map(|problem| format!("{path}: {problem}")).into_iter().collect();
    if exposed {
        problems.push(format!("{path}: others than its owner may read or write it"));
    }
    problems
}

fn shown(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}
