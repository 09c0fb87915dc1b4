//! The token itself: made once for a context, handed out in duplicates, and worn by threads.

use super::make::make;
use crate::access_token::{Subject, Wearable};
use crate::config::Settings;
use crate::platform;
use crate::platform::access_token::{Machine, as_process, give, wear, worn};
use crate::types::error::{Error, Result};
use std::os::windows::io::OwnedHandle;

/// A client's access token.
#[derive(Debug)]
pub struct Token {
    subject: Subject,
    handle: OwnedHandle,
    /// What the process is told that its user is called: `[tokens] wine_user_name`.
    user_name: Option<String>,
}

impl Token {
    /// Makes it, or has the system do so.
    ///
    /// Errors: `NoImpersonation` if there is none that may be handed out.
    pub fn of(subject: Subject, settings: &Settings) -> Result<Token> {
        // A thread that acts as another client asks with that one's rights unless it is told not
        // to.
        let handle = as_process(|| make(&Machine, &subject, &settings.tokens))??;
        let named = settings.tokens.wine_user_name && platform::is_wine();
        let user_name = named.then(|| subject.principal.user.clone());
        Ok(Token { subject, handle, user_name })
    }

    /// A HANDLE of the caller's.
    pub(crate) fn give(&self) -> Result<*mut std::ffi::c_void> {
        self.tell_name();
        give(&self.handle).map_err(|refusal| {
            refusal
                .log("DuplicateHandle", Error::NoImpersonation("the token could not be handed out"))
        })
    }

    /// Of whom it is.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Lets LookupAccountSid and GetUserName answer with the client's name, in the whole process.
    fn tell_name(&self) {
        if let Some(name) = &self.user_name {
            platform::access_token::set_environment("WINEUSERNAME", name);
        }
    }
}

impl Wearable for Token {
    /// The thread's token; none if it acted as the process.
    type Before = Option<OwnedHandle>;

    fn put_on(&self) -> Result<Option<OwnedHandle>> {
        const REFUSED: Error = Error::NoImpersonation("the thread may not act as the client");
        let before = worn().map_err(|refusal| refusal.log("OpenThreadToken", REFUSED))?;
        wear(Some(&self.handle)).map_err(|refusal| refusal.log("SetThreadToken", REFUSED))?;
        self.tell_name();
        Ok(before)
    }

    fn take_off(before: &Option<OwnedHandle>) -> Result<()> {
        const REFUSED: Error = Error::NoImpersonation("the thread could not be made what it was");
        wear(before.as_ref()).map_err(|refusal| refusal.log("SetThreadToken", REFUSED))
    }
}
