//! Contexts packed for another process, and unpacked from it.

use super::import_policy;
use super::{Accepting, Configuration, Context};
use crate::context::EstablishedContext;
use crate::export::{Claim, Key, Kind, Opened, Options};
use crate::persist::{Persist, Reader, Writer, persist_struct};
use crate::platform::random::SystemRandom;
use crate::types::address::Address;
use crate::types::channel_bindings::ChannelBindings;
use crate::types::error::{Error, Result};
use crate::types::flags::ContextFlags;
use crate::types::time::FileTime;
use std::sync::Arc;

/// What the calls so far have left beside the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallState {
    /// What the calls have required.
    pub requirements: ContextFlags,
    /// The caller's channel bindings.
    pub bindings: Option<ChannelBindings>,
    /// The client's address, if the caller told it.
    pub address: Option<Address>,
    /// When the first call was made, in UTC.
    pub started: FileTime,
}

persist_struct!(CallState { requirements, bindings, address, started });

/// How a context is to be exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// The new context begins where this one did when it was established.
    pub reset: bool,
    /// An exchange that has not ended may be exported too.
    pub half_open: bool,
}

/// Packs and seals a context.
///
/// Errors: `InvalidHandle` for one that is not established, unless it may be half open;
/// `CannotPack` for what cannot be exported, and without a key.
pub fn export(
    context: &Context,
    state: &CallState,
    options: ExportOptions,
    configuration: &Configuration,
    now: FileTime,
) -> Result<Vec<u8>> {
    match context {
        Context::Established(_) => {}
        Context::Accepting(_) if options.half_open => {}
        Context::Initiating(_) if options.half_open => {
            return Err(Error::CannotPack("a client's context under way"));
        }
        Context::Accepting(_) | Context::Initiating(_) => {
            return Err(Error::InvalidHandle("a context that is not established"));
        }
        Context::Failed => {
            return Err(Error::InvalidHandle("a context whose exchange has failed"));
        }
    }
    let (kind, out) = pack(context, state, options.reset, now)?;
    let sealed = configuration.export_key.seal(kind, &out.finish())?;
    if let Context::Accepting(accepting) = context {
        accepting.conclude_export(now);
    }
    Ok(sealed)
}

fn pack(
    context: &Context,
    state: &CallState,
    reset: bool,
    now: FileTime,
) -> Result<(Kind, Writer)> {
    let mut out = Writer::new();
    now.pack(&mut out)?;
    state.pack(&mut out)?;
    let kind = match context {
        Context::Established(context) if reset => {
            let EstablishedContext { established, package, accepted } = context;
            let mut established = established.clone();
            established.session.reset();
            let (package, accepted) = (*package, *accepted);
            EstablishedContext { established, package, accepted }.pack(&mut out)?;
            Kind::Established
        }
        Context::Established(context) => {
            context.pack(&mut out)?;
            Kind::Established
        }
        Context::Accepting(accepting) => {
            accepting.pack(&mut out)?;
            Kind::HalfOpen
        }
        Context::Initiating(_) | Context::Failed => {
            return Err(Error::CannotPack("neither established nor accepting"));
        }
    };
    Ok((kind, out))
}

/// A context that was exported, and is not yet this process' own.
#[derive(Debug)]
pub struct Imported {
    /// The context.
    pub context: Context,
    /// What comes with it.
    pub state: CallState,
    made: FileTime,
    nonce: [u8; Key::NONCE],
}

/// Opens and unpacks a context that [`export`] has made, and that this process would have accepted.
///
/// Errors: `InvalidToken` for anything else, whatever is wrong with it; `NoCredentials` without a
/// key; `LogonDenied` for a client whom the configuration does not admit.
pub fn import(sealed: &[u8], configuration: &Arc<Configuration>) -> Result<Imported> {
    let imported = unpack(configuration.export_key.open(sealed)?, configuration)?;
    if let Context::Established(context) = &imported.context {
        import_policy::check(context, configuration)?;
    }
    Ok(imported)
}

fn unpack(opened: Opened, configuration: &Arc<Configuration>) -> Result<Imported> {
    let Opened { kind, plain, nonce } = opened;
    let mut from = Reader::new(&plain, &SystemRandom);
    let made = FileTime::unpack(&mut from)?;
    let state = CallState::unpack(&mut from)?;
    let context = match kind {
        Kind::Established => Context::Established(Persist::unpack(&mut from)?),
        Kind::HalfOpen => {
            let accepting = Accepting::unpack(&mut from, configuration.clone())?;
            Context::Accepting(Box::new(accepting))
        }
    };
    from.finish()?;
    Ok(Imported { context, state, made, nonce })
}

impl Imported {
    /// Claims the context for this process, which succeeds once.
    ///
    /// Errors: `InvalidToken` if it has been claimed, or was exported too long ago; `OutOfMemory`.
    pub fn claim(&self, options: &Options, now: FileTime) -> Result<Claim> {
        Claim::new(&self.nonce, self.made, options, now)
    }
}

/// The context in what would have been sealed: for fuzzing, which cannot get through a seal.
pub fn unpack_unsealed(
    half_open: bool,
    plain: &[u8],
    configuration: &Arc<Configuration>,
) -> Result<Context> {
    let kind = if half_open { Kind::HalfOpen } else { Kind::Established };
    let opened = Opened { kind, plain: plain.to_vec().into(), nonce: [0; Key::NONCE] };
    unpack(opened, configuration).map(|imported| imported.context)
}

/// What [`export`] would seal: for fuzzing.
pub fn pack_unsealed(context: &Context, state: &CallState, now: FileTime) -> Result<Vec<u8>> {
    pack(context, state, false, now).map(|(_, out)| out.finish().to_vec())
}
