//! What the gate lets through, and that no rewriter gets past it.

use std::sync::Arc;

use lavr_model::ChatModel;
use lavr_prompt::Library;
use lavr_testkit::ScriptedModel;
use proptest::prelude::*;

use super::*;
use crate::{Correction, Corrector, ModelCorrector, Policy, RuleCorrector};

/// What is found instead of a claim: a number, a colour, another thing, nothing.
#[derive(Debug, Clone, Copy)]
enum Truth {
    Number(u32),
    Color(&'static str),
    Thing(&'static str),
    Nothing,
}

/// The claims of a text, those on the given words contradicted, all others supported.
fn judged(text: &str, wrong: &[(&str, Truth)]) -> Vec<(Claim, Judgement)> {
    let claims = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
    let supported = || Judgement { verdict: Verdict::Supported, ..Judgement::insufficient("seen") };
    claims
        .into_iter()
        .map(|claim| {
            let truth = wrong.iter().find(|(words, _)| *words == claim.surface).map(|(_, truth)| *truth);
            let truth = truth.and_then(|truth| as_assertion(&claim.assertion, truth));
            match truth {
                Some(truth) => {
                    let judgement = supported();
                    (claim, Judgement { verdict: Verdict::Contradicted, truth: Some(truth), ..judgement })
                }
                None => (claim, supported()),
            }
        })
        .collect()
}

fn as_assertion(claim: &Assertion, truth: Truth) -> Option<Assertion> {
    match (claim, truth) {
        (Assertion::Count { entity, .. }, Truth::Number(number)) => {
            Some(Assertion::Count { entity: entity.clone(), count: CountBound::Exactly(number) })
        }
        (Assertion::Color { entity, .. }, Truth::Color(color)) => {
            Some(Assertion::Color { entity: entity.clone(), color: color.into() })
        }
        (Assertion::Existence { entity, present: true }, Truth::Thing(label)) => {
            let entity = Entity { surface: label.into(), label: Some(label.into()), ..entity.clone() };
            Some(Assertion::Existence { entity, present: true })
        }
        (Assertion::Existence { entity, present: true }, Truth::Nothing) => {
            Some(Assertion::Existence { entity: entity.clone(), present: false })
        }
        _ => None,
    }
}

fn pass(old: &str, wrong: &[(&str, Truth)], new: &str) -> Result<String, Refusal> {
    let judged = judged(old, wrong);
    assert!(judged.iter().any(|(_, judgement)| judgement.verdict == Verdict::Contradicted), "{old}");
    let sentence = Span::new(0, old.len());
    let gate = Gate { draft: old, sentence, judged: &judged, vocabulary: Vocabulary::builtin() };
    let edits = gate.pass(new)?;
    Ok(super::super::compose::apply(old, sentence, &edits))
}

#[test]
fn a_rewriting_that_says_the_truth_and_agrees_with_it_passes() {
    for (old, wrong, new) in [
        ("Two dogs sit on a red sofa.", ("Two", Truth::Number(1)), "One dog sits on a red sofa."),
        ("A red car is next to a bus.", ("red", Truth::Color("blue")), "A blue car is next to a bus."),
        ("A dog sleeps beside a cat on a bed.", ("cat", Truth::Nothing), "A dog sleeps on a bed."),
        ("A cat sleeps on a bed.", ("cat", Truth::Thing("dog")), "A dog sleeps on a bed."),
        ("Drei Hunde sitzen im Auto.", ("Drei", Truth::Number(1)), "Ein Hund sitzt im Auto."),
        (
            "Ein Hund und eine Katze sitzen auf dem Sofa.",
            ("Katze", Truth::Nothing),
            "Ein Hund sitzt auf dem Sofa.",
        ),
        ("Dos perros están junto a un gato.", ("gato", Truth::Nothing), "Dos perros están."),
        ("Hay tres tazas rojas.", ("rojas", Truth::Color("white")), "Hay tres tazas blancas."),
        ("Un perro duerme.", ("perro", Truth::Thing("cow")), "Una vaca duerme."),
        ("一只狗在沙发上。", ("狗", Truth::Thing("horse")), "一匹马在沙发上。"),
    ] {
        assert_eq!(pass(old, &[wrong], new).as_deref(), Ok(new), "{old}");
    }
}

#[test]
fn a_rewriting_that_does_more_or_less_is_refused() {
    for (old, wrong, new, refusal) in [
        ("Two dogs sit.", ("Two", Truth::Number(1)), "One big dog sits.", "it adds \"big\""),
        ("Two dogs sit.", ("Two", Truth::Number(1)), "Two dogs sit.", "it still says \"Two\""),
        ("Two dogs sit.", ("Two", Truth::Number(1)), "Three dogs sit.", "it adds \"Three\""),
        ("Two dogs sit here.", ("Two", Truth::Number(1)), "One dog sits.", "it loses \"here\""),
        ("Two dogs and a cat.", ("Two", Truth::Number(3)), "Three dogs.", "it loses \"cat\""),
        ("A red car on a bus.", ("red", Truth::Color("blue")), "A blue car under a bus.", "it loses \"on\""),
        ("A red car and a red bus.", ("car", Truth::Nothing), "A bus.", "it loses \"red\""),
        (
            "Two dogs sit.",
            ("Two", Truth::Number(1)),
            "One dog sits. It is sad.",
            "it is empty, or more than one sentence",
        ),
        ("Two dogs sit.", ("Two", Truth::Number(1)), "", "it is empty, or more than one sentence"),
        ("Two dogs sit.", ("Two", Truth::Number(1)), "No dog sits.", "it adds \"No\""),
        (
            "Drei Hunde sitzen.",
            ("Drei", Truth::Number(2)),
            "Two dogs sit.",
            "it is empty, or more than one sentence",
        ),
        ("Drei Hunde sitzen.", ("Drei", Truth::Number(2)), "Zwei Katzen sitzen.", "it loses \"Hunde\""),
        (
            "Trois chiens bruns dans la rue.",
            ("Trois", Truth::Number(2)),
            "Deux chiens bruns dans la rue.",
            "",
        ),
    ] {
        // French has no tables: nothing is read in it, and nothing passes.
        if refusal.is_empty() {
            let gate = Gate {
                draft: old,
                sentence: Span::new(0, old.len()),
                judged: &[],
                vocabulary: Vocabulary::builtin(),
            };
            assert_eq!(gate.pass(new), Err(Refusal::Unreadable));
            continue;
        }
        assert_eq!(pass(old, &[wrong], new).unwrap_err().to_string(), refusal, "{old} -> {new}");
    }
}

/// What a hostile rewriter has at hand.
const POOL: &[&str] = &[
    "dog", "dogs", "cat", "cats", "car", "horse", "sofa", "red", "blue", "brown", "two", "three", "one",
    "no", "not", "a", "the", "is", "are", "and", "on", "under", "without", "maybe", "big", ",", ".", "\"",
    "says", "Hund", "rot", "there", "it",
];

/// The words of content, in order: what a caption says beyond grammar.
fn content(text: &str) -> Vec<String> {
    crate::text::tokenize(text)
        .into_iter()
        .filter(|token| token.kind != TokenKind::Mark && !GRAMMAR.contains(&token.lower.as_str()))
        .map(|token| Vocabulary::builtin().singular(&token.lower))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is deleted, inserted or replaced: what passes differs in content by the planted error alone.
    #[test]
    fn a_hostile_rewriter_never_changes_what_is_supported_nor_adds_a_claim(
        changes in prop::collection::vec((0_usize..16, 0_usize..3, 0_usize..POOL.len()), 1..5),
        honest in any::<bool>(),
    ) {
        let old = "Two brown dogs and a blue car wait near the red sofa.";
        let new = if honest { "Three brown dogs and a blue car wait near the red sofa." } else { old };
        let mut words: Vec<String> = new.split(' ').map(str::to_owned).collect();
        for (place, kind, word) in changes {
            let place = place.min(words.len().saturating_sub(1));
            match kind {
                0 if !words.is_empty() => { words.remove(place); }
                1 if !words.is_empty() => POOL[word].clone_into(&mut words[place]),
                _ => words.insert(place, POOL[word].to_owned()),
            }
        }
        if let Ok(text) = pass(old, &[("Two", Truth::Number(3))], &words.join(" ")) {
            let mut due = content(old);
            due[0] = "three".into();
            prop_assert_eq!(content(&text), due, "{}", text);
        }
    }

    /// The correction of a babbling model is the rules' own.
    #[test]
    fn a_babbling_model_leaves_the_edits_by_rule(reply in "\\PC{0,60}") {
        let text = "Two dogs sit on a red sofa.";
        let judged = judged(text, &[("Two", Truth::Number(1))]);
        let by_rule = RuleCorrector::new(Vocabulary::builtin()).rewrite(text, &judged, Policy::Keep);
        let correction = corrected(text, &judged, serde_json::json!({ "sentences": [reply] }).to_string());
        prop_assert_eq!(correction.text, by_rule.text);
    }
}

fn corrected(text: &str, judged: &[(Claim, Judgement)], reply: String) -> Correction {
    let model: Arc<dyn ChatModel> = Arc::new(ScriptedModel::texts([reply]));
    let corrector = ModelCorrector::new(model, &Library::built_in(), Vocabulary::builtin()).unwrap();
    futures::executor::block_on(corrector.correct(text, judged, Policy::Keep))
}

#[test]
fn what_passes_takes_the_place_of_the_rules_edits_and_of_their_notes() {
    let text = "Eine Katze sitzt da. Drei Hunde sitzen im Auto.";
    let judged = judged(text, &[("Drei", Truth::Number(1))]);
    let by_rule = RuleCorrector::new(Vocabulary::builtin()).rewrite(text, &judged, Policy::Keep);
    assert_eq!((by_rule.text.as_str(), by_rule.notes.len()), (text, 1));
    let correction = corrected(text, &judged, r#"{"sentences": ["Ein Hund sitzt im Auto."]}"#.into());
    assert_eq!(correction.text, "Eine Katze sitzt da. Ein Hund sitzt im Auto.");
    assert_eq!(correction.notes, Vec::<String>::new());
    assert_eq!(correction.usage.model_calls, 1);
    let applied = super::super::compose::apply(text, Span::new(0, text.len()), &correction.edits);
    assert_eq!(applied, correction.text);
}

#[test]
fn a_refused_rewriting_is_told_and_the_edit_by_rule_stands() {
    let text = "Two dogs sit on a red sofa.";
    let judged = judged(text, &[("Two", Truth::Number(1))]);
    let correction = corrected(text, &judged, r#"{"sentences": ["One dog sits on a blue sofa."]}"#.into());
    assert_eq!(correction.text, "One dog sits on a red sofa.");
    assert_eq!(
        correction.notes,
        [
            "the model's rewriting of \"Two dogs sit on a red sofa.\" was refused, for it loses \"red\": the edit by rule stands"
        ]
    );
}

#[test]
fn nothing_contradicted_costs_no_call() {
    let text = "Two dogs sit on a red sofa.";
    let correction = corrected(text, &judged(text, &[]), "never asked for".into());
    assert_eq!((correction.text.as_str(), correction.usage.model_calls), (text, 0));
}

#[test]
fn the_prompt_reads_as_it_should() {
    let sentences = serde_json::json!([
        { "text": "Three dogs.", "remarks": ["\"Three\": the number is 2"] },
        { "text": "Ein rotes Auto.", "remarks": ["\"rotes\": the color is blue"] },
    ]);
    let inputs = serde_json::json!({ "sentences": sentences });
    let rendered = Library::built_in().get("rewrite").unwrap().render(&inputs, &[]).unwrap();
    let text: Vec<String> =
        rendered.iter().map(|message| format!("[{:?}]\n{}", message.speaker, message.text)).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}
