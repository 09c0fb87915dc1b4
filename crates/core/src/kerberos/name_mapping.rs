//! Name mapping: configured rules that replace the default names of clients.
//!
//! Without a rule a client is named `DOMAIN\user` by its PAC, or else by its principal,
//! `alice/admin@EXAMPLE.TEST`. A rule selects clients by realm and by a pattern for their names,
//! and has a template for the new name:
//!
//! ```toml
//! [kerberos]
//! names = [
//!     { realm = "EXAMPLE.TEST", principal = "*/admin", name = 'ADMIN\{first}' },
//!     { realm = "EXAMPLE.TEST", principal = "*", name = 'EXAMPLE\{user}' },
//! ]
//! ```
//!
//! The first matching rule applies. A pattern covers all components of a name: `*` matches any
//! characters within a component, so `*` does not match `alice/admin`. A backslash quotes `*`, `/`
//! and itself.
//!
//! A template may contain `{principal}` (components and realm in MIT's notation), `{user}` (the
//! account name from the PAC, else the components separated by slashes), `{first}` (the first
//! component), `{domain}` (the domain name from the PAC, else the realm) and `{realm}`. Inserted
//! text must not contain the separators `\`, `/` and `@`: a client named `OTHER\root` could
//! otherwise get another client's name. Such clients are rejected.

use super::message::push_principal;
use crate::types::error::{Denial, Error, Result};

/// The names of a client.
#[derive(Debug, Clone, Copy)]
pub struct MappedClient<'a> {
    /// The components of its name: of `cname`, or the account's name in the PAC.
    pub components: &'a [&'a str],
    /// `crealm`
    pub realm: &'a str,
    /// LogonDomainName and EffectiveName of the PAC, if any.
    pub account: Option<(&'a str, &'a str)>,
}

/// The rules, in order of precedence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameRules(pub Vec<NameRule>);

/// A rule: the clients it applies to, and their new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRule {
    realm: Option<String>,
    principal: Option<Pattern>,
    name: Template,
}

impl NameRules {
    /// The name given by the first matching rule; `None` if there is none.
    ///
    /// Errors: `LogonDenied` if the client's name contains separators where it would be inserted,
    /// or the new name would be empty.
    pub fn apply(&self, client: &MappedClient<'_>) -> Result<Option<String>> {
        self.0.iter().find(|rule| rule.fits(client)).map(|rule| rule.name.fill(client)).transpose()
    }
}

impl NameRule {
    /// A rule for clients of this realm, whose names match the pattern `principal`; `None` matches
    /// all.
    ///
    /// Errors: a description of what is wrong with the pattern or the template.
    pub fn new(
        realm: Option<String>,
        principal: Option<&str>,
        name: &str,
    ) -> Result<NameRule, &'static str> {
        Ok(NameRule {
            realm,
            principal: principal.map(Pattern::parse).transpose()?,
            name: Template::parse(name)?,
        })
    }

    /// The realm, if the rule is for one.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// The pattern, as written.
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_ref().map(|pattern| pattern.text.as_str())
    }

    /// The template, as written.
    pub fn name(&self) -> &str {
        &self.name.text
    }

    fn fits(&self, client: &MappedClient<'_>) -> bool {
        self.realm.as_deref().is_none_or(|realm| realm == client.realm)
            && self.principal.as_ref().is_none_or(|pattern| pattern.fits(client.components))
    }
}

/// The components, each split into the texts between the wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    text: String,
    components: Vec<Vec<String>>,
}

impl Pattern {
    fn parse(text: &str) -> Result<Pattern, &'static str> {
        let (mut components, mut pieces, mut piece) = (Vec::new(), Vec::new(), String::new());
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next() {
                    Some(c @ ('\\' | '*' | '/')) => piece.push(c),
                    _ => return Err("a backslash in a pattern stands before one of \\ * /"),
                },
                '*' => pieces.push(std::mem::take(&mut piece)),
                '/' => {
                    pieces.push(std::mem::take(&mut piece));
                    components.push(std::mem::take(&mut pieces));
                }
                '@' => return Err("a pattern is without realm, which has a key of its own"),
                c => piece.push(c),
            }
        }
        pieces.push(piece);
        components.push(pieces);
        Ok(Pattern { text: text.into(), components })
    }

    fn fits(&self, components: &[&str]) -> bool {
        self.components.len() == components.len()
            && self
                .components
                .iter()
                .zip(components)
                .all(|(pieces, component)| pieces_fit(pieces, component))
    }
}

