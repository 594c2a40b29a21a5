//! The layout of a language's data file, and the tables of forms that its colours and nouns make.

use std::collections::{BTreeMap, HashMap};

use lavr_types::Vocabulary;
use serde::Deserialize;

use super::data::{Agreement, Color, ColorForm, Denial, Gender, LONGEST_NOUN, Noun, NounForm, Script};

/// A data file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) script: Script,
    pub(super) function_words: Vec<String>,
    pub(super) foreign_words: Vec<String>,
    pub(super) articles: Vec<String>,
    pub(super) and: Vec<String>,
    pub(super) or: Vec<String>,
    pub(super) prepositions: Vec<String>,
    pub(super) denials: Vec<String>,
    #[serde(default)]
    pub(super) oblique_plural: Option<String>,
    #[serde(default)]
    pub(super) genitive: Vec<String>,
    pub(super) negations: Vec<String>,
    pub(super) hedges: Vec<String>,
    pub(super) several: Vec<String>,
    pub(super) at_least: Vec<String>,
    pub(super) at_most: Vec<String>,
    pub(super) plural_verbs: Vec<String>,
    pub(super) copulas: Vec<String>,
    pub(super) places: Vec<String>,
    pub(super) directions: Vec<String>,
    pub(super) pronouns: Vec<String>,
    pub(super) presentatives: Vec<String>,
    pub(super) one: BTreeMap<String, String>,
    pub(super) denial: Denial,
    #[serde(default)]
    pub(super) plural_marks: Vec<String>,
    #[serde(default)]
    pub(super) other_words: Vec<String>,
    pub(super) affirm: BTreeMap<String, String>,
    pub(super) numbers: BTreeMap<String, Vec<String>>,
    pub(super) colors: ColorsFile,
    pub(super) nouns: BTreeMap<String, NounFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColorsFile {
    pub(super) agreement: Agreement,
    #[serde(default)]
    pub(super) endings: Vec<String>,
    #[serde(default)]
    pub(super) prefixes: Vec<String>,
    #[serde(default)]
    pub(super) shades: Vec<String>,
    pub(super) words: BTreeMap<String, ColorFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColorFile {
    #[serde(default)]
    stems: Vec<String>,
    #[serde(default)]
    fixed: Vec<String>,
    #[serde(default)]
    forms: Vec<String>,
    #[serde(default)]
    also: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NounFile {
    #[serde(default)]
    gender: Option<Gender>,
    singular: String,
    #[serde(default)]
    plural: Option<String>,
    #[serde(default)]
    weak: bool,
    #[serde(default)]
    classifiers: Vec<String>,
    #[serde(default)]
    also: Vec<Vec<String>>,
    #[serde(default)]
    kinds: Vec<Vec<String>>,
}

pub(super) type Colors = (HashMap<String, Color>, BTreeMap<String, Vec<String>>);

/// The colour words as they are read, and what is written for each basic colour; else what is wrong with the table.
pub(super) fn colors(file: &ColorsFile, vocabulary: &Vocabulary) -> Result<Colors, String> {
    let (mut read, mut written) = (HashMap::new(), BTreeMap::new());
    for (basic, words) in &file.words {
        if vocabulary.color(basic) != Some(basic) {
            return Err(format!("`{basic}` in [colors.words] is no basic color term"));
        }
        let mut learn = |word: String, form: ColorForm| {
            read.entry(word).or_insert(Color { basic: basic.clone(), form });
        };
        let wanted = match file.agreement {
            Agreement::Endings => words.stems.first().into_iter().cloned().collect::<Vec<_>>(),
            Agreement::GenderNumber | Agreement::None => words.forms.clone(),
        };
        let fits = match file.agreement {
            Agreement::Endings | Agreement::None => !wanted.is_empty(),
            Agreement::GenderNumber => wanted.len() == 4 && words.also.iter().all(|also| also.len() == 4),
        };
        if !fits {
            return Err(format!("`{basic}` in [colors.words] lacks forms"));
        }
        for (stem, ending) in
            words.stems.iter().flat_map(|stem| file.endings.iter().map(move |ending| (stem, ending)))
        {
            learn(format!("{stem}{ending}"), ColorForm::Ending(ending.clone()));
        }
        for word in &words.fixed {
            learn(word.clone(), ColorForm::Fixed);
        }
        for forms in std::iter::once(&words.forms).chain(&words.also) {
            for (place, form) in forms.iter().enumerate() {
                let same = |slot: usize| forms.get(slot) == Some(form);
                learn(
                    form.clone(),
                    match file.agreement {
                        Agreement::GenderNumber => ColorForm::Slots([same(0), same(1), same(2), same(3)]),
                        _ => ColorForm::Place(place),
                    },
                );
            }
        }
        written.insert(basic.clone(), wanted);
    }
    Ok((read, written))
}

pub(super) type Nouns = (BTreeMap<String, Noun>, HashMap<String, NounForm>);

/// The nouns that are written for the labels, and every form that is read; else what is wrong with the table.
pub(super) fn nouns(file: &File) -> Result<Nouns, String> {
    let (mut nouns, mut forms) = (BTreeMap::new(), HashMap::<String, NounForm>::new());
    let mut oblique: Vec<(String, NounForm)> = Vec::new();
    for (label, noun) in &file.nouns {
        if file.colors.agreement != Agreement::None && (noun.gender.is_none() || noun.plural.is_none()) {
            return Err(format!("`{label}` in [nouns] needs a gender and a plural"));
        }
        let own = [noun.singular.clone(), noun.plural.clone().unwrap_or_else(|| noun.singular.clone())];
        let others = noun.also.iter().chain(&noun.kinds).map(|words| {
            let first = words.first().cloned().unwrap_or_default();
            [first.clone(), words.get(1).cloned().unwrap_or(first)]
        });
        for (place, [singular, plural]) in std::iter::once(own.clone()).chain(others).enumerate() {
            if singular.is_empty() || singular.split(' ').count() > LONGEST_NOUN {
                return Err(format!("`{label}` in [nouns] has an empty or too long word"));
            }
            let form = |plural: Option<bool>, plain: bool| NounForm {
                label: label.clone(),
                plural,
                narrower: place > noun.also.len(),
                gender: noun.gender.filter(|_| place == 0),
                plain: plain && place == 0,
                oblique_plural: false,
            };
            let same = singular == plural;
            let number = |plural: bool| (!(same || noun.weak && plural)).then_some(plural);
            forms.entry(singular.to_lowercase()).or_insert(form(number(false), true));
            forms.entry(plural.to_lowercase()).or_insert(form(number(true), !noun.weak));
            if let Some(ending) = &file.oblique_plural
                && !plural.ends_with(['n', 's'])
            {
                let written = NounForm { oblique_plural: place == 0, ..form(number(true), false) };
                oblique.push((format!("{plural}{ending}").to_lowercase(), written));
            }
            for ending in &file.genitive {
                oblique.push((format!("{singular}{ending}").to_lowercase(), form(number(false), false)));
            }
        }
        let [singular, plural] = own;
        nouns.insert(
            label.clone(),
            Noun {
                gender: noun.gender,
                singular,
                plural,
                weak: noun.weak,
                classifiers: noun.classifiers.clone(),
            },
        );
    }
    // Other cases only where no noun has the form of its own.
    for (word, form) in oblique {
        forms.entry(word).or_insert(form);
    }
    Ok((nouns, forms))
}
