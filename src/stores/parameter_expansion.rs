//! The tokens in names of files and credential caches in krb5.conf (MIT's documentation, "Parameter
//! expansion"): `%{uid}`, `%{euid}`, `%{USERID}`, `%{username}`, `%{TEMP}`, `%{null}`, and on
//! Windows the folders of the user and of the system.

use crate::platform;

/// The text with its tokens replaced. The error, one line, names the token that has no value here.
pub fn expand(text: &str) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, token)) = rest.split_once("%{") {
        expanded.push_str(before);
        let (token, after) =
            token.split_once('}').ok_or_else(|| format!("{text}: a token without its end"))?;
        expanded.push_str(&value(token).ok_or_else(|| format!("%{{{token}}} has no value here"))?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// The folder for temporary files, without a slash at its end.
fn temporary_folder() -> Option<String> {
    let variables: &[&str] = if cfg!(windows) { &["TMP", "TEMP"] } else { &["TMPDIR"] };
    let named = variables.iter().find_map(|name| variable(name));
    let folder = named.or_else(|| if cfg!(windows) { variable("SystemRoot") } else { None });
    let folder = folder.or_else(|| (!cfg!(windows)).then(|| "/tmp".into()))?;
    Some(if cfg!(windows) { folder.trim_end_matches('\\').into() } else { folder })
}

/// An environment variable with a value.
fn variable(name: &str) -> Option<String> {
    platform::environment(name)?.into_string().ok().filter(|value| !value.is_empty())
}

#[cfg(unix)]
fn value(token: &str) -> Option<String> {
    match token {
        "uid" | "USERID" => Some(platform::real_user().to_string()),
        "euid" => Some(platform::effective_user().to_string()),
        "username" => {
            let account = platform::accounts::by_uid(platform::effective_user()).ok()??;
            Some(account.name)
        }
        "TEMP" => temporary_folder(),
        "null" => Some(String::new()),
        _ => None,
    }
}

#[cfg(windows)]
fn value(token: &str) -> Option<String> {
    let below = |name: &str, folder: &str| Some(variable(name)? + folder);
    match token {
        "TEMP" => temporary_folder(),
        "APPDATA" => variable("APPDATA"),
        "COMMON_APPDATA" => variable("ProgramData"),
        "LOCAL_APPDATA" => variable("LOCALAPPDATA"),
        "SYSTEM" => below("SystemRoot", r"\System32"),
        "WINDOWS" => variable("SystemRoot"),
        "USERCONFIG" => below("APPDATA", r"\MIT\Kerberos5"),
        "COMMONCONFIG" => below("ProgramData", r"\MIT\Kerberos5"),
        "null" => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_and_unknown_ones_rejected() {
        assert_eq!(expand("FILE:/tmp/krb5cc").unwrap(), "FILE:/tmp/krb5cc");
        assert_eq!(expand("a%{null}b%%{null}c").unwrap(), "ab%c");
        assert!(expand("%{nobody}").unwrap_err().contains("%{nobody}"));
        assert!(expand("%{uid").is_err() && expand("%{}").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn users_are_the_kernel_s_numbers() {
        let (uid, euid) = (platform::real_user(), platform::effective_user());
        assert_eq!(
            expand("/tmp/krb5cc_%{uid}/%{euid}/%{USERID}").unwrap(),
            format!("/tmp/krb5cc_{uid}/{euid}/{uid}")
        );
    }
}
