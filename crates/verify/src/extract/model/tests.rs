//! What becomes of a model's reply.

use std::sync::Arc;

use lavr_model::ModelErrorKind;
use lavr_testkit::{ScriptedModel, ScriptedReply};
use lavr_types::{Assertion, Claim, ClaimKind};

use super::*;
use crate::{CombinedExtractor, LexicalExtractor};

fn extractor(model: &Arc<ScriptedModel>) -> ModelExtractor<'static> {
    let model: Arc<dyn ChatModel> = model.clone();
    ModelExtractor::new(model, &Library::built_in(), Vocabulary::builtin()).unwrap()
}

async fn read(text: &str, reply: &str) -> Extraction {
    extractor(&Arc::new(ScriptedModel::texts([reply]))).extract(text).await
}

type Thing<'t> = (&'t str, &'t str, &'t str, Option<(&'t str, u32)>, Option<(&'t str, &'t str)>);

/// A reply with these things alone: words, label, stated, number, colour.
fn things(all: &[Thing<'_>]) -> String {
    let things: Vec<_> = all
        .iter()
        .map(|(words, label, stated, number, color)| {
            json!({
                "words": words,
                "label": label,
                "stated": stated,
                "number": number.map(|(words, value)| json!({ "words": words, "value": value })),
                "color": color.map(|(words, name)| json!({ "words": words, "name": name })),
            })
        })
        .collect();
    json!({ "things": things, "relations": [], "texts": [] }).to_string()
}

/// Each claim in short: kind, words, label or value; a question mark where it is hedged, a tilde where it can only be
/// confirmed.
fn short(extraction: &Extraction) -> Vec<String> {
    extraction.claims.iter().map(one).collect()
}

fn one(claim: &Claim) -> String {
    let says = match &claim.assertion {
        Assertion::Existence { entity, present } => {
            format!("{}{}", if *present { "" } else { "no " }, entity.label.as_deref().unwrap_or("-"))
        }
        Assertion::Count { count, .. } => format!("{count:?}"),
        Assertion::Color { color, .. } => color.clone(),
        Assertion::Attribute { attribute, .. } => format!("attribute {attribute}"),
        Assertion::Relation { relation, .. } => format!("{relation}"),
        Assertion::Text { text, .. } => format!("text {text}"),
        Assertion::Other => "other".into(),
    };
    let hedge = if claim.hedged { "?" } else { "" };
    let unsure = if claim.readings.contains(&Assertion::Other) { "~" } else { "" };
    format!("<{}> {says}{hedge}{unsure}", claim.surface)
}

#[tokio::test]
async fn the_model_is_asked_once_with_a_closed_schema_and_a_stable_prefix() {
    let model = Arc::new(ScriptedModel::texts([things(&[])]));
    let extraction = extractor(&model).extract("Zwei Hunde. Eine Katze. Ein Auto.").await;
    let requests = model.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].stable_messages, requests[0].messages.len() - 1);
    assert_eq!(extraction.usage.model_calls, 1);
    let ResponseFormat::Schema { schema, .. } = &requests[0].format else { panic!("no schema") };
    assert_eq!(
        schema["properties"]["things"]["items"]["properties"]["label"]["enum"].as_array().unwrap().len(),
        81
    );
}

