//! krb5.conf is read without a panic, in bounded time, and what it says can be asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::config::krb5_conf::Krb5Conf;

fuzz_target!(|data: &[u8]| {
    let conf = Krb5Conf::parse(data);
    for host in ["www.example.test", "192.0.2.1", "", ".", "a..b."] {
        let _ = (conf.realm_of_host(host), conf.fallback_realm_of_host(host));
    }
    for (client, paths) in &conf.capaths {
        for server in paths.keys() {
            assert!(conf.path(client, server).is_some());
        }
    }
    let _ = conf.kdc_options();
    assert!(conf.libdefaults.permitted_enctypes.len() <= 6);
});
