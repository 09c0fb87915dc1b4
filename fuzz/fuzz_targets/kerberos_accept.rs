//! The Kerberos acceptor after decryption: what a client with a ticket of its own, and a malicious
//! KDC, can put into ticket, authenticator, checksum and forwarded credentials. Tokens that cannot
//! be decrypted are covered by `ap_req`.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::config::Settings;
use negossp::kerberos::crypto::{Enctype, Key, key_usage};
use negossp::kerberos::gss_checksum::{self, GssChecksum, GssFlags};
use negossp::kerberos::keytab::{Entry, Keytab};
use negossp::kerberos::message::authorization_data::ad_type;
use negossp::kerberos::message::{
    ApOptions, ApReq, Authenticator, AuthorizationData, Checksum, EncKrbCredPart, EncTicketPart,
    EncryptedData, EncryptionKey, EtypeList, HostAddress, HostAddresses, KrbCred, KrbCredInfo,
    PrincipalName, Ticket, TicketFlags, TransitedEncoding, Unprotected,
};
use negossp::kerberos::{Acceptor, CredentialKeys, Service};
use negossp::mechanism::Package;
use negossp::mechanism::{AcceptCall, Mechanism, Step};
use negossp::platform::random::SystemRandom;
use negossp::server::Configuration;
use negossp::server::credential::{Credential, Usage};
use negossp::stores::kerberos_files::ReplayCacheKind;
use negossp::types::flags::ContextFlags;
use negossp::types::time::FileTime;
use negossp_fuzz::Edit;
use std::sync::{Arc, LazyLock};

#[derive(Debug, Arbitrary)]
struct Plan {
    ticket: Vec<Edit>,
    authenticator: Vec<Edit>,
    checksum: Vec<Edit>,
    forwarded: Vec<Edit>,
    flags: u16,
    options: u32,
    requirements: u32,
    dce: Vec<u8>,
}

const NOW: i64 = 1_800_000_000;

struct World {
    key: Key,
    session_key: Key,
    credential: Credential,
    configuration: Arc<Configuration>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = Key::new(Enctype::Aes128Sha1, &[1; 16]).unwrap();
    let entry = Entry::new("R".into(), vec!["HTTP".into(), "h".into()], 1, 1, 0, key.clone());
    let mut settings = Settings::default();
    settings.kerberos.enctypes = Enctype::ALL.to_vec();
    settings.kerberos_files.replay_cache = ReplayCacheKind::Off;
    let credential = Credential {
        package: Package::Only(Mechanism::Kerberos),
        usage: Usage { inbound: true, outbound: false },
        principal: None,
        identity: None,
        mechanisms: vec![Mechanism::Kerberos],
        accounts: Vec::new(),
        application: None,
        service: Service {
            name: None,
            keys: CredentialKeys::Keytab(Arc::new(Keytab::of_entries(vec![entry]))),
        },
        assembled: Default::default(),
    };
    World {
        key,
        session_key: Key::new(Enctype::Aes128Sha1, &[2; 16]).unwrap(),
        credential,
        configuration: Arc::new(Configuration::open(settings, None)),
    }
});

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    edits.iter().take(16).for_each(|edit| edit.apply(&mut bytes));
    bytes
}

