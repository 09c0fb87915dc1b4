//! MIT's acceptor, in a process of its own (`mit_acceptor.c`).

use crate::verdict::{Channel, Exchange, Verdict, Wrapped};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Mit {
    program: PathBuf,
    folder: PathBuf,
    replay_cache: PathBuf,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// GSS_S_COMPLETE and GSS_S_CONTINUE_NEEDED.
const COMPLETE: u32 = 0;
const CONTINUE: u32 = 1;

impl Mit {
    /// Starts `program` with the files in `folder`.
    pub fn start(program: &Path, folder: &Path, replay_cache: &Path) -> Mit {
        let mut child = Command::new(program)
            .env("KRB5_CONFIG", folder.join("krb5.conf"))
            .env("KRB5_KTNAME", folder.join("keytab"))
            .env("KRB5RCACHENAME", format!("file2:{}", replay_cache.display()))
            .env("KRB5CCNAME", folder.join("no-ccache"))
            .env_remove("KRB5_TRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (program, folder, replay_cache) = (program.into(), folder.into(), replay_cache.into());
        Mit { program, folder, replay_cache, input: child.stdin.take(), child, output }
    }

    /// Asks one question. If the process dies of it, it is replaced by another, and that is the
    /// answer.
    fn ask(&mut self, letter: u8, fields: &[&[u8]]) -> Result<Answer, String> {
        let mut question = vec![letter];
        for field in fields {
            question.extend((field.len() as u32).to_be_bytes());
            question.extend(*field);
        }
        let mut bytes = (question.len() as u32).to_be_bytes().to_vec();
        bytes.extend(question);
        self.input.as_mut().unwrap().write_all(&bytes).unwrap();
        let mut length = [0; 4];
        if self.output.read_exact(&mut length).is_err() {
            let died = format!("died: {}", self.child.wait().unwrap());
            *self = Mit::start(&self.program, &self.folder, &self.replay_cache);
            return Err(died);
        }
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.output.read_exact(&mut answer).unwrap();
        Ok(Answer(answer))
    }

    /// Passes the first token of a conversation.
    pub fn accept(&mut self, channel: &Channel, token: &[u8]) -> Verdict {
        let data = channel.bindings.as_deref().unwrap_or_default();
        let bindings = match (channel.address, &channel.bindings) {
            (Some(address), _) => [b"@", &address[..], data].concat(),
            (None, Some(_)) => [b"+", data].concat(),
            (None, None) => b"-".to_vec(),
        };
        Answer::into_verdict(self.ask(b'A', &[&bindings, token]))
    }

    /// Passes a further token.
    pub fn go_on(&mut self, token: &[u8]) -> Verdict {
        Answer::into_verdict(self.ask(b'C', &[token]))
    }

    /// Unwraps a message and answers it.
    pub fn exchange(&mut self, wrapped: &Wrapped) -> Result<Exchange, String> {
        let mut answer = self.ask(b'M', &[&wrapped.front, &wrapped.rest])?;
        let (major, reason) = (answer.number(), answer.text());
        if major != COMPLETE {
            return Err(reason);
        }
        let (plain, sealed) = (answer.bytes(), answer.number() != 0);
        let wrapped = Wrapped { front: answer.bytes(), rest: answer.bytes() };
        Ok(Exchange { plain, sealed, wrapped, mic: answer.bytes() })
    }
}

impl Drop for Mit {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

struct Answer(Vec<u8>);

impl Answer {
    fn bytes(&mut self) -> Vec<u8> {
        let length = u32::from_be_bytes(self.0[..4].try_into().unwrap()) as usize;
        let field = self.0[4..4 + length].to_vec();
        self.0.drain(..4 + length);
        field
    }

    fn number(&mut self) -> u32 {
        u32::from_be_bytes(self.bytes().try_into().unwrap())
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn into_verdict(answer: Result<Answer, String>) -> Verdict {
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(reason) => return Verdict { reason, ..Verdict::default() },
        };
        let major = answer.number();
        Verdict {
            accepted: major == COMPLETE,
            goes_on: major == CONTINUE,
            reason: format!("{} ({major:#x})", answer.text()),
            token: answer.bytes(),
            flags: answer.number(),
            lifetime: i64::from(answer.number()),
            client: answer.text(),
            key: answer.bytes(),
            delegated: answer.number() != 0,
        }
    }
}
