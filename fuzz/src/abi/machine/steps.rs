//! AcceptSecurityContext, InitializeSecurityContext, CompleteAuthToken.

use super::later::Wait;
use super::{ENOUGH, Handle, Machine};
use crate::Edit;
use crate::abi::buffers::{Content, Kind, NO_DESC, Owned, Piece, argument};
use crate::abi::{NO_HANDLE, pointer, wide};
use crate::kerberos::{self, Request};
use arbitrary::Arbitrary;
use negossp::entry::abi::*;
use negossp::entry::exports::*;
use negossp::negotiate::token::NegTokenInit;
use std::ptr::null_mut;

#[derive(Debug, Clone, Arbitrary)]
pub struct Step {
    pub credential: Handle,
    pub context: Handle,
    pub input: Option<Vec<Piece>>,
    pub requirements: u32,
    pub new_context: NewContext,
    pub output: Option<Vec<Piece>>,
    pub attributes: bool,
    pub expiry: bool,
    pub target: Target,
    pub later: Option<Wait>,
}

/// Where the handle goes.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum NewContext {
    Place,
    Null,
    /// Where the old one is.
    Same,
}

#[derive(Debug, Clone, Arbitrary)]
pub enum Target {
    This,
    Null,
    Any(String),
    Ansi(Vec<u8>),
}

#[derive(Debug, Clone, Arbitrary)]
pub struct Complete {
    context: Handle,
    output: Option<Vec<Piece>>,
}

/// A client with a ticket.
#[derive(Debug, Clone, Arbitrary)]
pub struct Kerberos {
    request: Request,
    requirements: u32,
    /// In SPNEGO.
    wrapped: bool,
    /// Sent a second time, in another exchange.
    again: bool,
    third_leg: Vec<Edit>,
    later: Option<Wait>,
}

fn token_of(bytes: Vec<u8>) -> Option<Vec<Piece>> {
    Some(vec![Piece { kind: Kind::Token, content: Content::Bytes(bytes) }])
}

fn room() -> Option<Vec<Piece>> {
    Some(vec![Piece { kind: Kind::Token, content: Content::Space(8192) }])
}

impl Step {
    /// A correct call of the server.
    fn accepting(context: Handle, token: Vec<u8>, requirements: u32, later: Option<Wait>) -> Step {
        Step {
            credential: Handle::Credential(0),
            context,
            input: token_of(token),
            requirements,
            new_context: NewContext::Place,
            output: room(),
            attributes: true,
            expiry: true,
            target: Target::This,
            later,
        }
    }
}

impl Machine {
    pub(super) fn step(&mut self, step: &Step, accept: bool) -> SECURITY_STATUS {
        let peer = if accept { self.from_client.clone() } else { self.from_server.clone() };
        let mut input = step.input.as_ref().map(|pieces| Owned::new(pieces, &peer, None));
        let mut output = step.output.as_ref().map(|pieces| Owned::new(pieces, &[], input.as_ref()));
        let (mut input_desc, mut output_desc) = (NO_DESC, NO_DESC);
        let (mut credential, chosen) = (self.handle(&step.credential), self.handle(&step.context));
        let mut old = chosen;
        let mut new_context = NO_HANDLE;
        let (mut attributes, mut expiry) = (0, TimeStamp { QuadPart: 0 });
        let (credential, context) = (pointer(&mut credential), pointer(&mut old));
        let pInput = argument(&mut input, &mut input_desc);
        let pOutput = argument(&mut output, &mut output_desc);
        let new = match step.new_context {
            NewContext::Place => &raw mut new_context,
            NewContext::Null => null_mut(),
            NewContext::Same => context,
        };
        let attributes = if step.attributes { &raw mut attributes } else { null_mut() };
        let expiry = if step.expiry { &raw mut expiry } else { null_mut() };
        let required = step.requirements;
        let mut target = match &step.target {
            Target::This => wide(&format!("HTTP/{}", host())),
            Target::Any(text) => wide(text),
            Target::Null | Target::Ansi(_) => Vec::new(),
        };
        let target = if target.is_empty() { null_mut() } else { target.as_mut_ptr() };
        let mut ansi: Vec<i8> = match &step.target {
            Target::Ansi(bytes) => bytes.iter().map(|byte| byte.cast_signed()).chain([0]).collect(),
            _ => Vec::new(),
        };
        let ansi = if ansi.is_empty() { null_mut() } else { ansi.as_mut_ptr() };
        // SAFETY: every pointer is NULL or valid for its type, until the call is complete.
        let status = unsafe {
            match (accept, step.later) {
                (true, None) => AcceptSecurityContext(
                    credential, context, pInput, required, 0, new, pOutput, attributes, expiry,
                ),
                (true, Some(wait)) => wait.run(|pending| {
                    SspiAcceptSecurityContextAsync(
                        pending, credential, context, pInput, required, 0, new, pOutput,
                        attributes, expiry,
                    )
                }),
                (false, None) if ansi.is_null() => InitializeSecurityContextW(
                    credential, context, target, required, 0, 0, pInput, 0, new, pOutput,
                    attributes, expiry,
                ),
                (false, None) => InitializeSecurityContextA(
                    credential, context, ansi, required, 0, 0, pInput, 0, new, pOutput, attributes,
                    expiry,
                ),
                (false, Some(wait)) => wait.run(|pending| {
                    SspiInitializeSecurityContextAsyncW(
                        pending, credential, context, target, required, 0, 0, pInput, 0, new,
                        pOutput, attributes, expiry,
                    )
                }),
            }
        };
        if chosen.is_some() && status != super::later::UNKNOWN {
            // Descriptors are looked at first.
            let looked_at = [SEC_E_INVALID_PARAMETER, SEC_E_BUFFER_TOO_SMALL];
            if !looked_at.contains(&status) {
                self.check_handle(chosen, true, status);
            }
        }
        if let Some(token) = output.as_mut().and_then(|output| output.output(status)) {
            *(if accept { &mut self.from_server } else { &mut self.from_client }) = token;
        }
        if status >= 0 && chosen.is_none() {
            self.keep_context(new_context);
        }
        status
    }

