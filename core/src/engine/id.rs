//! The ids of a call: its recording, its completions, and its session where the caller names none.

use uuid::Uuid;

/// A UUID in the form of version 4 whose first 48 bits are the time of the call, in milliseconds, before 74 bits
/// of chance. Ids of calls near in time stand near each other in an index, which a store of millions of
/// recordings lives by: of wholly random ones each would change a page of its own in each index.
pub(super) fn fresh(unix_ms: i64) -> String {
    let mut bytes = Uuid::new_v4().into_bytes();
    let [_, _, time @ ..] = unix_ms.to_be_bytes();
    for (byte, time) in bytes.iter_mut().zip(time) {
        *byte = time;
    }
    Uuid::from_bytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ids_are_of_version_4_and_grow_with_time() {
        let times = [0, 1, 1_793_491_200_000, 1_793_491_200_001, (1 << 48) - 1];
        let ids = times.map(fresh);
        assert!(ids.is_sorted(), "{ids:?}");
        for id in &ids {
            let id = Uuid::parse_str(id).unwrap();
            assert_eq!(id.get_version_num(), 4);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
        assert_ne!(fresh(1), fresh(1));
    }
}
