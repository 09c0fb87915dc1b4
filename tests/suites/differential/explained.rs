//! The differences between the two acceptors, and their reasons.

/// A class of differences.
pub struct Explained {
    pub difference: &'static str,
    /// What was changed; `*` matches anything.
    pub labels: &'static [&'static str],
    pub reason: &'static str,
}

const fn explained(
    difference: &'static str,
    labels: &'static [&'static str],
    reason: &'static str,
) -> Explained {
    Explained { difference, labels, reason }
}

const MIT: &str = "only MIT accepts";
const WE: &str = "only we accept";
const MIT_GOES_ON: &str = "MIT goes on";
const WE_GO_ON: &str = "we go on";

/// Each occurs in every run, and no other difference does. If several match, the first counts.
pub const EXPLAINED: &[Explained] = &[
    // ---- encodings
    explained(
        MIT,
        &["long length *", "padded number *"],
        "We read DER as it is defined: lengths and numbers are as short as they can be. MIT reads longer ones.",
    ),
    explained(
        MIT,
        &[
            "twice AP-REQ*",
            "twice Enc*",
            "twice Auth*",
            "out of order *",
            "one more in AP-REQ*",
            "one more in Enc*",
            "one more in Auth*",
            "another tag *",
        ],
        "Fields that RFC 4120 does not know may follow the last one, and no others: none twice, none out of order. MIT skips what it did not expect.",
    ),
    explained(
        MIT,
        &["longer EncTicketPart.authorization-data.*"],
        "Bytes behind a list of authorization data within another are an error to us.",
    ),
    explained(MIT, &["* AP-REQ.msg-type"], "We look at msg-type. MIT does not."),
    explained(
        MIT,
        &["* AP-REQ.ticket.sname.name-string", "* AP-REQ.ticket.realm"],
        "The service's name on a ticket, which nothing protects, must be a name. MIT does not read it.",
    ),
    explained(MIT, &["bits of the token"], "One of the above."),
    explained(
        WE,
        &["bytes behind the token"],
        "Callers of SSPI hand in whole buffers: bytes behind a token do not count.",
    ),
    explained(
        MIT_GOES_ON,
        &["bits of the token", "TOK_ID *"],
        "To a token of a kind that is not due MIT answers with an error token and awaits another. With us the conversation is over.",
    ),
    // ---- SPNEGO
    explained(
        MIT,
        &["* NegTokenInit*"],
        "We read NegTokenInit as DER, fields in their order and none twice. MIT reads on where lengths do not fit.",
    ),
    explained(
        MIT_GOES_ON,
        &["* NegTokenInit*"],
        "As before: MIT finds a mechanism without a token in it, and asks for one.",
    ),
    explained(
        WE_GO_ON,
        &["empty NegTokenInit.mechToken", "out of order NegTokenInit.mechTypes"],
        "An empty mechToken is none to us, and the client is asked for one. MIT refuses it.",
    ),
    explained(WE, &["longer NegTokenInit.mechToken"], "Bytes behind a token, as above."),
    // ---- numbers and times
    explained(
        WE,
        &[
            "kvno 4294967295 *",
            "2147483648 AP-REQ.ticket.enc-part.kvno",
            "4294967295 AP-REQ.ticket.enc-part.kvno",
        ],
        "A key version may have its highest bit set, as read-only domain controllers do it. MIT takes it for out of range.",
    ),
    explained(
        MIT,
        &["cusec *", "* Authenticator.cusec"],
        "Microseconds are 0 to 999999 (RFC 4120 5.2.4). MIT takes any number for them.",
    ),
    explained(MIT_GOES_ON, &["cusec *", "* Authenticator.cusec"], "As before, in DCE style."),
    explained(
        WE,
        &["* at -1", "endtime at 4294967295", "\"*\" EncTicketPart.*"],
        "Times before 1970 and after 2106 are times. MIT has 32 bits for them.",
    ),
    explained(MIT, &["\"*\" EncTicketPart.*"], "As before, and what is no time is none."),
    explained(
        "lifetime",
        &["endtime at 253402300799", "\"*\" EncTicketPart.endtime"],
        "As before.",
    ),
    explained(
        WE,
        &["* EncTicketPart.transited.tr-type"],
        "tr-type is a number of 32 bits (RFC 4120 5.3). MIT has one octet for it.",
    ),
    // ---- keys
    explained(
        MIT,
        &["sub-key of a wrong length", "* Authenticator.subkey.keyvalue"],
        "A sub-key must have the length of its type. MIT looks at it when it is first used.",
    ),
    explained(
        WE,
        &["a bit EncTicketPart.key.keyvalue"],
        "We do not look at the parity of triple DES keys.",
    ),
    explained(
        "key",
        &["sub-key of type *", "encryption types * negotiated"],
        "The acceptor's sub-key: ours is of the type that the client prefers, or else its sub-key's. MIT's is of the type of them all that its own configuration prefers.",
    ),
    // ---- names
    explained(
        MIT,
        &["a client in Latin-1"],
        "Names are UTF-8, or nobody could tell what they are. MIT hands on their bytes.",
    ),
    explained(
        MIT,
        &[
            "a client without components",
            "a client with 33 components",
            "a client with 100 components",
        ],
        "A name has 1 to 32 components.",
    ),
    // ---- the authenticator's checksum
    explained(
        MIT,
        &["the flag for delegation and no credential"],
        "Where the flag for delegation is set there must be a credential (RFC 4121 4.1.1).",
    ),
    explained(
        WE,
        &[
            "noise behind *",
            "a delegated credential without the flag",
            "longer Authenticator.cksum.checksum",
        ],
        "Extensions of checksum 0x8003 do not matter to us, whatever they are. MIT wants them to be well-formed.",
    ),
    explained(
        MIT,
        &["a delegated credential: *"],
        "A KRB-CRED is read as strictly as any other message, and one that cannot be read is an error.",
    ),
    explained(
        "MIT dies",
        &["a delegated credential: *"],
        "A defect of MIT krb5 1.20.1: krb5_rd_cred follows a null pointer where a KRB-CRED does not name the client or the service.",
    ),
    // ---- addresses and authorization data
    explained(
        WE,
        &["0 addresses in the ticket, the client's known"],
        "An empty list of addresses is no list, and binds the ticket to none. MIT finds the client's not in it.",
    ),
    explained(
        WE,
        &["AD-KDCIssued of noise *", "4 EncTicketPart.authorization-data.ad-type"],
        "We make nothing of AD-KDCIssued. MIT reads it.",
    ),
    explained(
        WE,
        &["AP options of 5 bytes without a channel *"],
        "AD-AUTH-DATA-AP-OPTIONS may grow: what is behind its four bytes is ignored.",
    ),
    // ---- PACs
    explained(
        MIT,
        &[
            "a PAC of another *",
            "a PAC signed by nobody known",
            "a PAC without signatures",
            "a bit of a PAC",
        ],
        "A PAC whose signature does not hold, or that is another ticket's, is a refusal. MIT accepts the ticket and makes nothing of the PAC.",
    ),
    explained(
        WE,
        &["a PAC and a path through realms that nobody has checked"],
        "With a domain's PAC the realms on a ticket's way are the domain's matter ([MS-KILE] 3.3.5.1). MIT refuses what no KDC has marked as checked, and so do we without a PAC.",
    ),
    explained(
        MIT,
        &["ticket flag 16"],
        "A client whose ticket says that it is anonymous is nobody (RFC 8062), whatever its name. MIT goes by the name.",
    ),
    // ---- frames
    explained(
        WE,
        &["DCE style in a frame"],
        "DCE style has no frames, and we take it with one too.",
    ),
    explained(
        WE,
        &["the mechanism of user-to-user"],
        "The identifier of user-to-user authentication may frame any AP-REQ. MIT does not have that mechanism.",
    ),
    explained(
        MIT,
        &["use-session-key asked for", "* AP-REQ.ap-options"],
        "use-session-key says that the ticket is under the session key of the service's own ticket, and then it must be. MIT's GSS-API does not look.",
    ),
    explained(
        WE_GO_ON,
        &["SPNEGO that prefers NTLM, with this token"],
        "A token that is not of the first mechanism offered is left aside, and the client asked for one of the mechanism chosen. MIT refuses it.",
    ),
    explained(
        WE,
        &["SPNEGO with MS-krb5 alone, inside too"],
        "Within SPNEGO, MIT has no credentials for a Kerberos token framed with Windows 2000's identifier.",
    ),
    explained(
        WE,
        &["a bare request", "a bare request in SPNEGO"],
        "Some clients send an AP-REQ without GSS-API's frame. MIT takes that in DCE style alone.",
    ),
];

impl Explained {
    pub fn fits(&self, label: &str, difference: &str) -> bool {
        self.difference == difference && self.labels.iter().any(|pattern| matches(pattern, label))
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
        }),
    }
}
