//! Our acceptor, through its C interface.

use crate::abi_support::{Credentials, Side, buffer, descriptor, take_wide};
use crate::forge::gss;
use crate::verdict::{Channel, Exchange, Verdict, Wrapped};
use negossp::entry::abi::*;
use negossp::entry::exports::*;

pub struct Ours {
    credentials: Credentials,
    side: Side,
    dce_style: bool,
}

const WANTED: ULONG = ASC_REQ_DELEGATE
    | ASC_REQ_MUTUAL_AUTH
    | ASC_REQ_REPLAY_DETECT
    | ASC_REQ_SEQUENCE_DETECT
    | ASC_REQ_CONFIDENTIALITY
    | ASC_REQ_INTEGRITY
    | ASC_REQ_USE_DCE_STYLE
    // As MIT's acceptor, which cannot require channel bindings: if the client sends any, they must
    // be right.
    | ASC_REQ_ALLOW_MISSING_BINDINGS;

/// ASC_RET_* and GSS-API's name for it.
const FLAGS: [(ULONG, u32); 8] = [
    (ASC_RET_DELEGATE, gss::DELEG),
    (ASC_RET_MUTUAL_AUTH, gss::MUTUAL),
    (ASC_RET_REPLAY_DETECT, gss::REPLAY),
    (ASC_RET_SEQUENCE_DETECT, gss::SEQUENCE),
    (ASC_RET_CONFIDENTIALITY, gss::CONF),
    (ASC_RET_INTEGRITY, gss::INTEG),
    (ASC_RET_USED_DCE_STYLE, gss::DCE_STYLE),
    (ASC_RET_IDENTIFY, gss::IDENTIFY),
];

/// SEC_CHANNEL_BINDINGS.
fn channel_bindings(channel: &Channel) -> Option<Vec<u8>> {
    let address = channel.address.unwrap_or_default();
    let data = channel.bindings.as_deref().unwrap_or_default();
    let address = match (channel.address, &channel.bindings) {
        (None, None) => return None,
        (None, Some(_)) => &[][..],
        (Some(_), _) => &address[..],
    };
    // The address is of type 2, IPv4, where there is one.
    let length = address.len() as u32;
    let words = [length / 2, length, 32, 0, 0, 0, data.len() as u32, 32 + length];
    Some(
        words
            .iter()
            .flat_map(|word| word.to_ne_bytes())
            .chain(address.iter().copied())
            .chain(data.iter().copied())
            .collect(),
    )
}

impl Ours {
    pub fn new() -> Ours {
        Ours {
            credentials: Credentials::new("Negotiate", SECPKG_CRED_INBOUND, None),
            side: Side::server(WANTED),
            dce_style: false,
        }
    }

    /// Passes the first token of a conversation.
    pub fn accept(&mut self, channel: &Channel, token: &[u8]) -> Verdict {
        self.side = Side::server(WANTED);
        self.side.bindings = channel_bindings(channel);
        self.step(token)
    }

    /// Passes a further token.
    pub fn go_on(&mut self, token: &[u8]) -> Verdict {
        self.step(token)
    }

    fn step(&mut self, token: &[u8]) -> Verdict {
        let leg = self.side.step(&self.credentials, Some(token));
        let accepted = leg.status == SEC_E_OK;
        let mut verdict = Verdict {
            accepted,
            goes_on: leg.status == SEC_I_CONTINUE_NEEDED,
            reason: crate::log::taken().unwrap_or_else(|| format!("{:#010x}", leg.status)),
            token: leg.token,
            ..Verdict::default()
        };
        if accepted {
            verdict.flags = FLAGS
                .iter()
                .filter(|(ours, _)| leg.attributes & ours != 0)
                .map(|(_, gss)| gss)
                .sum();
            self.dce_style = leg.attributes & ASC_RET_USED_DCE_STYLE != 0;
            // TZ is UTC here.
            verdict.lifetime =
                (leg.expiry - 116_444_736_000_000_000) / 10_000_000 - crate::forge::now();
            // With a PAC, SECPKG_ATTR_NAMES has the domain's name for the client, which MIT does
            // not read.
            let names: SecPkgContext_NativeNames<u16> =
                self.side.query(SECPKG_ATTR_NATIVE_NAMES).unwrap();
            verdict.client = take_wide(names.sClientName);
            take_wide(names.sServerName);
            let key: SecPkgContext_SessionKey = self.side.query(SECPKG_ATTR_SESSION_KEY).unwrap();
            // SAFETY: the library gave pointer and length together.
            verdict.key = unsafe {
                std::slice::from_raw_parts(key.SessionKey, key.SessionKeyLength as usize)
            }
            .to_vec();
            crate::abi_support::free(key.SessionKey.cast());
            verdict.delegated = verdict.flags & gss::DELEG != 0;
        }
        verdict
    }

