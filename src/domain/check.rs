//! `negossp domain check`: tests the connection to the domain step by step.

use super::netlogon::validation::{Level, Reply};
use super::netlogon::{Channel, INTERFACE, Request, logon};
use super::pool::NoChannel;
use super::{Domain, controller};
use crate::net::host::Host;
use crate::net::rpc::endpoint_mapper;
use crate::ntlm::av_pair::{self, id};
use crate::ntlm::crypto;
use crate::ntlm::response::{Responses, V2, nt_hash};
use crate::platform;
use crate::types::ntstatus::NtStatus;
use std::net::SocketAddr;
use std::time::Instant;
use subtle::ConstantTimeEq;

/// One step and its result.
#[derive(Debug)]
pub struct Step {
    /// What was tested.
    pub what: String,
    /// What was found, or what is wrong.
    pub result: Result<String, String>,
}

/// A user to log on as.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// `user`, `DOMAIN\user` or `user@suffix`.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
}

/// Runs all steps with every domain controller and reports each to `tell` when it is done. Returns
/// whether all succeeded with at least one controller.
pub fn run(domain: &Domain, trial: Option<Trial<'_>>, mut tell: impl FnMut(Step)) -> bool {
    let settings = &domain.settings;
    let mut step = |what: String, result: Result<String, String>| {
        let done = result.is_ok();
        tell(Step { what, result });
        done
    };
    let secrets = domain.secret().nt_hashes(domain.machine().account());
    let path = domain.secret().path().map(|path| path.display().to_string()).unwrap_or_default();
    let outcome = secrets
        .as_ref()
        .map(|found| format!("{} ({} secret)", path, found.len()))
        .map_err(|why| format!("{path}: {why}"));
    step(format!("secret of {}", domain.machine().account()), outcome);
    let deadline = Instant::now() + settings.timeout;
    let names = controller::find(settings, deadline);
    let listed =
        |names: &Vec<Host>| names.iter().map(Host::to_string).collect::<Vec<_>>().join(" ");
    step(
        format!("domain controllers of {}", settings.realm),
        names.as_ref().map(listed).map_err(String::clone),
    );
    let mut works = false;
    for name in names.unwrap_or_default() {
        works |=
            at_controller(domain, &name, secrets.as_deref().unwrap_or_default(), trial, &mut step);
    }
    works
}

fn at_controller(
    domain: &Domain,
    name: &Host,
    secrets: &[super::machine_secret::NtHash],
    trial: Option<Trial<'_>>,
    step: &mut impl FnMut(String, Result<String, String>) -> bool,
) -> bool {
    let found =
        controller::addresses(&domain.settings, name, Instant::now() + domain.settings.timeout);
    let listed = |found: &Vec<SocketAddr>| {
        found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(" ")
    };
    if !step(
        format!("{name}: address"),
        found.as_ref().map(listed).map_err(|&kind| NoChannel::Name(kind).to_string()),
    ) {
        return false;
    }
    let mut works = false;
    for address in found.unwrap_or_default() {
        works |= at_address(domain, name, address, secrets, trial, step);
    }
    works
}

fn at_address(
    domain: &Domain,
    name: &Host,
    mut address: SocketAddr,
    secrets: &[super::machine_secret::NtHash],
    trial: Option<Trial<'_>>,
    step: &mut impl FnMut(String, Result<String, String>) -> bool,
) -> bool {
    let timeout = domain.settings.timeout;
    if name.port.is_none() {
        let port = endpoint_mapper::port_of(&INTERFACE, address, Instant::now() + timeout);
        let outcome = port
            .as_ref()
            .map(|port| format!("Netlogon has port {port}"))
            .map_err(|why| why.to_string());
        if !step(format!("{name}: endpoint mapper at {address}"), outcome) {
            return false;
        }
        address.set_port(port.unwrap_or_default());
    }
    let mut made = Err("there is no secret to make it with".to_owned());
    for secret in secrets {
        made = Channel::establish(address, domain.machine(), secret, Instant::now() + timeout)
            .map_err(|why| why.to_string());
        if made.is_ok() {
            break;
        }
    }
    let outcome = made
        .as_ref()
        .map(|_| format!("as {}, with AES", domain.machine().account()))
        .map_err(String::clone);
    if !step(format!("{name}: secure channel with {address}"), outcome) {
        return false;
    }
    let Ok(channel) = made else { return false };
    // An account that cannot exist: its rejection shows that the domain controller validates
    // logons.
    let nobody = Trial { name: "", password: "" };
    let tried = trial.unwrap_or(nobody);
    let reply = log_on(domain, &channel, &tried, Instant::now() + timeout);
    match trial {
        Some(trial) => step(
            format!("{name}: logon as {}", trial.name),
            reply.and_then(|reply| admitted(&reply)),
        ),
        None => step(format!("{name}: a logon is judged"), reply.and_then(|reply| refused(&reply))),
    }
}

fn admitted(reply: &Reply) -> Result<String, String> {
    match &reply.validation {
        Some(validation) => {
            let sid = validation.facts.sid.map(|sid| sid.to_string()).unwrap_or_default();
            let groups = validation.facts.groups.len();
            Ok(format!(
                "{}\\{} ({sid}, {groups} groups), session keys agree",
                validation.domain, validation.user
            ))
        }
        None => Err(reply.status.to_string()),
    }
}

fn refused(reply: &Reply) -> Result<String, String> {
    match reply.status.is_no_judgement() {
        false => Ok(format!("an unknown user is refused as it should be: {}", reply.status)),
        true => Err(reply.status.to_string()),
    }
}

/// Logs on as a client of this server would.
fn log_on(
    domain: &Domain,
    channel: &Channel,
    trial: &Trial<'_>,
    deadline: Instant,
) -> Result<Reply, String> {
    let (user_domain, user) = match trial.name.split_once('\\') {
        Some(parts) => parts,
        None if trial.name.contains('@') => ("", trial.name),
        None => (domain.settings.name.as_str(), trial.name),
    };
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    let (server_challenge, client_challenge) =
        (std::array::from_fn(|i| random[i]), std::array::from_fn(|i| random[i + 8]));
    let mut target_info = Vec::new();
    av_pair::put_text(&mut target_info, id::NB_DOMAIN_NAME, &domain.settings.name);
    av_pair::put_text(&mut target_info, id::NB_COMPUTER_NAME, domain.machine().computer());
    av_pair::put(&mut target_info, id::EOL, &[]);
    let response_key = crypto::ntowf_v2(&nt_hash(trial.password), user, user_domain);
    let v2 = V2 {
        response_key: &response_key,
        server_challenge: &server_challenge,
        client_challenge: &client_challenge,
        time: platform::now().0,
        target_info: &target_info,
    };
    let Responses { nt, lm, session_base_key } = v2.respond().map_err(|error| error.to_string())?;
    let request = Request {
        user,
        domain: user_domain,
        workstation: domain.machine().computer(),
        challenge: server_challenge,
        nt_response: &nt,
        lm_response: &lm,
        mschapv2: false,
    };
    let mut connection = channel.connect(deadline).map_err(|why| why.to_string())?;
    let reply = logon(channel, &mut connection, &request, Level::SamInfo4, deadline)
        .map_err(|why| why.to_string())?;
    match &reply.validation {
        Some(found)
            if reply.status == NtStatus::SUCCESS
                && !bool::from(found.user_session_key.ct_eq(&session_base_key[..])) =>
        {
            Err("the domain controller gives another session key than the password".into())
        }
        _ => Ok(reply),
    }
}
