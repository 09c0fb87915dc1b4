//! PACs for the tests: an NDR writer, the buffers of [MS-PAC], signatures. The writer shares no
//! code with the reader.

use negossp_core::kerberos::crypto::{Key, key_usage};
use negossp_core::kerberos::pac::buffer_type;
use negossp_core::types::sid::Sid;

/// Writes NDR as specified in [C706] 14, little-endian.
#[derive(Default)]
pub(crate) struct Ndr {
    pub(crate) out: Vec<u8>,
    referents: u32,
}

impl Ndr {
    pub(crate) fn align(&mut self, boundary: usize) {
        self.out.resize(self.out.len().next_multiple_of(boundary), 0);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.align(2);
        self.out.extend(value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.align(4);
        self.out.extend(value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.align(8);
        self.out.extend(value.to_le_bytes());
    }

    /// A FILETIME: two longs.
    pub(crate) fn time(&mut self, ticks: u64) {
        self.u32(ticks as u32);
        self.u32((ticks >> 32) as u32);
    }

    pub(crate) fn pointer(&mut self, present: bool) {
        self.referents += u32::from(present);
        self.u32(if present { 0x0002_0000 + 4 * self.referents } else { 0 });
    }

    /// RPC_UNICODE_STRING; null if empty.
    pub(crate) fn string(&mut self, text: &str) {
        let length = utf16(text).len() as u16;
        self.align(4);
        self.u16(length);
        self.u16(length);
        self.pointer(length > 0);
    }

    pub(crate) fn string_referent(&mut self, text: &str) {
        let bytes = utf16(text);
        if !bytes.is_empty() {
            let count = bytes.len() as u32 / 2;
            [count, 0, count].into_iter().for_each(|number| self.u32(number));
            self.out.extend(bytes);
        }
    }

    /// `[string] wchar_t *`
    pub(crate) fn wide_string_referent(&mut self, text: &str) {
        self.string_referent(&format!("{text}\0"));
    }

    pub(crate) fn sid(&mut self, sid: &Sid) {
        self.u32(sid.sub_authorities().len() as u32);
        sid.write_to(&mut self.out);
    }

    /// GROUP_MEMBERSHIPs.
    pub(crate) fn groups_referent(&mut self, groups: &[(u32, u32)]) {
        if !groups.is_empty() {
            self.u32(groups.len() as u32);
            groups.iter().for_each(|&(rid, attributes)| {
                self.u32(rid);
                self.u32(attributes);
            });
        }
    }

    /// KERB_SID_AND_ATTRIBUTES.
    pub(crate) fn sids_referent(&mut self, sids: &[(Sid, u32)]) {
        if !sids.is_empty() {
            self.u32(sids.len() as u32);
            for (_, attributes) in sids {
                self.pointer(true);
                self.u32(*attributes);
            }
            sids.iter().for_each(|(sid, _)| self.sid(sid));
        }
    }

    /// With the headers of type serialization version 1.
    pub(crate) fn type_serialized(mut self) -> Vec<u8> {
        self.align(8);
        let mut out = vec![1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc];
        out.extend((self.out.len() as u32).to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.out);
        out
    }
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

/// KERB_VALIDATION_INFO.
#[derive(Clone)]
pub(crate) struct LogonInfo {
    pub(crate) effective_name: String,
    pub(crate) full_name: String,
    pub(crate) home_directory: String,
    pub(crate) logon_server: String,
    pub(crate) logon_domain_name: String,
    pub(crate) logon_domain_id: Option<Sid>,
    pub(crate) user_id: u32,
    pub(crate) primary_group_id: u32,
    pub(crate) group_ids: Vec<(u32, u32)>,
    pub(crate) user_flags: u32,
    pub(crate) user_account_control: u32,
    pub(crate) extra_sids: Vec<(Sid, u32)>,
    pub(crate) resource_group_domain_sid: Option<Sid>,
    pub(crate) resource_group_ids: Vec<(u32, u32)>,
}

impl Default for LogonInfo {
    fn default() -> LogonInfo {
        LogonInfo {
            effective_name: "alice".into(),
            full_name: "Alice Example".into(),
            home_directory: String::new(),
            logon_server: "DC1".into(),
            logon_domain_name: "EXAMPLE".into(),
            logon_domain_id: Some(sid("S-1-5-21-1-2-3")),
            user_id: 1102,
            primary_group_id: 513,
            group_ids: vec![(513, 7), (1107, 7)],
            user_flags: 0x20,
            user_account_control: 0x10,
            extra_sids: vec![(sid("S-1-18-1"), 7)],
            resource_group_domain_sid: None,
            resource_group_ids: vec![],
        }
    }
}

/// The placeholder for the session key in [`LogonInfo::encode`].
pub(crate) const SESSION_KEY: [u8; 16] = *b"USER SESSION KEY";

/// The placeholder for the LM key.
pub(crate) const LM_KEY: [u8; 8] = *b"LM KEY..";

/// The structures that begin like KERB_VALIDATION_INFO.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Kerberos,
    /// NETLOGON_VALIDATION_SAM_INFO, _INFO2 and _INFO4: levels 2, 3 and 6.
    Sam(u16),
}

impl LogonInfo {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Ndr::default();
        w.pointer(true);
        self.write(&mut w, Form::Kerberos, SESSION_KEY, LM_KEY);
        w.type_serialized()
    }

    pub(crate) fn write(&self, w: &mut Ndr, form: Form, session_key: [u8; 16], lm_key: [u8; 8]) {
        [1, u64::MAX >> 1, u64::MAX >> 1, 4, 5, 6].into_iter().for_each(|time| w.time(time));
        w.string(&self.effective_name);
        w.string(&self.full_name);
        w.string("logon.cmd");
        w.string("");
        w.string(&self.home_directory);
        w.string("");
        w.u16(17);
        w.u16(1);
        w.u32(self.user_id);
        w.u32(self.primary_group_id);
        w.u32(self.group_ids.len() as u32);
        w.pointer(!self.group_ids.is_empty());
        w.u32(self.user_flags);
        w.out.extend(session_key);
        w.string(&self.logon_server);
        w.string(&self.logon_domain_name);
        w.pointer(self.logon_domain_id.is_some());
        w.out.extend(lm_key);
        w.u32(self.user_account_control);
        (0..7).for_each(|_| w.u32(0));
        if form != Form::Sam(2) {
            w.u32(self.extra_sids.len() as u32);
            w.pointer(!self.extra_sids.is_empty());
        }
        if form == Form::Kerberos {
            w.pointer(self.resource_group_domain_sid.is_some());
            w.u32(self.resource_group_ids.len() as u32);
            w.pointer(!self.resource_group_ids.is_empty());
        }
        if form == Form::Sam(6) {
            w.string("example.test");
            w.string("alice@example.test");
            (0..10).for_each(|_| w.string(""));
        }
        w.string_referent(&self.effective_name);
        w.string_referent(&self.full_name);
        w.string_referent("logon.cmd");
        w.string_referent(&self.home_directory);
        w.groups_referent(&self.group_ids);
        w.string_referent(&self.logon_server);
        w.string_referent(&self.logon_domain_name);
        self.logon_domain_id.iter().for_each(|sid| w.sid(sid));
        if form != Form::Sam(2) {
            w.sids_referent(&self.extra_sids);
        }
        if form == Form::Kerberos {
            self.resource_group_domain_sid.iter().for_each(|sid| w.sid(sid));
            w.groups_referent(&self.resource_group_ids);
        }
        if form == Form::Sam(6) {
            w.string_referent("example.test");
            w.string_referent("alice@example.test");
        }
    }
}

/// PAC_CLIENT_INFO; `authtime` in seconds since 1970.
pub(crate) fn client_info(authtime: i64, name: &str) -> Vec<u8> {
    let mut out = ((authtime + 11_644_473_600) as u64 * 10_000_000).to_le_bytes().to_vec();
    out.extend((utf16(name).len() as u16).to_le_bytes());
    out.extend(utf16(name));
    out
}

/// UPN_DNS_INFO, extended if there are a SAM name and a SID.
pub(crate) fn upn_dns_info(
    upn: &str,
    dns: &str,
    flags: u32,
    extension: Option<(&str, Sid)>,
) -> Vec<u8> {
    let mut fields = vec![utf16(upn), utf16(dns)];
    if let Some((sam, sid)) = extension {
        fields.extend([utf16(sam), sid.to_bytes()]);
    }
    let mut offset = if extension.is_some() { 24 } else { 16 };
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    for (at, field) in fields.iter().enumerate() {
        if at == 2 {
            head.extend(flags.to_le_bytes());
        }
        head.extend((field.len() as u16).to_le_bytes());
        head.extend((offset as u16).to_le_bytes());
        tail.extend(field);
        tail.resize(tail.len().next_multiple_of(8), 0);
        offset = (if extension.is_some() { 24 } else { 16 }) + tail.len();
    }
    if extension.is_none() {
        head.extend(flags.to_le_bytes());
    }
    head.resize(if extension.is_some() { 24 } else { 16 }, 0);
    [head, tail].concat()
}

/// The PACTYPE of these buffers.
pub(crate) fn pac_type(buffers: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut head = (buffers.len() as u32).to_le_bytes().to_vec();
    head.extend([0; 4]);
    let mut body = Vec::new();
    for (kind, contents) in buffers {
        head.extend(kind.to_le_bytes());
        head.extend((contents.len() as u32).to_le_bytes());
        head.extend(((8 + 16 * buffers.len() + body.len()) as u64).to_le_bytes());
        body.extend(contents);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    [head, body].concat()
}

/// The range of the contents of the buffer of this type in a PAC.
pub(crate) fn place(pac: &[u8], kind: u32) -> std::ops::Range<usize> {
    let entry = pac[8..]
        .chunks(16)
        .find(|entry| entry[..4] == kind.to_le_bytes())
        .expect("a buffer of that type");
    let offset = u64::from_le_bytes(entry[8..16].try_into().unwrap()) as usize;
    offset..offset + u32::from_le_bytes(entry[4..8].try_into().unwrap()) as usize
}

fn blank_signature(key: &Key) -> Vec<u8> {
    let mut out = key.enctype().checksum_type().to_le_bytes().to_vec();
    out.resize(4 + key.enctype().tag_length(), 0);
    out
}

fn write_signature(pac: &mut [u8], kind: u32, key: &Key, over: &[u8]) {
    let mut range = place(pac, kind);
    range.start += 4;
    range.end = range.start + key.enctype().tag_length();
    pac[range].copy_from_slice(key.checksum(key_usage::PAC_SIGNATURE, &[over]).unwrap().bytes());
}

/// The PAC of these buffers, with server and KDC signatures appended.
pub(crate) fn signed(buffers: &[(u32, Vec<u8>)], server: &Key, kdc: &Key) -> Vec<u8> {
    let mut buffers = buffers.to_vec();
    buffers.push((buffer_type::SERVER_SIGNATURE, blank_signature(server)));
    buffers.push((buffer_type::KDC_SIGNATURE, blank_signature(kdc)));
    let mut pac = pac_type(&buffers);
    sign(&mut pac, server, kdc);
    pac
}

/// Makes the signatures for which there are buffers, of the right length, except the ticket's.
pub(crate) fn sign(pac: &mut [u8], server: &Key, kdc: &Key) {
    let has = |kind: u32| {
        pac[8..8 + 16 * pac[0] as usize].chunks(16).any(|entry| entry[..4] == kind.to_le_bytes())
    };
    let kinds =
        [buffer_type::SERVER_SIGNATURE, buffer_type::KDC_SIGNATURE, buffer_type::FULL_SIGNATURE];
    for kind in kinds.into_iter().filter(|kind| has(*kind)).collect::<Vec<_>>() {
        let range = place(pac, kind);
        pac[range.start + 4..range.end].fill(0);
    }
    let blank = pac.to_vec();
    if blank[8..8 + 16 * blank[0] as usize]
        .chunks(16)
        .any(|entry| entry[..4] == buffer_type::FULL_SIGNATURE.to_le_bytes())
    {
        write_signature(pac, buffer_type::FULL_SIGNATURE, kdc, &blank);
    }
    sign_basic(pac, server, kdc);
}

/// Makes the server's signature and the KDC's over it, and leaves the others as they are.
pub(crate) fn sign_basic(pac: &mut [u8], server: &Key, kdc: &Key) {
    for kind in [buffer_type::SERVER_SIGNATURE, buffer_type::KDC_SIGNATURE] {
        let range = place(pac, kind);
        pac[range.start + 4..range.end].fill(0);
    }
    let unsigned = pac.to_vec();
    write_signature(pac, buffer_type::SERVER_SIGNATURE, server, &unsigned);
    let range = place(pac, buffer_type::SERVER_SIGNATURE);
    let server_signature = pac[range.start + 4..range.end].to_vec();
    write_signature(pac, buffer_type::KDC_SIGNATURE, kdc, &server_signature);
}

/// The buffers of alice's PAC before its signatures.
pub(crate) fn alice(authtime: i64) -> Vec<(u32, Vec<u8>)> {
    vec![
        (buffer_type::LOGON_INFO, LogonInfo::default().encode()),
        (buffer_type::CLIENT_INFO, client_info(authtime, "alice")),
        (
            buffer_type::UPN_DNS_INFO,
            upn_dns_info(
                "alice@ad.example.test",
                "AD.EXAMPLE.TEST",
                2,
                Some(("alice", sid("S-1-5-21-1-2-3-1102"))),
            ),
        ),
    ]
}

/// A claim's values.
#[derive(Clone)]
pub(crate) enum Values {
    Int64(Vec<i64>),
    Uint64(Vec<u64>),
    String(Vec<&'static str>),
    Boolean(Vec<u64>),
    Other(u16),
}

/// One claim of each type.
pub(crate) fn some_claims() -> Vec<(&'static str, Values)> {
    vec![
        ("ad://ext/title", Values::String(vec!["Ärztin", "", "b"])),
        ("ad://ext/number", Values::Int64(vec![-1, i64::MIN, 28])),
        ("ad://ext/other", Values::Other(4)),
        ("ad://ext/count", Values::Uint64(vec![u64::MAX])),
        ("ad://ext/flag", Values::Boolean(vec![1, 0])),
    ]
}

/// CLAIMS_SET_METADATA with one CLAIMS_ARRAY from Active Directory; `compression` is declared but
/// not applied.
pub(crate) fn claims(compression: u16, claims: &[(&str, Values)]) -> Vec<u8> {
    let mut set = Ndr::default();
    set.pointer(true);
    set.u32(1);
    set.pointer(true);
    set.u16(0);
    set.u32(0);
    set.pointer(false);
    set.u32(1);
    set.u16(1);
    set.u32(claims.len() as u32);
    set.pointer(!claims.is_empty());
    if !claims.is_empty() {
        set.u32(claims.len() as u32);
    }
    for (_, values) in claims {
        set.pointer(true);
        let (kind, count) = match values {
            Values::Int64(values) => (1, values.len()),
            Values::Uint64(values) => (2, values.len()),
            Values::String(values) => (3, values.len()),
            Values::Boolean(values) => (6, values.len()),
            Values::Other(kind) => (*kind, 0),
        };
        set.u16(kind);
        set.u16(kind);
        if !matches!(values, Values::Other(_)) {
            set.u32(count as u32);
            set.pointer(count > 0);
        }
    }
    for (id, values) in claims {
        set.wide_string_referent(id);
        let numbers: Vec<u64> = match values {
            Values::Int64(values) => values.iter().map(|value| *value as u64).collect(),
            Values::Uint64(values) | Values::Boolean(values) => values.clone(),
            Values::String(values) => {
                set.u32(values.len() as u32);
                values.iter().for_each(|_| set.pointer(true));
                values.iter().for_each(|value| set.wide_string_referent(value));
                continue;
            }
            Values::Other(_) => continue,
        };
        set.u32(numbers.len() as u32);
        numbers.into_iter().for_each(|number| set.u64(number));
    }
    claims_metadata(compression, set)
}

/// CLAIMS_SET_METADATA with this CLAIMS_SET.
pub(crate) fn claims_metadata(compression: u16, set: Ndr) -> Vec<u8> {
    let set = set.type_serialized();
    let mut metadata = Ndr::default();
    metadata.pointer(true);
    metadata.u32(set.len() as u32);
    metadata.pointer(true);
    metadata.u16(compression);
    metadata.u32(set.len() as u32);
    metadata.u16(0);
    metadata.u32(0);
    metadata.pointer(false);
    metadata.u32(set.len() as u32);
    metadata.out.extend(set);
    metadata.type_serialized()
}

/// PAC_DEVICE_INFO of WEB1$, with groups of its own domain, of no domain and of another one.
pub(crate) fn device_info() -> Vec<u8> {
    let mut w = Ndr::default();
    w.pointer(true);
    w.u32(1104);
    w.u32(515);
    w.pointer(true);
    w.u32(1);
    w.pointer(true);
    w.u32(1);
    w.pointer(true);
    w.u32(2);
    w.pointer(true);
    w.sid(&sid("S-1-5-21-1-2-3"));
    w.groups_referent(&[(515, 7)]);
    w.sids_referent(&[(sid("S-1-18-1"), 7)]);
    w.u32(2);
    for count in [2, 1] {
        w.pointer(true);
        w.u32(count);
        w.pointer(true);
    }
    w.sid(&sid("S-1-5-21-4-5-6"));
    w.groups_referent(&[(1200, 7), (1201, 0x2000_0007)]);
    w.sid(&sid("S-1-5-21-7-8-9"));
    w.groups_referent(&[(1300, 7)]);
    w.type_serialized()
}
