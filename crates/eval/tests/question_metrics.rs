//! The metrics of question benchmarks against the reference scripts' own numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};

use lavr_eval::metrics::{
    amber::{self, Dimension, Named, Objects, ROWS, Vocabulary},
    haelm,
    mmbench::{Matcher, Options, STEP, Turned, circular},
    mme::{self, COGNITION, PERCEPTION, TaskScore},
    pope::{Annotated, Article, Strategy, questions},
    round::{round, shown},
    yes_no::{Confusion, Parser, Reading},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

#[track_caller]
fn assert_number(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "{what}: {ours} here, {theirs} there");
}

#[test]
fn decimals_are_rounded_as_the_references_print_them() {
    for row in list(&golden(include_str!("golden/rounding.json"))["rows"]) {
        let x = row["x"].as_f64().unwrap();
        assert_eq!(round(x, 1), row["round1"].as_f64().unwrap(), "{x}");
        assert_eq!(shown(x, 1), row["fmt1"], "{x}");
        assert_eq!(shown(x, 2), row["fmt2"], "{x}");
    }
}

fn word(reading: Reading) -> &'static str {
    match reading {
        Reading::Yes => "yes",
        Reading::No => "no",
        Reading::Unclear => "other",
    }
}

#[test]
fn every_answer_is_read_as_each_script_reads_it() {
    let golden = golden(include_str!("golden/yesno_parsers.json"));
    assert_eq!(list(&golden["rows"]).len(), 68);
    for row in list(&golden["rows"]) {
        let answer = text(&row["answer"]);
        let said = |parser: Parser| word(parser.read(answer, true));
        for (parser, field) in [
            (Parser::Pope, "pope_rucaibox"),
            (Parser::Opera, "pope_opera"),
            (Parser::LmmsEvalMme, "lmms_eval_mme"),
            (Parser::Mme, "mme_official_after_lower"),
        ] {
            assert_eq!(said(parser), row[field], "{} on {answer:?}", parser.name());
            assert_eq!(parser.read(answer, false), parser.read(answer, true));
        }
        let outcome = |label| match (label, Parser::Vcd.read(answer, label)) {
            (true, Reading::Yes) => "TP",
            (true, _) => "FN",
            (false, Reading::No) => "TN",
            (false, _) => "FP",
        };
        assert_eq!(outcome(true), row["pope_vcd_if_label_yes"], "vcd on {answer:?}");
        assert_eq!(outcome(false), row["pope_vcd_if_label_no"], "vcd on {answer:?}");
        let unknown = |word| if word == "other" { "unknown" } else { word };
        let theirs = text(&row["vlmevalkit_yorn"]).to_lowercase();
        assert_eq!(unknown(said(Parser::VlmEvalKit)), theirs, "vlmevalkit on {answer:?}");
        let score = |wanted| f64::from(u8::from(Parser::LmmsEvalPope.read(answer, true) == wanted));
        assert_eq!(score(Reading::Yes), row["lmms_eval_pope_score_if_yes"], "lmms-eval on {answer:?}");
        assert_eq!(score(Reading::No), row["lmms_eval_pope_score_if_no"], "lmms-eval on {answer:?}");
    }
}

/// The answers of a POPE case with their labels, as a parser reads them.
fn polled(case: &Value, parser: Parser, of: impl Fn(usize) -> bool) -> Confusion {
    let mut confusion = Confusion::default();
    for (place, (answer, label)) in list(&case["answers"]).iter().zip(list(&case["labels"])).enumerate() {
        if of(place) {
            let label = label == "yes";
            confusion.add(label, parser.read(text(answer), label));
        }
    }
    confusion
}

