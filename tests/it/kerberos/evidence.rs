//! Evidence for constrained delegation: which tickets are kept, for whom, and the credential cache
//! that is made of them.

use crate::support::kerberos::{Forge, REALM, SERVICE, Server, USUAL, gss, key};
use negossp::kerberos::Principal;
use negossp::kerberos::ccache::{Credential, CredentialCache};
use negossp::kerberos::crypto::{Enctype, Key};
use negossp::kerberos::gss_checksum::GssFlags;
use negossp::kerberos::message::{
    EncryptedData, EncryptionKey, PrincipalName, Ticket, TicketFlags, Unprotected, name_type,
};
use negossp::kerberos::{Delegated, Delegation, Tgt};
use negossp::persist::{Persist, Reader, Writer};
use negossp::platform::random::SystemRandom;
use negossp::types::error::Error;
use negossp::types::flags::ContextFlags;
use std::sync::Arc;

const AES: Enctype = Enctype::Aes256Sha1;

fn forwardable() -> Forge {
    Forge { ticket_flags: TicketFlags::FORWARDABLE, ..Forge::new(AES) }
}

fn server(forge: &Forge, delegation: Delegation) -> Server {
    let mut server = forge.server();
    server.requirements = ContextFlags::DELEGATE;
    server.settings.kerberos.delegation = delegation;
    server
}

fn evidence(server: &Server, forge: &Forge) -> Option<Arc<Delegated>> {
    let (established, _) = server.accept(&forge.token()).unwrap();
    // That is for credentials of the client's own.
    assert!(!established.flags.contains(ContextFlags::DELEGATE));
    established.session.delegated
}

fn principal(components: &[&str]) -> Principal {
    Principal {
        name_type: name_type::SRV_INST,
        realm: REALM.into(),
        components: components.iter().map(|component| component.as_bytes().to_vec()).collect(),
    }
}

/// A credential cache with a ticket-granting ticket of this server, and another ticket.
fn tgt_cache(owner: &[&str], key: &Key) -> Vec<u8> {
    let credential = |server: &[&str], ticket| Credential {
        client: principal(owner),
        server: principal(server),
        key: EncryptionKey::of(key),
        authtime: 1,
        starttime: 2,
        endtime: u32::MAX,
        renew_till: 3,
        is_skey: false,
        ticket_flags: TicketFlags::INITIAL,
        addresses: vec![],
        authdata: vec![],
        ticket,
        second_ticket: &[],
    };
    let credentials =
        vec![credential(&["krbtgt", REALM], b"a TGT"), credential(&SERVICE, b"another ticket")];
    CredentialCache { default_principal: principal(owner), credentials }.encode().unwrap().to_vec()
}

/// The cache's form is that of MIT's documentation, "Credential cache file format"; the evidence is
/// under the name that `proxy_impersonator` says, where MIT's library looks for it.
#[test]
fn the_cache_has_the_evidence_and_the_server_s_own_ticket() {
    let forge = forwardable();
    let delegated = evidence(&server(&forge, Delegation::Constrained), &forge).unwrap();
    assert!(matches!(delegated.ccache(None), Err(Error::NoCredentials(_))));
    let tgt_key = key(AES);
    for (owner, name) in [
        (&SERVICE[..], "HTTP/server.example.test@EXAMPLE.TEST"),
        (&["SERVER$"][..], "SERVER$@EXAMPLE.TEST"),
    ] {
        let tgt = Tgt::from_ccache(&tgt_cache(owner, &tgt_key)).unwrap();
        let bytes = delegated.ccache(Some(&tgt)).unwrap();
        let cache = CredentialCache::parse(&bytes).unwrap();
        assert_eq!(cache.default_principal.to_text(), "alice@EXAMPLE.TEST");
        let [mark, own, evidence] = &cache.credentials[..] else { panic!("{cache:?}") };
        assert_eq!(mark.client, cache.default_principal);
        assert_eq!(mark.server.to_text(), "krb5_ccache_conf_data/proxy_impersonator@X-CACHECONF:");
        assert_eq!(mark.ticket, name.as_bytes());
        assert!(mark.is_configuration());
        assert_eq!((own.client.to_text(), own.ticket), (name.into(), &b"a TGT"[..]));
        assert_eq!(own.server.to_text(), "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST");
        assert_eq!(own.key.keyvalue, tgt_key.bytes());
        assert_eq!(evidence.client, cache.default_principal);
        assert_eq!(evidence.server, own.client);
        assert_eq!(evidence.key.keyvalue, forge.session_key.bytes());
        assert!(evidence.ticket_flags.contains(TicketFlags::FORWARDABLE));
        let ticket = Ticket::decode(evidence.ticket).unwrap();
        let names = PrincipalName::encode_components(&SERVICE);
        let sname = PrincipalName::new(name_type::SRV_INST, &names).unwrap();
        assert_eq!(ticket.realm, Unprotected::new(REALM.as_bytes()));
        assert!(ticket.sname == Unprotected::new(sname));
        let EncryptedData { etype, kvno, .. } = ticket.enc_part;
        assert_eq!((etype, kvno), (AES.number(), Some(3)));
    }
}

#[test]
fn evidence_is_kept_where_it_is_wanted_and_can_serve() {
    let forge = forwardable();
    assert!(evidence(&server(&forge, Delegation::Constrained), &forge).is_some());
    for delegation in [Delegation::Never, Delegation::Forwarded] {
        assert!(evidence(&server(&forge, delegation), &forge).is_none());
    }
    let mut unasked = server(&forge, Delegation::Constrained);
    unasked.requirements = ContextFlags::empty();
    assert!(evidence(&unasked, &forge).is_none());
    // The client, or the server, wants identification only.
    let shy = Forge { cksum: gss(USUAL | GssFlags::IDENTIFY), ..forge.clone() };
    assert!(evidence(&server(&forge, Delegation::Constrained), &shy).is_none());
    let mut modest = server(&forge, Delegation::Constrained);
    modest.requirements |= ContextFlags::IDENTIFY;
    assert!(evidence(&modest, &forge).is_none());
    let kept = Forge { ticket_flags: TicketFlags::PROXIABLE, ..forge.clone() };
    assert!(evidence(&server(&forge, Delegation::Constrained), &kept).is_none());
}

#[test]
fn evidence_is_exported_with_the_context() {
    let forge = forwardable();
    let delegated = evidence(&server(&forge, Delegation::Constrained), &forge).unwrap();
    let tgt = Tgt::from_ccache(&tgt_cache(&SERVICE, &key(AES))).unwrap();
    let mut packed = Writer::new();
    delegated.pack(&mut packed).unwrap();
    let there = Delegated::unpack(&mut Reader::new(&packed.finish(), &SystemRandom)).unwrap();
    assert_eq!(there.ccache(Some(&tgt)).unwrap(), delegated.ccache(Some(&tgt)).unwrap());
    assert!(matches!(there.ccache(None), Err(Error::NoCredentials(_))));
}
