//! `record-as KDC KPASSWD EXCHANGE...`: runs the named exchanges with the services at these addresses,
//! and prints their replies.

#[path = "../../../it/kerberos/as_exchange/named.rs"]
mod named;
/// Where the tests have it.
#[allow(dead_code)]
#[path = "../../../it/support"]
mod support {
    pub(crate) mod random;
}

use named::{parameters, random};
use negossp_core::kerberos::client::{
    AsExchange, ChangePassword, Credentials, Kdc, KdcService, NewPassword, run,
};
use negossp_core::types::error::{Error, Result};
use negossp_core::types::time::FileTime;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::SystemTime;

/// Asks these services by TCP, at one instant, and keeps what they say.
#[derive(Debug)]
struct Recording {
    kdc: String,
    kpasswd: String,
    now: FileTime,
    replies: Mutex<Vec<Vec<u8>>>,
}

fn exchanged(address: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&(request.len() as u32).to_be_bytes())?;
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

impl Kdc for Recording {
    fn ask(&self, service: KdcService, _realm: &str, request: &[u8]) -> Result<Vec<u8>> {
        let address = match service {
            KdcService::Kdc => &self.kdc,
            KdcService::Kpasswd => &self.kpasswd,
        };
        let reply = exchanged(address, request).map_err(|_| Error::NoAuthority("no answer"))?;
        self.replies.lock().unwrap().push(reply.clone());
        Ok(reply)
    }

    fn now(&self) -> FileTime {
        self.now
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (kdc, kpasswd) = (arguments.next().unwrap(), arguments.next().unwrap());
    let mut last: Option<Credentials> = None;
    for name in arguments {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let service = Recording {
            kdc: kdc.clone(),
            kpasswd: kpasswd.clone(),
            now: FileTime::UNIX_EPOCH.plus(since_1970),
            replies: Mutex::default(),
        };
        match name.strip_prefix("password ") {
            Some(password) => {
                let mut change = ChangePassword::new(NewPassword {
                    credentials: last.clone().unwrap(),
                    password: password.to_owned().into(),
                    target: None,
                    address: None,
                    clock_offset: 0,
                    random: random(),
                });
                eprintln!("{name}: {:?}", run(&mut change, &service).unwrap());
            }
            None => {
                let mut exchange = AsExchange::new(parameters(&name, last.take())).unwrap();
                let issued = run(&mut exchange, &service).unwrap();
                eprintln!("{name}: {}", issued.credentials.client.to_text());
                last = Some(issued.credentials);
            }
        }
        println!("exchange {name}\nnow {}", service.now.0);
        for reply in service.replies.into_inner().unwrap() {
            let hex: String = reply.iter().map(|octet| format!("{octet:02x}")).collect();
            println!("S {hex}");
        }
    }
}