#[test]
fn the_prompt_reads_as_it_should() {
    let rendered =
        Library::built_in().get("extract").unwrap().render(&json!({ "text": "Ein Hund." }), &[]).unwrap();
    let text: Vec<String> =
        rendered.iter().map(|message| format!("[{:?}]\n{}", message.speaker, message.text)).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

#[tokio::test]
async fn the_demonstrations_are_what_the_code_would_accept() {
    let rendered = Library::built_in().get("extract").unwrap().render(&json!({ "text": "" }), &[]).unwrap();
    for pair in rendered[1..].chunks_exact(2) {
        let extraction = read(&pair[0].text, &pair[1].text).await;
        assert_eq!(extraction.notes, Vec::<String>::new(), "{}", pair[0].text);
        assert!(extraction.claims.len() >= 4, "{:?}", short(&extraction));
    }
}

#[tokio::test]
async fn the_words_of_a_known_language_win_over_what_the_model_makes_of_them() {
    let reply = things(&[
        ("Hunde", "cat", "yes", Some(("Drei", 4)), Some(("braune", "black"))),
        ("Auto", "truck", "maybe", None, None),
    ]);
    let extraction = read("Drei braune Hunde sitzen in einem Auto.", &reply).await;
    assert_eq!(short(&extraction), ["<Drei> Exactly(3)", "<braune> brown", "<Hunde> dog", "<Auto> car?"]);
}

#[tokio::test]
async fn a_noun_that_no_table_knows_can_be_confirmed_and_not_contradicted() {
    let reply = things(&[("Sitzgelegenheit", "chair", "yes", None, Some(("rote", "red")))]);
    let extraction = read("Hier ist eine rote Sitzgelegenheit.", &reply).await;
    assert_eq!(short(&extraction), ["<rote> red~", "<Sitzgelegenheit> chair~"]);
}

#[tokio::test]
async fn denials_are_those_of_the_text() {
    let reply = things(&[("Katze", "cat", "yes", None, None), ("Hund", "dog", "no", None, None)]);
    let extraction = read("Es gibt keine Katze, aber einen Hund.", &reply).await;
    assert_eq!(short(&extraction), ["<keine Katze> no cat", "<Hund> dog"]);
}

#[tokio::test]
async fn an_article_is_no_number_and_a_word_that_is_none_is_left_out_with_a_note() {
    let reply = things(&[
        ("Hund", "dog", "yes", Some(("Ein", 1)), None),
        ("Katzen", "cat", "yes", Some(("mehrere", 3)), None),
    ]);
    let extraction = read("Ein Hund und mehrere Katzen.", &reply).await;
    assert_eq!(short(&extraction), ["<Hund> dog", "<Katzen> cat"]);
    assert_eq!(extraction.notes, ["the model reads \"mehrere\" as a number, which it is not: left out"]);
}

#[tokio::test]
async fn quotes_are_placed_in_the_order_of_the_text_and_invented_ones_are_dropped() {
    let dog = ("Hund", "dog", "yes", None, None);
    let reply = things(&[dog, ("Pferd", "horse", "yes", None, None), dog, dog]);
    let extraction = read("Ein Hund und noch ein Hund.", &reply).await;
    let spans: Vec<_> = extraction.claims.iter().map(|claim| claim.span.start).collect();
    assert_eq!(spans, [4, 22]);
    assert_eq!(
        extraction.notes,
        [
            "the model quotes \"Pferd\", which the text does not say there: left out",
            "the model names \"Hund\" more often than the text does"
        ]
    );
}

#[tokio::test]
async fn a_quote_without_the_ending_of_its_word_is_that_word() {
    let reply = things(&[("Hunde", "dog", "yes", Some(("Zwei", 2)), Some(("braun", "brown")))]);
    let extraction = read("Zwei braune Hunde.", &reply).await;
    assert_eq!(short(&extraction), ["<Zwei> Exactly(2)", "<braune> brown", "<Hunde> dog"]);
    assert_eq!(extraction.notes, Vec::<String>::new());
}

#[tokio::test]
async fn a_number_that_is_quoted_wrongly_is_the_one_that_the_thing_has() {
    let reply = things(&[("Hunde", "dog", "yes", Some(("Hunde", 2)), Some(("brown", "brown")))]);
    let extraction = read("Zwei braune Hunde.", &reply).await;
    assert_eq!(short(&extraction), ["<Zwei> Exactly(2)", "<braune> brown", "<Hunde> dog"]);
}

#[tokio::test]
async fn a_language_without_a_file_is_taken_at_the_models_word() {
    let reply = things(&[("chiens", "dog", "yes", Some(("Trois", 3)), Some(("bruns", "brown")))]);
    let extraction = read("Trois chiens bruns regardent.", &reply).await;
    assert_eq!(short(&extraction), ["<Trois> Exactly(3)", "<chiens> dog", "<bruns> brown"]);
}

#[tokio::test]
async fn chinese_words_are_found_without_spaces() {
    let reply = things(&[("狗", "dog", "yes", Some(("两", 2)), Some(("棕色", "brown")))]);
    let extraction = read("两只棕色的狗看着外面。", &reply).await;
    assert_eq!(short(&extraction), ["<两> Exactly(2)", "<棕色> brown", "<狗> dog"]);
}

#[tokio::test]
async fn relations_and_texts_are_held_against_the_text_too() {
    let reply = json!({
        "things": [
            { "words": "Hund", "label": "dog", "stated": "yes", "number": null, "color": null },
            { "words": "Schild", "label": "other", "stated": "yes", "number": null, "color": null },
        ],
        "relations": [
            { "words": "links von", "subject": "Hund", "relation": "left of", "object": "Schild" },
            { "words": "links von", "subject": "Hund", "relation": "left of", "object": "Haus" },
        ],
        "texts": [{ "words": "HALT" }],
    });
    let extraction =
        read("Ein Hund sitzt links von einem Schild mit \u{201e}HALT\u{201c}.", &reply.to_string()).await;
    assert_eq!(short(&extraction), ["<Hund> dog", "<links von> left of~", "<Schild> -~", "<HALT> text HALT"]);
}

#[tokio::test]
async fn a_reply_that_broke_off_keeps_what_came_before_and_says_so() {
    let whole = things(&[("Hund", "dog", "yes", None, None), ("Katze", "cat", "yes", None, None)]);
    let cut = whole.find("Katze").unwrap();
    let extraction = read("Ein Hund und eine Katze.", &whole[..cut]).await;
    assert_eq!(short(&extraction), ["<Hund> dog"]);
    assert_eq!(extraction.notes, ["the model's list of claims broke off: the end of the text was not read"]);
}

#[tokio::test]
async fn a_model_that_fails_or_babbles_costs_a_note() {
    let failing =
        ScriptedModel::replies([ScriptedReply::Fails(ModelErrorKind::RateLimited, "slow down".into())]);
    let extraction = extractor(&Arc::new(failing)).extract("Ein Hund.").await;
    assert_eq!(
        extraction.notes,
        ["the model found no claims in the text, for it failed: scripted: slow down"]
    );
    let extraction = read("Ein Hund.", "I see a dog.").await;
    assert!(extraction.claims.is_empty());
    assert!(
        extraction.notes[0].starts_with("the model's list of claims is not usable"),
        "{:?}",
        extraction.notes
    );
}

#[tokio::test]
async fn of_two_extractors_the_first_wins_where_both_read_the_same_words() {
    let reply = things(&[
        ("dogs", "dog", "maybe", Some(("Two", 2)), None),
        ("contraption", "bicycle", "yes", None, None),
    ]);
    let text = "Two dogs near a contraption.";
    let model = extractor(&Arc::new(ScriptedModel::texts([reply])));
    let lexical = LexicalExtractor::new(Vocabulary::builtin());
    let both = CombinedExtractor::new(lexical, model).extract(text).await;
    let alone = lexical.read(text).claims;
    for claim in &alone {
        assert!(both.claims.contains(claim), "{}", one(claim));
    }
    let added: Vec<_> = both.claims.iter().filter(|claim| !alone.contains(claim)).map(one).collect();
    assert!(added.len() <= 1 && added.iter().all(|claim| claim.contains("bicycle~")), "{added:?}");
    assert_eq!(both.usage.model_calls, 1);
    assert!(both.claims.iter().filter(|claim| claim.kind() == ClaimKind::Count).count() == 1);
}
