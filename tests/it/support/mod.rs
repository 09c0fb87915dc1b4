//! What the tests of several modules share.

pub(crate) mod abi;
pub(crate) mod accounts;
pub(crate) mod domain;
pub(crate) mod export_import;
pub(crate) mod kerberos;
#[path = "../../../crates/core/tests/it/support/kerberos_recorded.rs"]
#[allow(dead_code)] // a part is used
pub(crate) mod kerberos_recorded;
#[path = "../../../crates/core/tests/it/support/pac.rs"]
#[allow(dead_code)] // a part is used
pub(crate) mod pac;

/// These settings with the files that they name opened.
pub(crate) fn configured(
    settings: negossp::config::Settings,
) -> std::sync::Arc<negossp::server::Configuration> {
    std::sync::Arc::new(negossp::server::Configuration::open(settings, None))
}

/// A service of this host, as clients must name it that are in the same process.
pub(crate) fn own_name(configuration: &negossp::server::Configuration) -> String {
    format!("HTTP/{}", configuration.settings.server.nb_computer)
}

/// A call without channel bindings, now.
pub(crate) fn call(
    requirements: negossp::types::flags::ContextFlags,
) -> negossp::context::Call<'static> {
    let now = negossp::platform::now();
    negossp::context::Call { requirements, bindings: None, address: None, now }
}
