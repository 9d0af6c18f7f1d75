//! Did you mean …?

/// The candidates nearest to a misspelt word, best first, `most` at the most; none when all are too far off.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(most);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// A line of help for an unknown word; empty when nothing is near.
pub(crate) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    hint_behind("", word, candidates)
}

/// The same for a word that stands behind others, which are to be written again.
pub(crate) fn hint_behind<'a>(before: &str, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let near: Vec<String> = nearest(word, candidates, 3).into_iter().map(|near| format!("`{before}{near}`")).collect();
    if near.is_empty() { String::new() } else { format!("\nhelp: did you mean {}?", near.join(" or ")) }
}
