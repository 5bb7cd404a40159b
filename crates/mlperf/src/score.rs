//! How good answers are, by the benchmark's own rules.

/// What the answers to a set of inputs are worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Of a hundred answers, so many are right. Where the answer is one number, the best mean of precision and recall
    /// that a threshold reaches.
    pub top_1: f64,
    /// Area under the curve of true over false positives, the mean of all classes; nothing when a class has no input.
    pub auc: Option<f64>,
}

/// Scores answers, each with the class that is right. An answer is one number or one for each class.
#[must_use]
pub fn score(answers: &[(Vec<f64>, usize)]) -> Score {
    let classes = answers.iter().map(|(answer, _)| answer.len()).max().unwrap_or(0);
    if classes == 1 {
        let scored: Vec<_> = answers
            .iter()
            .map(|(answer, class)| (answer.first().copied().unwrap_or_default(), *class == 1))
            .collect();
        return Score { top_1: best_threshold(&scored), auc: auc(&scored) };
    }
    let right = answers.iter().filter(|(answer, class)| arg_max(answer) == Some(*class)).count();
    let top_1 = 100.0 * right as f64 / answers.len().max(1) as f64;
    // Of two classes one tells it all; of more, each is held against the rest.
    let told = if classes == 2 { 1..2 } else { 0..classes };
    let of = |class: usize| -> Option<f64> {
        let scores = answers.iter().map(|(answer, right)| (answer.get(class).copied(), *right == class));
        auc(&scores.map(|(score, right)| Some((score?, right))).collect::<Option<Vec<_>>>()?)
    };
    let count = told.len();
    let sum = told.map(of).sum::<Option<f64>>();
    Score { top_1, auc: sum.filter(|_| count > 0).map(|sum| sum / count as f64) }
}

/// Scores as shares of their sum.
pub(crate) fn normalised(scores: &[f64]) -> Vec<f64> {
    let sum: f64 = scores.iter().sum();
    scores.iter().map(|score| if sum == 0.0 { 0.0 } else { score / sum }).collect()
}

/// The first of the greatest.
fn arg_max(scores: &[f64]) -> Option<usize> {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter().position(|score| *score == greatest)
}

/// How likely a positive scores higher than a negative; a tie counts half.
fn auc(scored: &[(f64, bool)]) -> Option<f64> {
    let mut scored = scored.to_vec();
    scored.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let positives = scored.iter().filter(|(_, positive)| *positive).count();
    let negatives = scored.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (mut below, mut won) = (0, 0.0);
    for equal in scored.chunk_by(|(a, _), (b, _)| a == b) {
        let up = equal.iter().filter(|(_, positive)| *positive).count();
        let down = equal.len() - up;
        won += up as f64 * (below as f64 + down as f64 / 2.0);
        below += down;
    }
    Some(won / (positives as f64 * negatives as f64))
}

/// The best of a hundred thresholds between the least and the greatest score.
fn best_threshold(scored: &[(f64, bool)]) -> f64 {
    let least = scored.iter().map(|(score, _)| *score).fold(f64::INFINITY, f64::min);
    let most = scored.iter().map(|(score, _)| *score).fold(f64::NEG_INFINITY, f64::max);
    let at = |threshold: f64| {
        let count = |above, positive| {
            scored.iter().filter(|(score, is)| (*score > threshold) == above && *is == positive).count()
                as f64
        };
        let (hit, false_alarm, miss) = (count(true, true), count(true, false), count(false, true));
        // As the official runner has it: nothing over nothing is nothing.
        let share = |of: f64, rest: f64| of / (of + rest + 1e-8);
        50.0 * (share(hit, false_alarm) + share(hit, miss))
    };
    (0..100).map(|step| at(least + f64::from(step) * 0.01 * (most - least))).fold(0.0, f64::max)
}

/// The middle one, or the mean of the two in the middle.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    match values.len() % 2 {
        0 => Some((values.get(values.len() / 2 - 1)? + upper) / 2.0),
        _ => Some(*upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_right_or_wrong_and_ranked() {
        let answers = [(vec![0.9, 0.1], 0), (vec![0.4, 0.6], 1), (vec![0.3, 0.7], 0), (vec![0.5, 0.5], 0)];
        // One positive, of 0.6; negatives of 0.1, 0.7 and 0.5: it is above two of three.
        assert_eq!(score(&answers), Score { top_1: 75.0, auc: Some(2.0 / 3.0) });
        let three = [(vec![0.8, 0.1, 0.1], 0), (vec![0.2, 0.7, 0.1], 1), (vec![0.5, 0.3, 0.2], 2)];
        let Score { top_1, auc } = score(&three);
        assert!((top_1 - 200.0 / 3.0).abs() < 1e-12);
        // The first two classes are ranked without a fault, and so is the third, by 0.2 above 0.1 and 0.1.
        assert_eq!(auc, Some(1.0));
        assert_eq!(score(&three[..2]).auc, None, "no input of the third class");
    }

    #[test]
    fn one_number_is_ranked_and_held_against_thresholds() {
        let answers = [(vec![1.0], 0), (vec![2.0], 0), (vec![3.0], 1), (vec![9.0], 1)];
        let good = score(&answers);
        assert_eq!(good.auc, Some(1.0));
        assert!((good.top_1 - 100.0).abs() < 1e-5);
        let tied = score(&[(vec![1.0], 0), (vec![1.0], 1)]);
        assert_eq!(tied.auc, Some(0.5));
    }

    #[test]
    fn nothing_has_no_score() {
        assert_eq!(score(&[]), Score { top_1: 0.0, auc: None });
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn medians_and_shares() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(normalised(&[1.0, 3.0]), [0.25, 0.75]);
        assert_eq!(normalised(&[0.0, 0.0]), [0.0, 0.0]);
    }
}
