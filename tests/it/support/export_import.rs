//! What the tests of exported contexts share: export and import, and a client with every attribute
//! set.

use negossp::context::EstablishedContext;
use negossp::mechanism::Mechanism;
use negossp::mechanism::Package;
use negossp::negotiate::{Established, Session};
use negossp::platform;
use negossp::principal::{AccountInfo, Origin, Origins, Principal, SidAndAttributes};
use negossp::server::Configuration;
use negossp::server::Context;
use negossp::server::export_import::{self, CallState, ExportOptions, Imported};
use negossp::types::address::Address;
use negossp::types::channel_bindings::ChannelBindings;
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;
use negossp::types::sid::Sid;
use negossp::types::time::FileTime;
use std::sync::Arc;

pub(crate) const RESET: ExportOptions = ExportOptions { reset: true, half_open: false };
pub(crate) const HALF_OPEN: ExportOptions = ExportOptions { reset: false, half_open: true };

pub(crate) fn circumstances() -> CallState {
    CallState {
        requirements: ContextFlags::INTEGRITY | ContextFlags::IDENTIFY,
        bindings: Some(ChannelBindings {
            hash: [7; 16],
            channel: Some([8; 16]),
            initiator: Some(Address::V6([9; 16])),
            audit: false,
        }),
        address: Some(Address::V4([192, 0, 2, 1])),
        started: FileTime(133_000_000_000_000_000),
    }
}

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

/// A client with every attribute set, each to a different value.
pub(crate) fn client() -> Principal {
    let group = |rid: u32, attributes| SidAndAttributes {
        sid: sid(&format!("S-1-5-21-1-2-3-{rid}")),
        attributes,
    };
    Principal {
        user: "Ällice".into(),
        domain: "EXAMPLE".into(),
        anonymous: true,
        shown: Some("shown".into()),
        native: Some("alice@EXAMPLE.TEST".into()),
        account: Some(Arc::new(AccountInfo {
            sid: Some(sid("S-1-5-21-1-2-3-1102")),
            primary_group: Some(sid("S-1-5-21-1-2-3-513")),
            groups: [group(513, 7), group(1200, 0x2000_0007)].into(),
            upn: "alice@upn".into(),
            dns_domain: "dns.domain".into(),
            full_name: "Alice L.".into(),
            logon_server: "DC1".into(),
            logon_time: FileTime(1),
            logoff_time: FileTime(2),
            password_must_change: FileTime::NEVER,
            user_flags: 0x1234_5678,
            user_account_control: 0x200,
            client_claims: Some([1, 2, 3].into()),
            device_claims: Some([].into()),
            device_info: Some([4; 300].into()),
            requestor: Some(sid("S-1-18-1")),
            pac_attributes: Some(3),
        })),
        origins: Origins {
            logon: Origin::Ticket,
            name: Origin::NameMapping,
            sid: Origin::Pac,
            info: Origin::Netlogon,
        },
    }
}

pub(crate) fn established(session: Session) -> Established {
    Established {
        mechanism: match session {
            Session::Kerberos(_) => Mechanism::Kerberos,
            Session::Ntlm(_) => Mechanism::Ntlm,
        },
        session,
        flags: ContextFlags::INTEGRITY | ContextFlags::DELEGATE,
        client: client(),
        server_name: "SERVER".into(),
        client_target: Some("HTTP/server".into()),
        bindings: Default::default(),
        expiry: FileTime(134_000_000_000_000_000),
        wants_mech_list_mic: true,
        same_machine: false,
        logon: None,
    }
}

pub(crate) fn context(session: Session) -> Context {
    Context::Established(EstablishedContext {
        established: Box::new(established(session)),
        package: Package::Negotiate,
        accepted: true,
    })
}

pub(crate) fn secured(context: Context) -> EstablishedContext {
    match context {
        Context::Established(secured) => secured,
        other => panic!("not established: {other:?}"),
    }
}

pub(crate) fn sealed(
    context: &Context,
    manner: ExportOptions,
    configuration: &Configuration,
) -> Result<Vec<u8>, Error> {
    export_import::export(context, &circumstances(), manner, configuration, platform::now())
}

pub(crate) fn opened(sealed: &[u8], configuration: &Arc<Configuration>) -> Result<Imported, Error> {
    export_import::import(sealed, configuration)
}

/// Exports and imports a context.
#[track_caller]
pub(crate) fn moved(context: &Context, manner: ExportOptions, at: &Arc<Configuration>) -> Context {
    let imported = opened(&sealed(context, manner, at).unwrap(), at).unwrap();
    assert_eq!(imported.state, circumstances());
    imported.context
}
