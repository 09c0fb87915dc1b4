//! The floor: the cryptographic operations that one acceptance needs, and that one message needs,
//! with RustCrypto's primitives and nothing else: no parsing, no allocation, no I/O, no copying.
//!
//!     floor accept-ntlm | accept-spnego-ntlm | accept-spnego-krb5 | accept-spnego-krb5-pac | threads | messages |
//!         messages-krb5 | parts
//!
//! Output as the driver's.

mod kerberos;

use cipher::{KeyInit, StreamCipher};
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use rc4::Rc4;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

fn cpu_ns() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a timespec to be written.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 * 1e9 + t.tv_nsec as f64
}

fn emit(mech: &str, work: &str, parameter: &str, metric: &str, value: f64) {
    println!("floor,{mech},{work},{parameter},{metric},{value:.3}");
}

/// CPU time of one run of `f`.
fn time<T>(n: usize, mut f: impl FnMut() -> T) -> f64 {
    (0..3).for_each(|_| _ = black_box(f())); // warm up
    let start = cpu_ns();
    (0..n).for_each(|_| _ = black_box(f()));
    (cpu_ns() - start) / n as f64
}

fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn md5_of(key: &[u8; 16], magic: &str) -> [u8; 16] {
    Md5::new().chain_update(key).chain_update(magic).chain_update([0]).finalize().into()
}

fn rc4(key: &[u8; 16]) -> Rc4 {
    Rc4::new_from_slice(key).expect("a valid length")
}

const SIGN: [&str; 2] = [
    "session key to client-to-server signing key magic constant",
    "session key to server-to-client signing key magic constant",
];
const SEAL: [&str; 2] = [
    "session key to client-to-server sealing key magic constant",
    "session key to server-to-client sealing key magic constant",
];

/// Messages of the sizes that an ordinary exchange has.
struct Exchange {
    nt_hash: [u8; 16],
    user_and_domain: [u8; 20],
    server_challenge: [u8; 8],
    temp: [u8; 146],
    negotiate: [u8; 40],
    challenge: [u8; 126],
    authenticate: [u8; 290],
    mech_types: [u8; 14],
}

const EXCHANGE: Exchange = Exchange {
    nt_hash: [1; 16],
    user_and_domain: [2; 20],
    server_challenge: [3; 8],
    temp: [4; 146],
    negotiate: [5; 40],
    challenge: [6; 126],
    authenticate: [7; 290],
    mech_types: [8; 14],
};

/// [MS-NLMP] 3.3.2, 3.4.4, 3.4.5 for one NTLMv2 acceptance with MIC and key exchange. run.sh refers
/// to this function by name.
#[inline(never)]
fn acceptance(x: &Exchange, spnego: bool) {
    let ntowf_v2 = hmac_md5(black_box(&x.nt_hash), &[&x.user_and_domain]);
    let nt_proof = hmac_md5(&ntowf_v2, &[&x.server_challenge, &x.temp]);
    let session_base_key = hmac_md5(&ntowf_v2, &[&nt_proof]);
    let mut exported = nt_proof;
    rc4(&session_base_key).apply_keystream(&mut exported);
    black_box(hmac_md5(&exported, &[&x.negotiate, &x.challenge, &x.authenticate]));
    let signing = SIGN.map(|magic| md5_of(&exported, magic));
    let mut sealing = SEAL.map(|magic| rc4(&md5_of(&exported, magic)));
    if spnego {
        for way in 0..2 {
            let mut mic = hmac_md5(&signing[way], &[&[0; 4], &x.mech_types]);
            sealing[way].apply_keystream(&mut mic[..8]);
            black_box(mic);
        }
    }
    black_box((signing, sealing));
}

/// How much faster two threads are than one, with nothing shared: what the machine allows at the
/// moment.
fn threads() {
    for count in [1, 2] {
        let n = 500;
        let mut spans: Vec<f64> = (0..40).map(|_| all_at_once(count, n)).collect();
        spans.sort_by(f64::total_cmp);
        emit(
            "spnego-ntlm",
            "threads",
            &count.to_string(),
            "per_second",
            (count * n) as f64 / spans[spans.len() / 2],
        );
    }
}

/// Seconds from the first thread's start to the last one's end.
fn all_at_once(count: usize, n: usize) -> f64 {
    let barrier = Barrier::new(count);
    let run = || {
        barrier.wait();
        let start = Instant::now();
        (0..n).for_each(|_| acceptance(&EXCHANGE, true));
        (start, Instant::now())
    };
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let (start, end) = (all.iter().map(|span| span.0).min(), all.iter().map(|span| span.1).max());
    (end.expect("a thread") - start.expect("a thread")).as_secs_f64()
}

