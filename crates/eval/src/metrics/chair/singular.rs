//! The singular of an English word, right or wrong, as `pattern.en` gives it: CHAIR's numbers rest on it.
//!
//! The rules and exceptions are those of pattern (University of Antwerp, Tom De Smedt, BSD 3-Clause), which has them from
//! Bermi Ferrer's Inflector (MIT). What looks like a mistake is one of theirs: "bus" becomes "bu", "four" becomes "fmy".

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

/// Words that stay as they are, and with them every ending of theirs: "is" is the end of "chassis".
const UNCHANGED: &str = "bison debris headquarters pincers trout bream diabetes herpes pliers tuna breeches djinn \
high-jinks proceedings whiting britches eland homework rabies wildebeest carp elk innings salmon chassis flounder \
jackanapes scissors christmas gallows mackerel series clippers georgia measles shears cod graffiti mews species \
contretemps mumps swine corps news swiss advice equipment happiness luggage software bread fruit information mathematics \
progress understanding butter furniture ketchup mayonnaise research water cheese garbage knowledge meat rice electricity \
gravel love mustard sand";

/// Words in -ie: their plural stays as it is.
const IN_IE: &str = "alergie cutie hoagie newbie softie veggie auntie doggie hottie nightie sortie weenie beanie eyrie \
indie oldie stoolie yuppie birdie freebie junkie sweetie zombie bogie goonie laddie pixie techie bombie groupie laramie \
quickie collie hankie lingerie reverie toughie cookie hippie meanie rookie valkyrie";

/// Endings with what takes their place, the first that fits.
const IRREGULAR: &str = "atlantes:atlas atlases:atlas axes:axe beeves:beef brethren:brother children:child corpora:corpus \
corpuses:corpus ephemerides:ephemeris feet:foot ganglia:ganglion geese:goose genera:genus genii:genie graffiti:graffito \
helves:helve kine:cow leaves:leaf loaves:loaf men:man mongooses:mongoose monies:money moves:move mythoi:mythos \
numena:numen occipita:occiput octopodes:octopus opera:opus opuses:opus our:my oxen:ox penes:penis penises:penis \
people:person sexes:sex soliloquies:soliloquy teeth:tooth testes:testis trilbys:trilby turves:turf zoa:zoon";

/// Prepositions that make a compound such as mother-in-law.
const PREPOSITIONS: &str = "about before during of till above behind except off to across below for on under after beneath \
from onto until among beside in out unto around besides into over upon at between near since with athwart betwixt beyond \
but by";

/// Patterns at the end of a word (one at its start) with what takes their place, the first that fits.
const RULES: [(&str, &str); 37] = [
    ("(.)ae$", "${1}a"),
    ("(.)itis$", "${1}itis"),
    ("(.)eaux$", "${1}eau"),
    ("(quiz)zes$", "${1}"),
    ("(matr)ices$", "${1}ix"),
    ("(ap|vert|ind)ices$", "${1}ex"),
    ("^(ox)en", "${1}"),
    ("(alias|status)es$", "${1}"),
    ("([octpvir|])i$", "${1}us"),
    ("(cris|ax|test)es$", "${1}is"),
    ("(shoe)s$", "${1}"),
    ("(o)es$", "${1}"),
    ("(bus)es$", "${1}"),
    ("([ml|])ice$", "${1}ouse"),
    ("(x|ch|ss|sh)es$", "${1}"),
    ("(m)ovies$", "${1}ovie"),
    ("(.)ombies$", "${1}ombie"),
    ("(s)eries$", "${1}eries"),
    ("([^aeiouy]|qu)ies$", "${1}y"),
    ("([aeo]l)ves$", "${1}f"),
    ("([^d]ea)ves$", "${1}f"),
    ("arves$", "arf"),
    ("erves$", "erve"),
    ("([nlw]i)ves$", "${1}fe"),
    ("([lr])ves$", "${1}f"),
    ("([aeo])ves$", "${1}ve"),
    ("([sth]ive)s$", "${1}"),
    ("([^f])ves$", "${1}fe"),
    ("(^analy)ses$", "${1}sis"),
    ("((a)naly|ba|diagno|parenthe|progno|synop|the)ses$", "${1}${2}sis"),
    ("(.)opses$", "${1}opsis"),
    ("(.)yses$", "${1}ysis"),
    ("(h|d|r|o|n|b|cl|p)oses$", "${1}ose"),
    ("(.)oses$", "${1}osis"),
    ("([ti])a$", "${1}um"),
    ("(n)ews$", "${1}ews"),
    ("s$", ""),
];

static COMPILED: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    RULES.iter().filter_map(|(pattern, instead)| Some((Regex::new(pattern).ok()?, *instead))).collect()
});

/// The letters in which a rule can find its ending: most words have none, and a data set has millions.
const RULED: [char; 5] = ['s', 'a', 'i', 'e', 'x'];

/// All endings of the words that stay as they are.
static ENDINGS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    words(UNCHANGED).flat_map(|word| (0..=word.len()).filter_map(|place| word.get(place..))).collect()
});

/// The singular of a word in small letters.
pub fn singular(word: &str) -> String {
    if let Some((head, tail)) = word.split_once('-')
        && words(PREPOSITIONS).any(|preposition| tail.split('-').next() == Some(preposition))
    {
        return format!("{}-{tail}", singular(head));
    }
    if let Some(owners) = word.strip_suffix('\'') {
        return format!("{}'s", singular(owners));
    }
    let in_ie = |stem: &str| word.strip_suffix('s').is_some_and(|singular| singular.ends_with(stem));
    if ENDINGS.contains(word) || words(IN_IE).any(in_ie) {
        return word.to_owned();
    }
    for entry in words(IRREGULAR) {
        if let Some((plural, singular)) = entry.split_once(':')
            && let Some(before) = word.strip_suffix(plural)
        {
            return format!("{before}{singular}");
        }
    }
    if !word.ends_with(RULED) && !word.starts_with("oxen") {
        return word.to_owned();
    }
    match COMPILED.iter().find(|(rule, _)| rule.is_match(word)) {
        Some((rule, instead)) => rule.replace(word, *instead).into_owned(),
        None => word.to_owned(),
    }
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_used() {
        assert_eq!(COMPILED.len(), RULES.len());
    }
}
