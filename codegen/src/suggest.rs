//! Did you mean …?

/// The candidate that a misspelt word most likely stands for; none where all are too far off.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    // Any two words of one or two letters are near each other.
    let length = wanted.chars().count();
    let most = if length < 3 { 0 } else { length / 3 };
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("requred", ["name", "required", "type"]), Some("required"));
        assert_eq!(nearest("NAM", ["NAME", "EMAIL"]), Some("NAME"));
        assert_eq!(nearest("zebra", ["name", "required"]), None);
    }
}