/// Whether the first piece is a prefix of `text`, the last a suffix, and the others lie between
/// them in order and without overlap. Searching for the leftmost place of each finds a match if
/// there is one.
fn pieces_fit(pieces: &[String], text: &str) -> bool {
    match pieces {
        [] => false,
        [only] => only == text,
        [first, between @ .., last] => {
            let Some(mut rest) =
                text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
            else {
                return false;
            };
            between.iter().all(|piece| match rest.split_once(piece.as_str()) {
                Some((_, behind)) => {
                    rest = behind;
                    true
                }
                None => false,
            })
        }
    }
}

/// A name with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Principal,
    User,
    First,
    Domain,
    Realm,
}

impl Template {
    fn parse(text: &str) -> Result<Template, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (place, behind) = behind.split_once('}').ok_or("a { in a name is not closed")?;
            parts.push(Part::Text(before.into()));
            parts.push(match place {
                "principal" => Part::Principal,
                "user" => Part::User,
                "first" => Part::First,
                "domain" => Part::Domain,
                "realm" => Part::Realm,
                _ => return Err("a name knows {principal}, {user}, {first}, {domain} and {realm}"),
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.into()));
        let stray = |part: &Part| matches!(part, Part::Text(text) if text.contains('}'));
        if parts.iter().any(stray) {
            return Err("a } in a name has no {");
        }
        if text.is_empty() {
            return Err("a name is empty");
        }
        Ok(Template { text: text.into(), parts })
    }

    fn fill(&self, client: &MappedClient<'_>) -> Result<String> {
        let mut name = String::new();
        for part in &self.parts {
            match (part, client.account) {
                (Part::Text(text), _) => name.push_str(text),
                (Part::Principal, _) => {
                    push_principal(client.components.iter().copied(), client.realm, &mut name)
                }
                (Part::User, Some((_, user))) => name.push_str(undivided(user)?),
                (Part::User, None) => {
                    for (at, component) in client.components.iter().enumerate() {
                        name.push_str(if at > 0 { "/" } else { "" });
                        name.push_str(undivided(component)?);
                    }
                }
                (Part::First, _) => name
                    .push_str(undivided(client.components.first().copied().unwrap_or_default())?),
                (Part::Domain, Some((domain, _))) => name.push_str(undivided(domain)?),
                (Part::Domain, None) | (Part::Realm, _) => name.push_str(undivided(client.realm)?),
            }
        }
        Ok(name)
    }
}

