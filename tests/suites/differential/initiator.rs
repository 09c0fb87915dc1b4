//! The client's side after its first token: it checks the acceptor's answer, makes DCE style's
//! third leg, and exchanges messages.

use crate::forge::{Conversation, gss};
use negossp::encoding::der::Reader;
use negossp::kerberos::Session;
use negossp::kerberos::crypto::{Key, key_usage};
use negossp::kerberos::gss_token::{Token, TokenId};
use negossp::kerberos::message::{ApRep, EncApRepPart, EncryptedData};
use negossp::kerberos::session::{Setup, Side};
use negossp::platform::random::SystemRandom;
use negossp::types::flags::ContextFlags;
use negossp::types::protection::{Part, Qop};

use crate::verdict::{Exchange, Wrapped};

/// What the acceptor chose.
#[derive(Debug, Clone)]
pub struct Reply {
    pub subkey: Option<Key>,
    pub sequence: Option<u32>,
}

/// Takes the mechanism's token out of a NegTokenResp, if it is in one.
fn out_of_spnego(token: &[u8]) -> Vec<u8> {
    let inside = || -> negossp::types::error::Result<Vec<u8>> {
        let mut fields = Reader::new(negossp::encoding::der::only(
            negossp::encoding::der::only(token, 0xa1)?,
            0x30,
        )?);
        fields.optional(0xa0)?;
        fields.optional(0xa1)?;
        let token = fields.optional(0xa2)?.unwrap_or(b"\x04\x00");
        Ok(negossp::encoding::der::only(token, 4)?.to_vec())
    };
    inside().unwrap_or_else(|_| token.to_vec())
}

/// Checks the AP-REP in `token`; nothing if there is none.
pub fn reply(c: &Conversation, token: &[u8]) -> Result<Option<Reply>, String> {
    let token = out_of_spnego(token);
    if token.is_empty() {
        return Ok(None);
    }
    let text =
        |what: &'static str| move |error: negossp::types::error::Error| format!("{what}: {error}");
    let frame = Token::read(&token).map_err(text("the answer's frame"))?;
    if frame.id != TokenId::ApRep {
        return Err(format!("an answer that is no AP-REP: {:?}", frame.id));
    }
    if frame.oid.is_some() == (c.gss_flags & gss::DCE_STYLE != 0) {
        return Err("an answer framed as none of this style is".into());
    }
    let answer = ApRep::decode(frame.body).map_err(text("AP-REP"))?;
    let mut cipher = answer.enc_part.cipher.to_vec();
    let plain = c
        .session
        .decrypt(key_usage::AP_REP, &mut cipher)
        .map_err(text("AP-REP, encrypted part"))?;
    let part = EncApRepPart::decode(plain).map_err(text("EncAPRepPart"))?;
    if (part.ctime, i64::from(part.cusec)) != (c.ctime, c.cusec) {
        return Err("AP-REP of another request".into());
    }
    let subkey = part.subkey.map(|key| key.key()).transpose().map_err(text("AP-REP, sub-key"))?;
    Ok(Some(Reply { subkey, sequence: part.seq_number }))
}

/// The third leg of DCE style.
pub fn third_leg(c: &Conversation, reply: &Reply) -> Vec<u8> {
    let part = EncApRepPart {
        ctime: crate::forge::now(),
        cusec: 1,
        subkey: None,
        seq_number: reply.sequence,
    };
    let cipher = c.session.encrypt(key_usage::AP_REP, &part.encode(), &SystemRandom).unwrap();
    ApRep {
        enc_part: EncryptedData {
            etype: c.session.enctype().number(),
            kvno: None,
            cipher: &cipher,
        },
    }
    .encode()
}

/// The client's session, and the key in effect. `reply` is the acceptor's AP-REP, if there was one.
pub fn session(c: &Conversation, reply: Option<&Reply>) -> Result<(Session, Key), String> {
    let own = match &c.subkey {
        Some(_) => c.subkey().ok_or("accepted with a sub-key that cannot be one")?,
        None => c.session.clone(),
    };
    // An acceptor that chooses no sub-key returns the client's.
    let theirs =
        reply.and_then(|reply| reply.subkey.clone()).filter(|key| key.bytes() != own.bytes());
    let sequence = c.seq_number.unwrap_or(0) as u32;
    let key = theirs.clone().unwrap_or(own);
    let setup = Setup {
        side: Side::Initiator,
        key: key.clone(),
        acceptor_subkey: theirs.is_some(),
        send_sequence: sequence,
        receive_sequence: reply.and_then(|reply| reply.sequence).unwrap_or(sequence),
        flags: ContextFlags::REPLAY_DETECT | ContextFlags::SEQUENCE_DETECT,
        dce_style: c.gss_flags & gss::DCE_STYLE != 0,
        random: &SystemRandom,
    };
    Ok((Session::new(setup), key))
}

/// A sealed message.
pub fn wrap(session: &mut Session, text: &[u8]) -> Wrapped {
    let mut rest = text.to_vec();
    let padding = session.padding(rest.len());
    rest.extend(vec![padding as u8; padding]);
    let mut front = vec![0; 256];
    let parts = &mut [Part { data: &mut rest, seal: true }];
    let length = session.seal(Qop::Encrypt, parts, 0, &mut front).unwrap();
    front.truncate(length);
    Wrapped { front, rest }
}

/// Checks an acceptor's answer to a message.
pub fn check(session: &mut Session, text: &[u8], exchange: &Exchange) -> Result<(), String> {
    if exchange.plain != text || !exchange.sealed {
        return Err("the acceptor unwrapped something else".into());
    }
    let Wrapped { front, rest } = &exchange.wrapped;
    let text_of = |error| format!("the acceptor's message: {error}");
    let (qop, plain) = if front.is_empty() {
        let mut stream = rest.clone();
        let (qop, range) = session.unseal_stream(&mut stream, 0).map_err(text_of)?;
        (qop, stream[range].to_vec())
    } else {
        let mut plain = rest.clone();
        let qop = session
            .unseal(&mut [Part { data: &mut plain, seal: true }], 0, front)
            .map_err(text_of)?;
        (qop, plain)
    };
    if qop != Qop::Encrypt || plain != text {
        return Err("the acceptor's message is another".into());
    }
    session
        .verify(&[text], 0, &exchange.mic)
        .map_err(|error| format!("the acceptor's MIC: {error}"))
}
