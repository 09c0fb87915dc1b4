//! The token itself: made once for a context, duplicated for the caller, set on threads.

use super::make::make;
use super::system::Machine;
use crate::access_token::Config;
use crate::access_token::{Impersonate, Subject};
use crate::platform;
use crate::platform::access_token_calls::{
    as_process, duplicate, set_environment, set_thread_token, thread_token,
};
use crate::types::error::{Error, Result};
use std::os::windows::io::OwnedHandle;

/// A client's access token.
#[derive(Debug)]
pub struct Token {
    subject: Subject,
    handle: OwnedHandle,
    /// The user name to set for the process: `[tokens] wine_user_name`.
    user_name: Option<String>,
}

impl Token {
    /// Creates it, or has the system do so.
    ///
    /// Errors: `NoImpersonation` if the client can have none.
    pub fn of(subject: Subject, config: &Config) -> Result<Token> {
        // A thread that impersonates another client would use that client's rights.
        let handle = as_process(|| make(&Machine, &subject, &config.options))??;
        let named = config.options.wine_user_name && platform::is_wine();
        let user_name = named.then(|| subject.principal.user.clone());
        Ok(Token { subject, handle, user_name })
    }

    /// A HANDLE that the caller closes.
    pub(crate) fn give(&self) -> Result<*mut std::ffi::c_void> {
        self.set_user_name();
        duplicate(&self.handle).map_err(|refusal| {
            refusal
                .log("DuplicateHandle", Error::NoImpersonation("the token could not be duplicated"))
        })
    }

    /// The client.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Makes LookupAccountSid and GetUserName return the client's name, in the whole process.
    fn set_user_name(&self) {
        if let Some(name) = &self.user_name {
            set_environment("WINEUSERNAME", name);
        }
    }
}

impl Impersonate for Token {
    /// The thread's token; `None` if it acted as the process.
    type Previous = Option<OwnedHandle>;

    fn begin(&self) -> Result<Option<OwnedHandle>> {
        const REFUSED: Error = Error::NoImpersonation("the thread may not act as the client");
        let previous = thread_token().map_err(|refusal| refusal.log("OpenThreadToken", REFUSED))?;
        set_thread_token(Some(&self.handle))
            .map_err(|refusal| refusal.log("SetThreadToken", REFUSED))?;
        self.set_user_name();
        Ok(previous)
    }

    fn end(previous: &Option<OwnedHandle>) -> Result<()> {
        const REFUSED: Error = Error::NoImpersonation("the thread's token could not be restored");
        set_thread_token(previous.as_ref())
            .map_err(|refusal| refusal.log("SetThreadToken", REFUSED))
    }
}