#[test]
fn pope_scores_are_those_of_each_script() {
    for case in list(&golden(include_str!("golden/pope_metrics.json"))["cases"]) {
        let name = text(&case["name"]);

        let ours = polled(case, Parser::Pope, |_| true);
        let theirs = &case["rucaibox"];
        assert_eq!(ours.true_positives, theirs["TP"], "{name}");
        assert_eq!(ours.false_positives, theirs["FP"], "{name}");
        assert_eq!(ours.true_negatives, theirs["TN"], "{name}");
        assert_eq!(ours.false_negatives, theirs["FN"], "{name}");
        if theirs.get("error").is_some() {
            // The script divides by zero; here the number has no value.
            assert_eq!(ours.f1(), None, "{name}");
        } else {
            assert_number(ours.accuracy().unwrap(), &theirs["accuracy"], name);
            assert_number(ours.precision().unwrap(), &theirs["precision"], name);
            assert_number(ours.recall().unwrap(), &theirs["recall"], name);
            assert_number(ours.f1().unwrap(), &theirs["f1"], name);
            assert_number(ours.yes_rate().unwrap(), &theirs["yes_ratio"], name);
        }

        let ours = polled(case, Parser::Vcd, |_| true);
        let theirs = &case["vcd"];
        if theirs.get("error").is_some() {
            assert_eq!(ours.f1(), None, "{name}");
        } else {
            assert_number(ours.accuracy().unwrap(), &theirs["Accuracy"], name);
            assert_number(ours.precision().unwrap(), &theirs["Precision"], name);
            assert_number(ours.recall().unwrap(), &theirs["Recall"], name);
            assert_number(ours.f1().unwrap(), &theirs["F1"], name);
            assert_number(ours.yes_rate().unwrap(), &theirs["yes"], name);
            assert_eq!(ours.unclear() as f64, theirs["unknow"], "{name}");
        }
        let percent = |number: Option<f64>| number.unwrap_or(0.0) * 100.0;
        let theirs = &case["mitigv"];
        assert_number(percent(ours.accuracy()), &theirs["accuracy"], name);
        assert_number(percent(ours.precision()), &theirs["precision"], name);
        assert_number(percent(ours.recall()), &theirs["recall"], name);
        assert_number(percent(ours.f1()), &theirs["f1"], name);
        assert_number(percent(ours.yes_rate()), &theirs["yes_proportion"], name);

        let ours = polled(case, Parser::LmmsEvalPope, |_| true);
        let theirs = &case["lmms_eval"];
        let (precision, recall) = (ours.precision().unwrap_or(0.0), ours.recall_of_clear().unwrap_or(0.0));
        assert_number(ours.accuracy().unwrap(), &theirs["accuracy"], name);
        assert_number(precision, &theirs["precision"], name);
        assert_number(recall, &theirs["recall"], name);
        assert_number(
            lavr_eval::metrics::yes_no::f1(precision, recall).unwrap_or(0.0),
            &theirs["f1_score"],
            name,
        );
        assert_number(ours.label_yes_rate().unwrap(), &theirs["yes_ratio"], name);

        // A row of two categories counts in both, and twice in the whole.
        let categories: Vec<&str> = list(&case["category_for_vlmevalkit"]).iter().map(text).collect();
        let mut whole = Confusion::default();
        let theirs = &case["vlmevalkit_exact_matching"];
        let check = |ours: &Confusion, theirs: &Value, category: &str| {
            let what = format!("{name}, {category}");
            assert_number(percent(ours.f1()), &theirs["Overall"], &what);
            assert_number(percent(ours.accuracy()), &theirs["acc"], &what);
            assert_number(percent(ours.precision()), &theirs["precision"], &what);
            assert_number(percent(ours.recall()), &theirs["recall"], &what);
        };
        for category in ["random", "popular", "adversarial"] {
            let of = |place: usize| categories[place].split(',').any(|one| one == category);
            let ours = polled(case, Parser::VlmEvalKit, of);
            check(&ours, &theirs[category], category);
            whole += ours;
        }
        check(&whole, &theirs["Overall"], "overall");
    }
}

#[test]
fn pope_questions_are_those_of_the_builder() {
    let golden = golden(include_str!("golden/pope_build.json"));
    let pictures: Vec<Annotated> = read(&golden["segments"]);
    for strategy in [Strategy::Popular, Strategy::Adversarial] {
        let theirs = list(&golden["output"][strategy.name()]);
        // Where its ranking is exhausted the builder draws at random. The objects that it drew when the vector was made are
        // drawn here in the same order, so that a draw too many or too few, or one from other objects, shows.
        let drawn: &[&str] = match strategy {
            Strategy::Adversarial => &["couch", "apple", "orange", "couch", "bus", "cat"],
            _ => &[],
        };
        let mut left = drawn.iter();
        let ours = questions(&pictures, &pictures, strategy, 3, Article::Everywhere, |objects| {
            let drawn = left.next().unwrap();
            objects.iter().position(|object| object == drawn).unwrap()
        });
        assert_eq!(left.next(), None);
        assert_eq!(serde_json::to_value(&ours).unwrap(), Value::from(theirs.to_vec()));
        let right = questions(&pictures, &pictures, strategy, 3, Article::Right, |_| 0);
        assert!(right.iter().all(|question| question.text.ends_with(" in the image?")), "{right:?}");
    }
    let random =
        questions(&pictures, &pictures, Strategy::Random, 3, Article::Right, |objects| objects.len() - 1);
    assert_eq!(random.len(), 30);
    for (present, absent) in random.iter().zip(random.iter().skip(1)).step_by(2) {
        let picture = pictures.iter().find(|picture| picture.image == present.image).unwrap();
        let named = |text: &str| picture.objects.iter().any(|object| text.contains(&format!(" {object} in")));
        assert!(present.label && named(&present.text), "{present:?}");
        assert!(!absent.label && !named(&absent.text), "{absent:?}");
    }
}

