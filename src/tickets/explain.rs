//! `negossp logon`: what a client would get for a target, step by step.

use super::Tickets;
use super::base::Base;
use super::sources::Source;
use crate::kerberos::client::Credentials;
use crate::kerberos::message::TicketFlags;
use crate::kerberos::{Target, TicketSource};
use crate::platform;
use crate::runtime::log_text::Utc;
use crate::types::error::Error;
use crate::types::time::FileTime;
use std::time::Instant;

/// One step and its result.
#[derive(Debug)]
pub struct Step {
    /// What was tried.
    pub what: String,
    /// What was found, or what is wrong.
    pub result: Result<String, String>,
    /// Which servers were asked, a line each.
    pub notes: Vec<String>,
}

impl Tickets {
    /// Gets a ticket for `target` and reports each step to `tell` when it is done. Returns whether
    /// there is a ticket.
    pub fn explain(&self, target: &str, mut tell: impl FnMut(Step)) -> bool {
        let mut step = |what: String, result: Result<String, String>, notes: Vec<String>| {
            let done = result.is_ok();
            tell(Step { what, result, notes });
            done
        };
        let client = self.client().map(|client| format!("{} {}", client.to_text(), self.origin()));
        if !step("client".into(), client.map_err(|error: Error| error.to_string()), Vec::new()) {
            return false;
        }
        let deadline = Instant::now() + self.environment.timeout;
        let kdc = self.kdc(deadline);
        let base = self.base(&kdc, deadline);
        let found =
            base.as_ref().map(|base| self.shown_base(base)).map_err(|error| error.to_string());
        let clock = self.clock.offset() / 1_000_000;
        if !step("ticket-granting ticket".into(), found, kdc.notes()) {
            return false;
        }
        if clock != 0 {
            step("clock".into(), Ok(format!("the KDC's is {clock} s ahead of ours")), Vec::new());
        }
        let parsed = Target::parse(target, |name| self.is_realm(name));
        let (Ok(base), Ok(target)) = (base, parsed.as_ref()) else {
            return step(
                "target".into(),
                parsed.map(|_| String::new()).map_err(|error: Error| error.to_string()),
                Vec::new(),
            );
        };
        for candidate in self.candidates(target) {
            let service = &candidate.principal;
            let what = format!("ticket for {}", service.to_text());
            if let Some(cached) = self.source.cached(&self.environment, service, &self.clock) {
                return step(what, Ok(format!("in the cache: {}", shown(&cached))), Vec::new());
            }
            let kdc = self.kdc(deadline);
            let ticket = self.ask(base.clone(), candidate, None, &kdc);
            let result = ticket.as_ref().map(shown).map_err(|error| error.to_string());
            if step(what, result, kdc.notes()) {
                return true;
            }
        }
        false
    }

    fn origin(&self) -> &'static str {
        match self.source {
            Source::Password { .. } => "by password",
            Source::Keys { .. } => "by its keys",
            Source::User { .. } => "of the credential cache or the client keytab",
            Source::Delegated(_) | Source::OnBehalfOf { .. } => "by delegation",
        }
    }

    fn shown_base(&self, base: &Base) -> String {
        let evidence = base
            .evidence
            .as_ref()
            .map(|evidence| format!(", to act for {} by S4U2proxy", evidence.client.to_text()));
        format!("{}{}", shown(&base.tgt), evidence.unwrap_or_default())
    }
}

fn shown(ticket: &Credentials) -> String {
    const FLAGS: [(TicketFlags, &str); 5] = [
        (TicketFlags::FORWARDABLE, "forwardable"),
        (TicketFlags::FORWARDED, "forwarded"),
        (TicketFlags::RENEWABLE, "renewable"),
        (TicketFlags::OK_AS_DELEGATE, "ok-as-delegate"),
        (TicketFlags::PRE_AUTHENT, "pre-authenticated"),
    ];
    let flags = FLAGS.iter().filter(|(flag, _)| ticket.flags.contains(*flag));
    let flags: String = flags.map(|(_, name)| format!(", {name}")).collect();
    let left = ticket.endtime.saturating_sub(platform::now().unix_seconds());
    format!(
        "{} for {}, {}, until {} ({} h {} min){flags}",
        ticket.server.to_text(),
        ticket.client.to_text(),
        ticket.key.enctype().name(),
        Utc(FileTime::from_unix_seconds(ticket.endtime)),
        left / 3600,
        left % 3600 / 60,
    )
}
