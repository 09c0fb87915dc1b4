//! What service tickets are asked for with.

use crate::kerberos::Principal;
use crate::kerberos::client::Credentials;
use crate::types::time::FileTime;
use std::sync::Arc;

/// What service tickets are asked for with.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// A ticket-granting ticket: the client's, or with evidence the service's that acts for it.
    pub(super) tgt: Arc<Credentials>,
    /// The evidence for S4U2proxy.
    pub(super) evidence: Option<Arc<Evidence>>,
}

impl Base {
    /// Whose service tickets are got with it.
    pub(super) fn client(&self) -> &Principal {
        self.evidence.as_ref().map_or(&self.tgt.client, |evidence| &evidence.client)
    }

    /// When the first of its tickets ends, in seconds since 1970. A KDC may give evidence for a
    /// shorter time than the service's own ticket.
    pub(super) fn endtime(&self) -> i64 {
        let evidence = self.evidence.as_ref().map(|evidence| evidence.endtime);
        evidence.map_or(self.tgt.endtime, |endtime| endtime.min(self.tgt.endtime))
    }

    /// Whether all tickets are valid for longer than `margin`, in seconds.
    pub(super) fn is_valid(&self, now: FileTime, margin: i64) -> bool {
        self.tgt.is_valid(now, margin) && self.endtime() > now.unix_seconds().saturating_add(margin)
    }
}

/// The client's ticket for the service that acts for it ([MS-SFU] 3.1.5.2).
#[derive(Debug)]
pub(super) struct Evidence {
    /// The ticket, encoded.
    pub(super) ticket: Vec<u8>,
    /// The client.
    pub(super) client: Principal,
    /// When it ends, in seconds since 1970.
    pub(super) endtime: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kerberos::crypto::{Enctype, Key};
    use crate::kerberos::message::TicketFlags;

    fn ticket(client: &Principal, endtime: i64) -> Credentials {
        Credentials {
            client: client.clone(),
            server: Principal::krbtgt("R.TEST", "R.TEST"),
            key: Key::new(Enctype::Aes128Sha1, &[7; 16]).unwrap(),
            authtime: 0,
            starttime: 0,
            endtime,
            renew_till: None,
            flags: TicketFlags::empty(),
            is_skey: false,
            addresses: Vec::new(),
            ticket: Vec::new(),
            second_ticket: Vec::new(),
        }
    }

    #[test]
    fn evidence_that_ends_first_ends_both() {
        let at = FileTime::from_unix_seconds;
        let (server, user) = (Principal::krbtgt("A", "A"), Principal::krbtgt("B", "B"));
        let evidence = |endtime| Evidence { ticket: Vec::new(), client: user.clone(), endtime };
        let base = |evidence: Option<Evidence>| Base {
            tgt: Arc::new(ticket(&server, 1000)),
            evidence: evidence.map(Arc::new),
        };
        let alone = base(None);
        assert_eq!((alone.endtime(), alone.client()), (1000, &server));
        assert!(alone.is_valid(at(900), 60) && !alone.is_valid(at(950), 60));
        let short = base(Some(evidence(500)));
        assert_eq!((short.endtime(), short.client()), (500, &user));
        assert!(short.is_valid(at(400), 60) && !short.is_valid(at(450), 60));
        assert_eq!(base(Some(evidence(5000))).endtime(), 1000);
    }
}
