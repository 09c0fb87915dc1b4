//! Base64, RFC 4648 section 4.

use zeroize::Zeroizing;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes`, with padding.
pub fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            out.push(if i <= chunk.len() {
                DIGITS[(bits >> (18 - 6 * i) & 63) as usize]
            } else {
                b'='
            });
        }
    }
}

/// The text of `bytes`, with padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    encode_into(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The bytes of `text`; `None` if it is not base64. Padding may be missing; digits after it may not
/// stand there, nor bits that belong to no byte.
pub fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digits = match text.len() % 4 {
        0 => text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text),
        _ => text,
    };
    let mut out = Zeroizing::new(Vec::with_capacity(digits.len() / 4 * 3 + 2));
    for chunk in digits.chunks(4) {
        let mut bits = 0u32;
        for &digit in chunk {
            bits = bits << 6 | value(digit)?;
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        let whole = chunk.len().checked_sub(1).filter(|whole| *whole > 0)?;
        let (bytes, rest) = bytes.split_at_checked(whole)?;
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        out.extend_from_slice(bytes);
    }
    Some(out)
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10.
    #[test]
    fn the_rfcs_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()).unwrap().as_slice(), bytes.as_bytes());
            let unpadded = text.trim_end_matches('=');
            assert_eq!(decode(unpadded.as_bytes()).unwrap().as_slice(), bytes.as_bytes());
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&all).as_bytes()).unwrap().as_slice(), all);
    }

    /// RFC 4648, sections 3.3 and 3.5: other characters, and pad bits that are not zero, may be
    /// rejected.
    #[test]
    fn what_is_not_base64_is_rejected() {
        for text in ["A", "AAAAA", "=", "==", "===", "====", "A===", "AA==AAAA", "AA=A", "AA A"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        for text in ["!!!!", "Zh==", "Zm9", "AA\0A", "AA\nA", "A-_A", "AA=="] {
            let good = text == "AA==";
            assert_eq!(decode(text.as_bytes()).is_some(), good, "{text}");
        }
    }
}
