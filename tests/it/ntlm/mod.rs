//! NTLM under a configuration; its protocol is tested in `crates/core`.

mod configured;
mod loopback;
mod null_session;

use negossp::context::Call;
use negossp::server::{Accepting, Context, Initiating, StepOutput};
use negossp::types::error::Error;

/// The server's last step of an exchange in which both sides make the same calls.
fn last_step(client: Initiating, server: Accepting, call: Call<'_>) -> Result<StepOutput, Error> {
    let negotiate = client.step(None, call).expect("NEGOTIATE_MESSAGE");
    let challenge = server.step(&negotiate.token.unwrap(), call).expect("CHALLENGE_MESSAGE");
    let (Context::Initiating(client), Context::Accepting(server)) =
        (negotiate.context, challenge.context)
    else {
        panic!("done too early")
    };
    let answer = client.step(challenge.token.as_deref(), call).expect("AUTHENTICATE_MESSAGE");
    server.step(&answer.token.unwrap(), call).map_err(|failure| failure.error)
}
