//! The known name nearest to a mistyped one, for error messages.

/// The nearest of `known` to `word`, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    several(word, known, 1).into_iter().next()
}

/// The nearest of `known` to `word`, best first, at most `most`.
pub fn several<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    // A model or slug can be any length a caller likes; the measure is quadratic.
    if word.len() > 256 {
        return Vec::new();
    }
    let folded = word.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&folded, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored
        .into_iter()
        .take(most)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(
            nearest("temprature", ["temperature", "top_p"]),
            Some("temperature")
        );
        assert_eq!(
            nearest("Temperature", ["temperature", "top_p"]),
            Some("temperature")
        );
        assert_eq!(nearest("zzz", ["temperature", "top_p"]), None);
    }
}