fuzz_target!(|plan: Plan| {
    let world = &*WORLD;
    let alice = PrincipalName::encode_components(&["alice", "admin"]);
    let service = PrincipalName::encode_components(&["HTTP", "h"]);
    let (alice, service) =
        (PrincipalName::new(1, &alice).unwrap(), PrincipalName::new(2, &service).unwrap());
    let within = |elements: &[(i32, &[u8])]| {
        AuthorizationData::encode(&[(ad_type::IF_RELEVANT, &AuthorizationData::encode(elements))])
    };
    let ticket_data = within(&[(ad_type::CLIENT_TARGET, b"H\0"), (77, b"?")]);
    let caddr = HostAddresses::encode(&[HostAddress { addr_type: 2, address: &[10, 0, 0, 1] }]);
    let part = EncTicketPart {
        flags: TicketFlags::FORWARDABLE,
        key: EncryptionKey::of(&world.session_key),
        crealm: b"R",
        cname: alice,
        transited: TransitedEncoding { tr_type: 1, contents: &[] },
        authtime: NOW - 10,
        starttime: Some(NOW - 5),
        endtime: NOW + 1000,
        renew_till: None,
        caddr: Some(HostAddresses::decode(&caddr).unwrap()),
        authorization_data: Some(AuthorizationData::decode(&ticket_data).unwrap()),
    };
    let ticket_cipher = world
        .key
        .encrypt(key_usage::TICKET, &edited(part.encode().to_vec(), &plan.ticket), &SystemRandom)
        .unwrap();
    let encrypted = |cipher| EncryptedData { etype: 17, kvno: None, cipher };
    let ticket = Ticket {
        realm: Unprotected::new(&b"R"[..]),
        sname: Unprotected::new(service),
        enc_part: encrypted(&ticket_cipher),
    };
    let info = KrbCredInfo {
        key: EncryptionKey::of(&world.session_key),
        prealm: Some(b"R"),
        pname: Some(alice),
        flags: None,
        authtime: None,
        starttime: None,
        endtime: Some(NOW + 1000),
        renew_till: None,
        srealm: None,
        sname: None,
        caddr: None,
    };
    let forwarded = edited(EncKrbCredPart::encode(&[info], NOW, 0).to_vec(), &plan.forwarded);
    let forwarded = EncryptedData { etype: 0, kvno: None, cipher: &forwarded };
    let credential = KrbCred::encode(&[ticket.encode()], &forwarded);
    let flags = GssFlags::from_bits_retain(plan.flags.into());
    let gss =
        GssChecksum { bindings: [0; 16], flags, credential: Some(&credential), extensions: &[] };
    let checksum = edited(gss.encode().unwrap(), &plan.checksum);
    let options = 0x4000u32.to_le_bytes();
    let authenticator_data = within(&[
        (ad_type::AP_OPTIONS, &options),
        (ad_type::ETYPE_NEGOTIATION, &EtypeList::encode(&[18, 17])),
    ]);
    let authenticator = Authenticator {
        crealm: b"R",
        cname: alice,
        cksum: Some(Checksum { cksumtype: gss_checksum::CHECKSUM_TYPE, checksum: &checksum }),
        cusec: 1,
        ctime: NOW,
        subkey: Some(EncryptionKey::of(&world.key)),
        seq_number: Some(7),
        authorization_data: Some(AuthorizationData::decode(&authenticator_data).unwrap()),
    };
    let authenticator = edited(authenticator.encode().to_vec(), &plan.authenticator);
    let sealed = world
        .session_key
        .encrypt(key_usage::AP_REQ_AUTHENTICATOR, &authenticator, &SystemRandom)
        .unwrap();
    let request = ApReq {
        ap_options: ApOptions::from_bits_retain(plan.options),
        ticket,
        authenticator: encrypted(&sealed),
    };
    let config = world.credential.acceptor_config(&world.configuration);
    let call = AcceptCall {
        config: &config.kerberos,
        requirements: ContextFlags::from_bits_truncate(plan.requirements),
        bindings: None,
        address: None,
        now: FileTime::from_unix_seconds(NOW),
    };
    let mut step = Acceptor::new().step(&request.encode(), &call);
    let untouched = plan.ticket.is_empty()
        && plan.authenticator.is_empty()
        && plan.checksum.is_empty()
        && plan.forwarded.is_empty();
    assert!(step.is_ok() || !untouched || request.ap_options.contains(ApOptions::USE_SESSION_KEY));
    if let Ok(Step::Continue { next, .. }) = &step {
        step = next.step(&plan.dce, &call);
    }
    if let Ok(Step::Done { established, .. }) = step {
        // An accepted client is a principal of that realm or of another; its name is never empty.
        assert!(established.client.display_name().len() > 1);
        let negossp::kerberos::EstablishedSession { mut session, delegated } = established.session;
        let mut token = vec![0; session.sizes().max_signature as usize];
        session.sign(&[b"message"], 0, &mut token).unwrap();
        if let Some(delegated) = delegated {
            delegated.ccache().unwrap();
        }
    }
});