    /// Unwraps a message and answers it.
    pub fn exchange(&mut self, wrapped: &Wrapped) -> Result<Exchange, String> {
        let context = &raw mut self.side.context;
        let sizes: SecPkgContext_Sizes =
            self.side.query(SECPKG_ATTR_SIZES).map_err(|status| format!("sizes: {status:#x}"))?;
        let mut qop = 0;
        let plain = if self.dce_style {
            let (mut front, mut rest) = (wrapped.front.clone(), wrapped.rest.clone());
            let mut buffers =
                [buffer(SECBUFFER_TOKEN, &mut front), buffer(SECBUFFER_DATA, &mut rest)];
            let mut message = descriptor(&mut buffers);
            // SAFETY: every pointer points to what its type says.
            let status = unsafe { DecryptMessage(context, &mut message, 0, &mut qop) };
            if status != SEC_E_OK {
                return Err(format!("DecryptMessage: {status:#x}"));
            }
            rest
        } else {
            let mut stream = [&wrapped.front[..], &wrapped.rest].concat();
            let mut buffers =
                [buffer(SECBUFFER_STREAM, &mut stream), buffer(SECBUFFER_DATA, &mut [])];
            let mut message = descriptor(&mut buffers);
            // SAFETY: as above.
            let status = unsafe { DecryptMessage(context, &mut message, 0, &mut qop) };
            if status != SEC_E_OK {
                return Err(format!("DecryptMessage: {status:#x}"));
            }
            let data = &buffers[1];
            // SAFETY: the library says where in `stream` the text lies.
            unsafe {
                std::slice::from_raw_parts(data.pvBuffer as *const u8, data.cbBuffer as usize)
            }
            .to_vec()
        };

        let mut text = plain.clone();
        let mut front = vec![0; sizes.cbSecurityTrailer as usize];
        let mut padding = vec![0; sizes.cbBlockSize as usize];
        let mut buffers = [
            buffer(SECBUFFER_TOKEN, &mut front),
            buffer(SECBUFFER_DATA, &mut text),
            buffer(SECBUFFER_PADDING, &mut padding),
        ];
        let mut message = descriptor(&mut buffers);
        // SAFETY: as above.
        let status = unsafe { EncryptMessage(context, 0, &mut message, 0) };
        if status != SEC_E_OK {
            return Err(format!("EncryptMessage: {status:#x}"));
        }
        let (front_length, padding_length) =
            (buffers[0].cbBuffer as usize, buffers[2].cbBuffer as usize);
        front.truncate(front_length);
        let rest = [&text[..], &padding[..padding_length]].concat();
        let wrapped = match self.dce_style {
            true => Wrapped { front, rest },
            false => Wrapped { rest: [front, rest].concat(), front: Vec::new() },
        };

        let mut text = plain.clone();
        let mut mic = vec![0; sizes.cbMaxSignature as usize];
        let mut buffers = [buffer(SECBUFFER_DATA, &mut text), buffer(SECBUFFER_TOKEN, &mut mic)];
        let mut message = descriptor(&mut buffers);
        // SAFETY: as above.
        let status = unsafe { MakeSignature(context, 0, &mut message, 0) };
        if status != SEC_E_OK {
            return Err(format!("MakeSignature: {status:#x}"));
        }
        let length = buffers[1].cbBuffer as usize;
        Ok(Exchange { plain, sealed: qop == 0, wrapped, mic: mic[..length].to_vec() })
    }
}