/// Checks that `text` can be inserted into a name: not empty, without separators and control
/// characters.
fn undivided(text: &str) -> Result<&str> {
    const REFUSED: Error =
        Error::LogonDenied(Denial::Policy("[kerberos] names cannot take such a name"));
    let divides = |c: char| matches!(c, '\\' | '/' | '@') || c.is_control();
    if text.is_empty() || text.contains(divides) { Err(REFUSED) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client<'a>(components: &'a [&'a str]) -> MappedClient<'a> {
        MappedClient { components, realm: "EXAMPLE.TEST", account: None }
    }

    fn rule(realm: Option<&str>, principal: Option<&str>, name: &str) -> NameRule {
        NameRule::new(realm.map(Into::into), principal, name).unwrap()
    }

    #[test]
    fn the_first_rule_that_fits() {
        let rules = NameRules(vec![
            rule(Some("EXAMPLE.TEST"), Some("*/admin"), "ADMIN\\{first}"),
            rule(Some("OTHER.TEST"), None, "{user}.other"),
            rule(None, Some("root"), "nobody"),
            rule(Some("EXAMPLE.TEST"), Some("*"), "EXAMPLE\\{user}"),
        ]);
        let name = |components: &[&str], realm| {
            rules.apply(&MappedClient { components, realm, account: None }).unwrap()
        };
        assert_eq!(name(&["alice", "admin"], "EXAMPLE.TEST").as_deref(), Some("ADMIN\\alice"));
        assert_eq!(name(&["alice"], "EXAMPLE.TEST").as_deref(), Some("EXAMPLE\\alice"));
        assert_eq!(name(&["alice", "admin"], "OTHER.TEST").as_deref(), Some("alice/admin.other"));
        assert_eq!(name(&["root"], "EXAMPLE.TEST").as_deref(), Some("nobody"));
        assert_eq!(name(&["root"], "THIRD.TEST").as_deref(), Some("nobody"));
        // No rule: realms are case-sensitive, and the number of components must match.
        assert_eq!(name(&["alice"], "example.test"), None);
        assert_eq!(name(&["alice", "admin", "x"], "EXAMPLE.TEST"), None);
        assert_eq!(NameRules::default().apply(&client(&["alice"])), Ok(None));
    }

    #[test]
    fn patterns() {
        let fits = |pattern: &str, components: &[&str]| {
            rule(None, Some(pattern), "x").fits(&client(components))
        };
        for (pattern, components) in [
            ("alice", &["alice"][..]),
            ("*", &["alice"]),
            ("*", &[""]),
            ("a*", &["a"]),
            ("a*e", &["alice"]),
            ("*li*", &["alice"]),
            ("a*b*b", &["a-b-b"]),
            ("a**b", &["ab"]),
            ("*/admin", &["alice", "admin"]),
            ("host/*.example.test", &["host", "www.example.test"]),
            ("HTTP/*/*", &["HTTP", "a", "b"]),
            // One component with a slash in it.
            ("a\\/b", &["a/b"]),
            ("*", &["a/b"]),
            ("\\*", &["*"]),
            ("a\\\\b", &["a\\b"]),
            ("j*g", &["jörg"]),
        ] {
            assert!(fits(pattern, components), "{pattern} {components:?}");
        }
        for (pattern, components) in [
            ("alice", &["Alice"][..]),
            ("*", &["alice", "admin"]),
            ("*/admin", &["admin"]),
            ("*/admin", &["alice", "admin", "x"]),
            ("*/admin", &["alice/admin"]),
            ("a/b", &["a/b"]),
            ("a*a", &["a"]),
            ("ab*ba", &["aba"]),
            ("a*b*b", &["a-b"]),
            ("\\*", &["x"]),
            ("", &["alice"]),
        ] {
            assert!(!fits(pattern, components), "{pattern} {components:?}");
        }
        for bad in ["a\\b", "a\\", "alice@EXAMPLE.TEST"] {
            assert!(NameRule::new(None, Some(bad), "x").is_err(), "{bad}");
        }
    }

    #[test]
    fn templates() {
        let account = Some(("EXAMPLE", "Alice"));
        let with_pac = MappedClient { account, ..client(&["alice", "x y"]) };
        let without = client(&["alice", "x y"]);
        for (template, pac, none) in [
            ("{principal}", "alice/x y@EXAMPLE.TEST", "alice/x y@EXAMPLE.TEST"),
            ("{domain}\\{user}", "EXAMPLE\\Alice", "EXAMPLE.TEST\\alice/x y"),
            ("<{first}> of {realm}.", "<alice> of EXAMPLE.TEST.", "<alice> of EXAMPLE.TEST."),
            ("guest", "guest", "guest"),
        ] {
            let rules = NameRules(vec![rule(None, None, template)]);
            assert_eq!(rules.apply(&with_pac), Ok(Some(pac.into())));
            assert_eq!(rules.apply(&without), Ok(Some(none.into())));
        }
        for bad in
            ["", "{", "}", "{}", "{user", "user}", "{User}", "{user}}", "{{user}}", "{second}"]
        {
            assert!(NameRule::new(None, None, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_client_gets_another_s_name() {
        let apply = |template: &str, client: &MappedClient<'_>| {
            NameRules(vec![rule(None, None, template)]).apply(client)
        };
        for name in ["OTHER\\root", "a@b", "a/b", "a\nb", "a\0", ""] {
            assert!(apply("EXAMPLE\\{user}", &client(&[name])).is_err(), "{name:?}");
            assert!(apply("EXAMPLE\\{first}", &client(&[name, "x"])).is_err(), "{name:?}");
            assert!(apply("EXAMPLE\\{user}", &client(&["alice", name])).is_err(), "{name:?}");
            assert!(
                apply("{realm}\\{first}", &MappedClient { realm: name, ..client(&["alice"]) })
                    .is_err(),
                "{name:?}"
            );
            let account = Some(("EXAMPLE", name));
            assert!(
                apply("EXAMPLE\\{user}", &MappedClient { account, ..client(&["alice"]) }).is_err(),
                "{name:?}"
            );
            let account = Some((name, "alice"));
            assert!(
                apply("{domain}\\{user}", &MappedClient { account, ..client(&["alice"]) }).is_err(),
                "{name:?}"
            );
        }
        // The whole principal is quoted, and so remains distinct.
        assert_eq!(
            apply("{principal}", &client(&["OTHER\\root"])).unwrap().unwrap(),
            "OTHER\\\\root@EXAMPLE.TEST"
        );
        assert!(apply("guest", &client(&["OTHER\\root"])).is_ok());
    }
}
