//! Exchanges by name, for those who record them and for those who replay them.

use crate::support::random::Counted;
use negossp_core::kerberos::Principal;
use negossp_core::kerberos::client::{
    AsParameters, AsService, ClientOptions, ClientSecret, Credentials,
};
use negossp_core::kerberos::crypto::Enctype;
use negossp_core::kerberos::message::name_type;

/// Random numbers, the same for each exchange.
pub(crate) fn random() -> &'static Counted {
    Box::leak(Box::new(Counted::new()))
}

/// What an exchange is for, by its name in the file: realm, kind of name, name, encryption type,
/// service.
pub(crate) fn parameters(name: &str, armor: Option<Credentials>) -> AsParameters {
    let words: Vec<&str> = name.split(' ').collect();
    let &[realm, kind, client, enctype, service] = words.as_slice() else { panic!("{name}") };
    let enctypes = Enctype::from_name(enctype).map(|enctype| vec![enctype]);
    let default = ClientOptions::default();
    AsParameters {
        client: Principal::new(
            if kind == "enterprise" { name_type::ENTERPRISE } else { name_type::PRINCIPAL },
            &client.split('/').collect::<Vec<_>>(),
            realm,
        ),
        secret: ClientSecret::Password("Passw0rd!".to_owned().into()),
        service: match service {
            "changepw" => AsService::ChangePassword,
            _ => AsService::TicketGranting,
        },
        armor: armor.filter(|_| service == "armored"),
        clock_offset: 0,
        options: ClientOptions {
            enctypes: enctypes.unwrap_or_else(|| default.enctypes.clone()),
            ..default
        },
        random: random(),
    }
}
