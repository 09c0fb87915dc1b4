//! Decrypted answers: a domain controller's results of a logon, the endpoint mapper's, and a name
//! server's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use negossp::domain::netlogon::validation;
use negossp::net::dns::message::{Kind, Record, answer, question};
use negossp::net::rpc::endpoint_mapper;
use negossp::types::ntstatus::NtStatus;
use std::sync::LazyLock;

static QUESTION: LazyLock<Vec<u8>> = LazyLock::new(|| question(0, "a", Kind::Srv).unwrap());

fuzz_target!(|data: &[u8]| {
    if let Ok(reply) = validation::parse(data) {
        assert_eq!(reply.validation.is_some(), reply.status == NtStatus::SUCCESS);
        if let Some(validation) = reply.validation {
            // Each takes at least eight bytes; the primary group may be there unlisted.
            assert!(validation.facts.groups.len() <= data.len() / 8 + 1);
            for sid in
                validation.facts.groups.iter().map(|group| group.sid).chain(validation.facts.sid)
            {
                assert_eq!(sid.to_string().parse(), Ok(sid));
            }
            assert!(validation.user.len() + validation.domain.len() <= 3 * data.len());
        }
    }
    if let Ok(port) = endpoint_mapper::parse(data) {
        assert_ne!(port, 0);
    }
    if let Ok(records) = answer(&QUESTION, data) {
        for record in records {
            if let Record::Service { target, .. } = record {
                assert!(target.len() <= 2 * 255 && target.is_ascii());
            }
        }
    }
});
