//! The messages of RFC 4120 that pass between a client and a service, and what they hold, read from
//! borrowed slices.
//!
//! What is read is DER, strictly, with these leniencies, each for peers that need it:
//! - bytes after a message's outermost element are ignored: callers hand in whole buffers, and
//!   triple DES leaves its padding behind what was encrypted;
//! - fields after the known ones are skipped, if their tags go on from there;
//! - an unsigned number (`kvno`, `seq-number`, `nonce`) may be negative, and then is what its 32
//!   bits are unsigned: old encoders (MIT, Heimdal, Java) write them so, and so arrives a key
//!   version of a read-only domain controller, which has its high bit set ([MS-KILE] 3.1.5.8);
//! - `KerberosFlags` may have fewer or more than 32 bits; missing ones are 0, further ones are
//!   ignored (RFC 4120 5.2.8);
//! - lists may be empty, where the grammar has them OPTIONAL and "NOT EMPTY".
//!
//! In names, every octet is allowed in a `KerberosString`: what is not ASCII is UTF-8 by
//! everybody's habit, and only [`PrincipalName::to_text`] asks for that.
//!
//! What a peer counts is bounded: components of a name, elements and depth of authorization data,
//! addresses, tickets.

mod ap_rep;
mod ap_req;
pub mod authorization_data;
mod authorization_elements;
mod fields;
mod key;
mod krb_cred;
mod krb_error;
mod principal_name;
mod ticket;
pub mod time;
mod user_to_user;

pub use ap_rep::{ApRep, EncApRepPart};
pub use ap_req::{ApOptions, ApReq, Authenticator, Checksum};
pub use authorization_data::{AuthorizationData, Element};
pub use authorization_elements::{ApOptionsData, EtypeList, client_target};
pub use key::{EncryptedData, EncryptionKey};
pub use krb_cred::{EncKrbCredPart, KrbCred, KrbCredInfo};
pub use krb_error::{KrbError, SKEW_RECOVERY, error_code};
pub use principal_name::{PrincipalName, name_type};
pub(super) use principal_name::{quote, same_name};
pub use ticket::{
    EncTicketPart, HostAddress, HostAddresses, Ticket, TicketFlags, TransitedEncoding,
};
pub use user_to_user::{TgtReply, TgtRequest};

/// `pvno`, `tkt-vno` and `authenticator-vno` (RFC 4120 5): the protocol's version.
const VERSION: i64 = 5;
