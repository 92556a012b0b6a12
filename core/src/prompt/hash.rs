//! The content hash: which bytes a prompt was made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// SHA-256 in hex over the bytes of the file and of every partial it reaches.
///
/// Without partials it is the hash of the file itself, as `sha256sum` prints it. Each partial
/// adds a zero byte, its name, a zero byte and its bytes, in byte order of the names. The name
/// is the path from the root without `_` and `.prompt`: `dir/_tone.prompt` is `dir/tone`.
pub fn content_hash(file: &str, partials: &BTreeMap<String, Arc<str>>) -> String {
    let mut hash = Sha256::new();
    hash.update(file.as_bytes());
    for (name, text) in partials {
        hash.update([0]);
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(text.as_bytes());
    }
    let mut out = String::with_capacity(64);
    for byte in hash.finalize() {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_alone_hashes_as_itself() {
        assert_eq!(
            content_hash("abc", &BTreeMap::new()),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn names_and_bytes_of_partials_count() {
        let with = |name: &str, text: &str| {
            content_hash("abc", &BTreeMap::from([(name.to_owned(), Arc::from(text))]))
        };
        assert_ne!(with("a", "x"), with("b", "x"));
        assert_ne!(with("a", "x"), with("a", "y"));
        assert_ne!(with("a", ""), content_hash("abc", &BTreeMap::new()));
    }
}
