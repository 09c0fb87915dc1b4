//! Hexadecimal digits.

use zeroize::Zeroizing;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `bytes` in upper case.
pub fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
    );
}

/// The bytes of `text`, which has two digits for each, in either case; `None` if it has not.
pub fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |c: u8| char::from(c).to_digit(16);
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks(2) {
        let [high, low] = pair else { return None };
        out.push((digit(*high)? << 4 | digit(*low)?) as u8);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        let mut text = Vec::new();
        encode_into(&all, &mut text);
        assert!(text.starts_with(b"000102") && text.ends_with(b"FDFEFF"));
        assert_eq!(decode(&text).unwrap().as_slice(), all);
        assert_eq!(decode(&text.to_ascii_lowercase()).unwrap().as_slice(), all);
        for wrong in ["0", "000", "0g", "+1", " 1", "0x00"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