/// The scores of MME's answer files as a parser reads them.
fn mme_scores(golden: &Value, parser: Parser) -> HashMap<String, TaskScore> {
    let mut scores: HashMap<String, TaskScore> = HashMap::new();
    for (task, rows) in golden["files"].as_object().unwrap() {
        for pair in list(rows).chunks(2) {
            let read = |row: &Value| {
                let label = row[2] == "Yes";
                (label, parser.read(text(&row[3]), label))
            };
            scores.entry(task.clone()).or_default().add(&pair.iter().map(read).collect::<Vec<_>>());
        }
    }
    scores
}

#[test]
fn mme_scores_are_those_of_each_script() {
    let golden = golden(include_str!("golden/mme.json"));
    for row in list(&golden["parse_pred_ans"]) {
        let answer = text(&row["text"]);
        assert_eq!(word(Parser::Mme.read(answer, true)), row["label"], "{answer:?}");
    }

    let ours = mme_scores(&golden, Parser::Mme);
    let mut printed = HashMap::new();
    let mut totals = Vec::new();
    for line in text(&golden["official_stdout"]).lines() {
        if let Some(total) = line.strip_prefix("total score: ") {
            totals.push(Value::from(total.trim().parse::<f64>().unwrap()));
        } else if let Some((task, score)) = line.split_once("  score: ") {
            printed.insert(task.trim(), Value::from(score.trim().parse::<f64>().unwrap()));
        }
    }
    assert_eq!((printed.len(), totals.len()), (14, 2));
    for (task, score) in &printed {
        assert_number(ours[*task].score().unwrap(), score, task);
    }
    assert_number(mme::sum(&ours, &PERCEPTION), &totals[0], "perception");
    assert_number(mme::sum(&ours, &COGNITION), &totals[1], "cognition");
    for (task, theirs) in golden["per_task_metrics"].as_object().unwrap() {
        let answers = ours[task].answers;
        assert_eq!(answers.true_positives as f64, theirs["TP"], "{task}");
        assert_eq!(answers.false_negatives as f64, theirs["FN"], "{task}");
        assert_eq!(answers.true_negatives as f64, theirs["TN"], "{task}");
        assert_eq!(answers.false_positives as f64, theirs["FP"], "{task}");
        assert_eq!(answers.unclear() as f64, theirs["other_num"], "{task}");
        assert_number(answers.precision().unwrap_or(0.0), &theirs["precision"], task);
        assert_number(answers.recall_of_clear().unwrap_or(0.0), &theirs["recall"], task);
        assert_number(answers.accuracy().unwrap(), &theirs["acc"], task);
    }

    let ours = mme_scores(&golden, Parser::LmmsEvalMme);
    assert_number(mme::sum(&ours, &PERCEPTION), &golden["lmms_eval"]["mme_perception_score"], "perception");
    assert_number(mme::sum(&ours, &COGNITION), &golden["lmms_eval"]["mme_cognition_score"], "cognition");

    let ours = mme_scores(&golden, Parser::VlmEvalKit);
    for (name, theirs) in golden["vlmevalkit_exact_matching"].as_object().unwrap() {
        let score = match name.as_str() {
            "perception" => mme::sum(&ours, &PERCEPTION),
            "reasoning" => mme::sum(&ours, &COGNITION),
            task => ours[task].score().unwrap(),
        };
        assert_number(score, theirs, name);
    }
}

/// A letter, or false where there is none.
fn letter(value: &Value) -> Option<char> {
    value.as_str().and_then(|text| text.chars().next())
}

fn options(row: &Value) -> Options {
    ('A'..='D').filter_map(|letter| Some((letter, row[letter.to_string()].as_str()?.to_owned()))).collect()
}

#[test]
fn mmbench_options_are_inferred_as_each_script_does() {
    let golden = golden(include_str!("golden/mmbench.json"));
    let options = options(&golden["choices"]);
    for row in list(&golden["can_infer"]) {
        let answer = text(&row["prediction"]);
        let matcher = Matcher::VlmEvalKit;
        assert_eq!(matcher.infer(answer, &options), letter(&row["can_infer"]), "{answer:?}");
        assert_eq!(
            matcher.infer_letter(answer, &options),
            letter(&row["can_infer_option"]),
            "letter of {answer:?}"
        );
        assert_eq!(
            matcher.infer_text(answer, &options),
            letter(&row["can_infer_text"]),
            "text of {answer:?}"
        );
    }
    for row in list(&golden["can_infer_lmms_eval"]) {
        let answer = text(&row["prediction"]);
        assert_eq!(Matcher::LmmsEval.infer(answer, &options), letter(&row["can_infer"]), "{answer:?}");
    }
}

