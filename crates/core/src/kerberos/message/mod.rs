//! The messages of RFC 4120 that a client and a service exchange, and their elements, read from
//! borrowed slices.
//!
//! Messages must be DER, with these exceptions, each for peers that need it:
//! - Bytes after a message's outermost element are ignored: callers pass whole buffers, and triple
//!   DES leaves its padding after the plaintext.
//! - Fields after the known ones are skipped if their tags are higher.
//! - An unsigned number (`kvno`, `seq-number`, `nonce`) may be negative, and is converted to its 32
//!   unsigned bits: old encoders (MIT, Heimdal, Java) write numbers so, and read-only domain
//!   controllers have key versions with the high bit set ([MS-KILE] 3.1.5.8).
//! - `KerberosFlags` may have fewer or more than 32 bits: missing ones are 0, others are ignored
//!   (RFC 4120 5.2.8).
//! - Lists may be empty, where the grammar has them OPTIONAL and "NOT EMPTY".
//!
//! A `KerberosString` may contain any octets. In practice non-ASCII names are UTF-8, which only
//! [`PrincipalName::to_text`] requires.
//!
//! All counts from a peer are limited: components of a name, elements and depth of authorization
//! data, addresses, tickets.

mod ap_rep;
mod ap_req;
pub mod authorization_data;
mod authorization_elements;
mod fast;
mod fields;
mod kdc_proxy;
mod kdc_rep;
mod kdc_req;
mod key;
mod krb_cred;
mod krb_error;
mod krb_priv;
mod pa_data;
mod principal_name;
mod s4u;
mod ticket;
pub mod time;
mod unprotected;
mod user_to_user;

pub use crate::types::krb_error_code as error_code;
pub use ap_rep::{ApRep, EncApRepPart};
pub use ap_req::{ApOptions, ApReq, Authenticator, Checksum};
pub use authorization_data::{AuthorizationData, Element};
pub use authorization_elements::{ApOptionsData, EtypeList, client_target};
pub use fast::{FastArmoredRep, FastArmoredReq, FastFinished, FastReq, FastResponse};
pub use kdc_proxy::KdcProxyMessage;
pub use kdc_rep::{EncKdcRepPart, KdcRep};
pub use kdc_req::{KdcExchange, KdcOptions, KdcReq, KdcReqBody, NewKdcReqBody};
pub use key::{EncryptedData, EncryptionKey};
pub use krb_cred::{EncKrbCredPart, KrbCred, KrbCredInfo};
pub use krb_error::{KrbError, SKEW_RECOVERY};
pub use krb_priv::{ChangePasswdData, EncKrbPrivPart, KrbPriv};
pub use pa_data::{EtypeInfo, PaData, PaDataList, PaEncTimestamp, pa_type};
pub use principal_name::{Components, PrincipalName, name_type};
pub(super) use principal_name::{push_principal, same_name, text_of};
pub use s4u::{PaForUser, PaS4uX509User, PacOptions, S4uOptions, S4uUserId};
pub use ticket::{
    EncTicketPart, HostAddress, HostAddresses, Ticket, TicketFlags, TransitedEncoding,
};
pub use unprotected::Unprotected;
pub use user_to_user::{TgtReply, TgtRequest};

/// The protocol version: `pvno`, `tkt-vno` and `authenticator-vno` (RFC 4120 5).
const VERSION: i64 = 5;