    /// Contexts of a correct conversation.
    pub(super) fn converse(&mut self, server: u32, client: u32, later: Option<Wait>) {
        if self.contexts.len() >= ENOUGH || self.credentials.len() < 2 {
            return;
        }
        // Half a conversation cannot go on.
        let later = later.map(|wait| if let Wait::FreeAtOnce = wait { Wait::Poll } else { wait });
        let mut at = [None, None];
        self.from_server.clear();
        self.from_client.clear();
        for round in 0..6 {
            for accept in [false, true] {
                let place = &mut at[usize::from(accept)];
                let context = place.map_or(Handle::Null, |n| Handle::Context(n));
                let token =
                    if accept { self.from_client.clone() } else { self.from_server.clone() };
                let mut step =
                    Step::accepting(context, token, if accept { server } else { client }, later);
                if !accept {
                    step.credential = Handle::Credential(1);
                    step.input = step.input.filter(|_| round > 0);
                }
                let status = self.step(&step, accept);
                if status < 0 {
                    return;
                }
                let place = &mut at[usize::from(accept)];
                if place.is_none() {
                    *place = Some((self.contexts.len() - 1) as u8);
                }
                if accept && status == SEC_E_OK {
                    self.accepted(server);
                    let [client, server] = at.map(|n| n.map(|n| self.contexts[usize::from(n)]));
                    self.pairs.extend(server.zip(client));
                    return;
                }
            }
        }
    }

    /// A client has been accepted by NTLM.
    fn accepted(&self, requirements: u32) {
        let anonymous = requirements & ASC_REQ_ALLOW_NULL_SESSION != 0;
        let wrong = self.parties.wrong_password && self.unchanged && self.alone;
        assert!(!wrong || anonymous, "the wrong password was accepted");
    }

    pub(super) fn kerberos(&mut self, kerberos: &Kerberos) {
        let Kerberos { request, requirements, wrapped, again, third_leg, later } = kerberos;
        if self.contexts.len() >= ENOUGH || self.credentials.is_empty() {
            return;
        }
        let later = later.map(|wait| if let Wait::FreeAtOnce = wait { Wait::Poll } else { wait });
        let now = negossp::platform::now().unix_seconds();
        let made = Request { user_to_user: false, ..request.clone() }.at(now);
        let framed = kerberos::framed(&made.ap_req);
        let krb5 = b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
        let token = if *wrapped { NegTokenInit::encode(krb5, &framed) } else { framed };
        let step = Step::accepting(Handle::Null, token, *requirements, later);
        let before = self.contexts.len();
        let status = self.step(&step, true);
        if status == SEC_I_CONTINUE_NEEDED && self.contexts.len() > before {
            let reply = self.from_server.clone();
            let answer = kerberos::third_leg(&reply, &made.session_key, third_leg);
            let context = Handle::Context(before as u8);
            let answer = answer.unwrap_or(reply);
            self.step(&Step::accepting(context, answer, *requirements, later), true);
        }
        if *again && status >= 0 {
            let status = self.step(&step, true);
            assert!(status < 0, "an authenticator was accepted twice");
        }
    }

    pub(super) fn complete(&mut self, complete: &Complete) {
        let Complete { context, output } = complete;
        let mut output = output.as_ref().map(|pieces| Owned::new(pieces, &self.from_server, None));
        let mut desc = NO_DESC;
        let chosen = self.handle(context);
        let mut context = chosen;
        // SAFETY: every pointer is NULL or valid for its type.
        let status =
            unsafe { CompleteAuthToken(pointer(&mut context), argument(&mut output, &mut desc)) };
        self.check_handle(chosen, true, if status < 0 { status } else { SEC_E_OK });
        output.as_mut().and_then(|output| output.output(status));
    }
}

/// This host, since both sides are one process.
fn host() -> &'static str {
    use std::sync::LazyLock;
    static HOST: LazyLock<String> =
        LazyLock::new(|| negossp::config::Settings::default().server.nb_computer);
    &HOST
}