#[test]
fn mmbench_copies_of_a_question_are_right_together_or_not_at_all() {
    let golden = golden(include_str!("golden/mmbench.json"));
    let mut groups: BTreeMap<u64, Vec<Turned>> = BTreeMap::new();
    for row in list(&golden["circular_rows"]) {
        let chosen = Matcher::VlmEvalKit.infer(text(&row["prediction"]), &options(row));
        let turned = Turned { answer: letter(&row["answer"]).unwrap(), chosen };
        groups.entry(row["index"].as_u64().unwrap() % STEP).or_default().push(turned);
    }
    assert_eq!(groups.len(), list(&golden["circular_result"]).len());
    for theirs in list(&golden["circular_result"]) {
        let copies = &groups[&theirs["g_index"].as_u64().unwrap()];
        let settled = circular(copies);
        assert_eq!(serde_json::to_value(settled.map(u8::from)).unwrap(), theirs["prefetch"]);
        for field in ["hit_exact_matching", "hit_eval_circular_group_no_judge"] {
            assert_eq!(u8::from(settled == Some(true)), theirs[field]);
        }
        let each: Vec<u8> = copies.iter().map(|copy| u8::from(copy.right())).collect();
        assert_eq!(serde_json::to_value(each).unwrap(), theirs["vanilla"]);
    }
}

/// What AMBER prints for the questions of some dimensions.
fn amber_answers(golden: &Value, dimensions: &[Dimension]) -> Vec<String> {
    let mut answers = Confusion::default();
    for annotation in list(&golden["annotations"]) {
        let kind = text(&annotation["type"]);
        if kind != "generative" && dimensions.contains(&Dimension::of(kind)) {
            let response = response(golden, &annotation["id"]);
            let label = annotation["truth"] == "yes";
            answers.add(label, Parser::Amber.read(response, label));
        }
    }
    let rates = amber::rates(&answers, dimensions);
    [rates.accuracy, rates.precision, rates.recall, rates.f1].map(|rate| shown(rate, 1)).to_vec()
}

fn response<'g>(golden: &'g Value, id: &Value) -> &'g str {
    text(&list(&golden["responses"]).iter().find(|response| response["id"] == *id).unwrap()["response"])
}

/// The numbers that a script printed, in order.
fn printed(stdout: &Value) -> Vec<String> {
    let line = |line: &str| line.split_once(":\t").map(|(_, number)| number.trim().to_owned());
    text(stdout).lines().filter_map(line).collect()
}

#[test]
fn amber_answers_are_scored_with_its_denominators() {
    let golden = golden(include_str!("golden/amber.json"));
    let ours: Vec<String> =
        ROWS.iter().flat_map(|(_, dimensions)| amber_answers(&golden, dimensions)).collect();
    assert_eq!(ours, printed(&golden["stdout"]["d"]));
}

#[test]
fn amber_descriptions_are_scored_by_their_nouns() {
    let golden = golden(include_str!("golden/amber.json"));
    let vocabulary = Vocabulary::new(read(&golden["relation"]), read::<Vec<String>>(&golden["safe_words"]));
    let similar = |one: &str, other: &str| {
        one == other
            || list(&golden["similarity"]).iter().any(|row| {
                let pair = [text(&row[0][0]), text(&row[0][1])];
                row[1].as_f64().unwrap() > 0.8 && (pair == [one, other] || pair == [other, one])
            })
    };
    let describe = |annotation: &Value| {
        let nouns: Vec<String> = response(&golden, &annotation["id"])
            .split_whitespace()
            .filter_map(|word| word.strip_suffix("/NN").map(str::to_owned))
            .collect();
        let objects = Objects { truth: read(&annotation["truth"]), likely: read(&annotation["hallu"]) };
        amber::named(&nouns, &objects, &vocabulary, similar)
    };
    let shown_rates = |named: Named| {
        let rates = named.rates();
        [rates.chair, rates.cover, rates.hal, rates.cog].map(|rate| shown(rate, 1)).to_vec()
    };
    let mut all = Named::default();
    for annotation in list(&golden["annotations"]).iter().filter(|row| row["type"] == "generative") {
        let single = list(&golden["generative_single"]).iter().find(|row| row["id"] == annotation["id"]);
        let ours = describe(annotation);
        assert_eq!(shown_rates(ours), printed(&single.unwrap()["stdout"]), "{annotation}");
        all += ours;
    }
    assert_eq!(shown_rates(all), printed(&golden["stdout"]["g"]));
}

#[test]
fn haelm_asks_the_judge_word_for_word() {
    let golden = golden(include_str!("golden/haelm_prompt.json"));
    for (record, prompt) in list(&golden["records"]).iter().zip(list(&golden["prompts"])) {
        let references: Vec<String> = read(&record["reference caption"]);
        assert_eq!(haelm::prompt(&references, text(&record["output"])), *prompt);
    }
    for reply in text(&golden["printed"]).lines() {
        assert_eq!(haelm::verdict(reply), haelm::Verdict::Accurate);
    }
}
