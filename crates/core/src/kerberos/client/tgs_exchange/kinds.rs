//! What a TGS is asked for.

use crate::kerberos::client::Credentials;
use crate::kerberos::message::{AuthorizationData, KdcOptions};
use crate::kerberos::principal::Principal;
use crate::types::error::{Error, Result};
use std::sync::Arc;

/// What a TGS is asked for, and with which ticket-granting ticket.
#[derive(Debug, Clone)]
pub struct TgsRequest {
    pub(in crate::kerberos::client) tgt: Arc<Credentials>,
    /// The service, in the realm that the ticket-granting ticket is for.
    pub(in crate::kerberos::client) server: Principal,
    pub(in crate::kerberos::client) kind: Kind,
    /// Whether the KDC may refer to another realm (RFC 6806 8).
    pub(in crate::kerberos::client) canonicalize: bool,
    /// Authorization data for the ticket, encoded.
    pub(in crate::kerberos::client) authorization_data: Option<Vec<u8>>,
}

/// The kinds of requests.
#[derive(Debug, Clone)]
pub(in crate::kerberos::client) enum Kind {
    /// A ticket for a service.
    Service,
    /// A ticket under the session key of the server's ticket-granting ticket (RFC 4120 3.7).
    UserToUser { ticket: Vec<u8> },
    /// The ticket-granting ticket once more, to be given away (RFC 4120 2.6).
    Forwarded,
    /// The ticket-granting ticket with a later end (RFC 4120 2.3).
    Renewal,
    /// A ticket to the client itself in the name of `user` ([MS-SFU] 3.1.5.1).
    S4uSelf { user: Principal },
    /// A ticket in the name of `client`, whose ticket for the asker is the evidence ([MS-SFU]
    /// 3.1.5.2).
    S4uProxy { evidence: Vec<u8>, client: Principal },
}

impl TgsRequest {
    fn with(tgt: Arc<Credentials>, server: &Principal, kind: Kind) -> Result<TgsRequest> {
        let realm = realm_of(&tgt)?.into();
        let server = Principal { realm, ..server.clone() };
        Ok(TgsRequest { tgt, server, kind, canonicalize: false, authorization_data: None })
    }

    /// A ticket for `server`, of the realm that `tgt` is for; its own realm is ignored.
    ///
    /// Errors: `InvalidParameter` if `tgt` is not a ticket-granting ticket, for all of these.
    pub fn service(tgt: Arc<Credentials>, server: &Principal) -> Result<TgsRequest> {
        TgsRequest::with(tgt, server, Kind::Service)
    }

    /// A ticket for `server` under the session key of `ticket`, the server's ticket-granting ticket,
    /// encoded.
    pub fn user_to_user(
        tgt: Arc<Credentials>,
        server: &Principal,
        ticket: Vec<u8>,
    ) -> Result<TgsRequest> {
        TgsRequest::with(tgt, server, Kind::UserToUser { ticket })
    }

    /// A forwarded ticket-granting ticket of the same realm, without addresses. It is forwardable if
    /// `tgt` is.
    pub fn forwarded(tgt: Arc<Credentials>) -> Result<TgsRequest> {
        let server = tgt.server.clone();
        TgsRequest::own_realm(tgt, server, Kind::Forwarded)
    }

    /// The same ticket-granting ticket with a later end.
    pub fn renewal(tgt: Arc<Credentials>) -> Result<TgsRequest> {
        let server = tgt.server.clone();
        TgsRequest::own_realm(tgt, server, Kind::Renewal)
    }

    fn own_realm(tgt: Arc<Credentials>, server: Principal, kind: Kind) -> Result<TgsRequest> {
        match tgt.server.is_local_krbtgt() {
            true => TgsRequest::with(tgt, &server, kind),
            false => Err(Error::InvalidParameter("a ticket-granting ticket of another realm")),
        }
    }

    /// A ticket to the client of `tgt`, named `server`, in the name of `user`.
    pub fn s4u_self(
        tgt: Arc<Credentials>,
        server: &Principal,
        user: Principal,
    ) -> Result<TgsRequest> {
        TgsRequest::with(tgt, server, Kind::S4uSelf { user })
    }

    /// A ticket for `server` in the name of `client`, for whose ticket to the asker, `evidence`,
    /// encoded, the KDC gives it.
    pub fn s4u_proxy(
        tgt: Arc<Credentials>,
        server: &Principal,
        evidence: Vec<u8>,
        client: Principal,
    ) -> Result<TgsRequest> {
        TgsRequest::with(tgt, server, Kind::S4uProxy { evidence, client })
    }

    /// Whether the KDC may refer to another realm. By default it may not.
    pub fn canonicalize(mut self, canonicalize: bool) -> TgsRequest {
        self.canonicalize = canonicalize;
        self
    }

    /// Authorization data to be put into the ticket.
    pub fn authorization_data(mut self, list: &AuthorizationData<'_>) -> TgsRequest {
        self.authorization_data = Some(list.der().to_vec());
        self
    }
}

impl Kind {
    /// The options that make the request one of this kind.
    pub(super) fn kdc_options(&self) -> KdcOptions {
        match self {
            Kind::Service | Kind::S4uSelf { .. } => KdcOptions::empty(),
            Kind::UserToUser { .. } => KdcOptions::ENC_TKT_IN_SKEY,
            Kind::Forwarded => KdcOptions::FORWARDED,
            Kind::Renewal => KdcOptions::RENEW,
            Kind::S4uProxy { .. } => KdcOptions::CNAME_IN_ADDL_TKT,
        }
    }

    /// The additional ticket, encoded.
    pub(super) fn additional_ticket(&self) -> Option<&[u8]> {
        match self {
            Kind::UserToUser { ticket } => Some(ticket),
            Kind::S4uProxy { evidence, .. } => Some(evidence),
            _ => None,
        }
    }
}

/// The longest name of a realm that is believed, in bytes. A DNS name is not longer.
const MAX_REALM: usize = 255;

/// The realm that a ticket-granting ticket is for: the one whose KDC takes it.
///
/// Errors: `InvalidParameter` if it is not a ticket-granting ticket, or if the realm's name is not
/// one that can be looked up.
pub(in crate::kerberos::client) fn realm_of(tgt: &Credentials) -> Result<&str> {
    let realm = tgt.server.krbtgt_of().and_then(|realm| std::str::from_utf8(realm).ok());
    realm
        .filter(|realm| !realm.is_empty() && realm.len() <= MAX_REALM)
        .filter(|realm| !realm.chars().any(char::is_control))
        .ok_or(Error::InvalidParameter("not a ticket-granting ticket of a realm"))
}