const SIZES: [(usize, &str, usize); 4] =
    [(64, "64B", 8000), (1 << 10, "1KiB", 8000), (1 << 14, "16KiB", 1000), (1 << 20, "1MiB", 24)];

fn messages_krb5() {
    for (size, name, n) in SIZES {
        let (seal, unseal, sign) = kerberos::messages(size);
        emit("krb5", "seal", name, "cpu_ns", time(n, seal));
        emit("krb5", "unseal", name, "cpu_ns", time(n, unseal));
        let signed = time(n, sign);
        for work in ["sign", "verify"] {
            emit("krb5", work, name, "cpu_ns", signed);
        }
    }
}

fn accept_krb5(mech: &str, n: usize, pac: usize) {
    let mut kerberos = kerberos::Acceptance::new(pac);
    emit(mech, "accept", "", "cpu_ns", time(n, || kerberos.acceptance()));
}

fn messages() {
    let key = [9; 16];
    for (size, name, n) in SIZES {
        let mut data = vec![0x5a; size];
        let mut cipher = rc4(&key);
        let signature = |cipher: &mut Rc4, data: &[u8]| {
            let mut mac = hmac_md5(&key, &[&1u32.to_le_bytes(), data]);
            cipher.apply_keystream(&mut mac[..8]);
            black_box(mac);
        };
        let seal = time(n, || {
            let mut mac = hmac_md5(&key, &[&1u32.to_le_bytes(), &data]);
            cipher.apply_keystream(&mut data);
            cipher.apply_keystream(&mut mac[..8]);
            black_box(mac);
        });
        emit("ntlm", "seal", name, "cpu_ns", seal);
        let unseal = time(n, || {
            cipher.apply_keystream(&mut data);
            signature(&mut cipher, &data);
        });
        emit("ntlm", "unseal", name, "cpu_ns", unseal);
        for work in ["sign", "verify"] {
            emit("ntlm", work, name, "cpu_ns", time(n, || signature(&mut cipher, &data)));
        }
    }
}

fn parts() {
    let x = &EXCHANGE;
    let part = |name: &str, value: f64| emit("", "part", name, "cpu_ns", value);
    let key = || black_box(&x.nt_hash);
    part("HMAC-MD5 of 20 octets", time(100_000, || hmac_md5(key(), &[&x.user_and_domain])));
    let messages: [&[u8]; 3] = [&x.negotiate, &x.challenge, &x.authenticate];
    part("HMAC-MD5 of three messages", time(100_000, || hmac_md5(key(), &messages)));
    part("MD5 of a key and its magic constant", time(100_000, || md5_of(key(), SEAL[0])));
    part("RC4 key schedule", time(100_000, || rc4(key())));
    part("getrandom of 8 octets", {
        let mut octets = [0u8; 8];
        // SAFETY: the eight octets may be written.
        time(100_000, || {
            assert_eq!(unsafe { libc::getrandom(octets.as_mut_ptr().cast(), 8, 0) }, 8)
        })
    });
}

fn main() {
    // NTOWFv2 of [MS-NLMP] 4.2.4.1.1, to check that these are the operations that they should be.
    let nt_hash = [
        0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8,
        0x52,
    ];
    let name: Vec<u8> = "USERDomain".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(hmac_md5(&nt_hash, &[&name])[..4], [0x0c, 0x86, 0x8a, 0x40]);

    let n = std::env::var("N").ok().and_then(|text| text.parse().ok()).unwrap_or(50_000);
    match std::env::args().nth(1).as_deref() {
        Some("accept-ntlm") => {
            emit("ntlm", "accept", "", "cpu_ns", time(n, || acceptance(&EXCHANGE, false)))
        }
        Some("accept-spnego-ntlm") => {
            emit("spnego-ntlm", "accept", "", "cpu_ns", time(n, || acceptance(&EXCHANGE, true)))
        }
        Some("accept-spnego-krb5") => accept_krb5("spnego-krb5", n, 0),
        Some("accept-spnego-krb5-pac") => accept_krb5("spnego-krb5-pac", n, 1500),
        Some("messages-krb5") => messages_krb5(),
        Some("threads") => threads(),
        Some("messages") => messages(),
        Some("parts") => parts(),
        _ => panic!("no such measurement; they are in the head of main.rs"),
    }
}
