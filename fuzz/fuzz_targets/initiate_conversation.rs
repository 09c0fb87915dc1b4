//! A whole conversation with the initiator: our server, and an attacker in between that changes,
//! replaces and withholds its tokens.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use negossp::server::{Accepting, Context, Initiating, StepOutput};
use negossp_fuzz::{Edit, Setting, call, use_context};

#[derive(Debug, Arbitrary)]
struct Plan {
    setting: Setting,
    /// The server begins with its hint.
    hint: bool,
    steps: Vec<Move>,
    message: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Move {
    Pass,
    Change(Vec<Edit>),
    Instead(Vec<u8>),
}

fuzz_target!(|plan: Plan| {
    let setting = &plan.setting;
    let (bindings, client_bindings) = (setting.bindings(true), setting.bindings(false));
    let mut server = Some(Accepting::new(setting.credential(true), setting.configuration()));
    let mut client = Initiating::new(
        setting.credential(false),
        setting.configuration(),
        setting.target().into(),
    );
    let mut from_client: Option<Vec<u8>> = plan.hint.then(Vec::new);
    let mut steps = plan.steps.iter();
    for _ in 0..6 {
        let mut token = None;
        if let (Some(accepting), Some(sent)) = (&server, &from_client)
            && let Ok(leg) =
                accepting.step(sent, call(setting.requirements(true), bindings.as_ref()))
        {
            token = leg.token;
            server = match leg.context {
                Context::Accepting(next) => Some(*next),
                _ => None,
            };
        }
        match steps.next() {
            None | Some(Move::Pass) => {}
            Some(Move::Change(edits)) => {
                let bytes = token.get_or_insert_default();
                edits.iter().for_each(|edit| edit.apply(bytes));
            }
            Some(Move::Instead(bytes)) => token = Some(bytes.clone()),
        }
        let Ok(StepOutput { context, token, .. }) = client
            .step(token.as_deref(), call(setting.requirements(false), client_bindings.as_ref()))
        else {
            continue;
        };
        from_client = token;
        match context {
            Context::Initiating(next) => client = *next,
            Context::Established(secured) => {
                use_context(&secured.established, &plan.message);
                return;
            }
            _ => panic!("an initiator's step leads to an initiator or to a context"),
        }
    }
});
