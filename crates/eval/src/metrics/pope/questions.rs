//! POPE's questions: for each object that is there, one that is not.

use std::collections::HashMap;

/// A picture with the objects that are in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Annotated {
    /// The picture's file.
    pub image: String,
    /// Its objects, each once.
    pub objects: Vec<String>,
}

/// Which absent objects are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strategy {
    /// Any.
    Random,
    /// Those that are in most pictures.
    Popular,
    /// Those that are most often seen together with the object that is there.
    Adversarial,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Random, Self::Popular, Self::Adversarial];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Popular => "popular",
            Self::Adversarial => "adversarial",
        }
    }
}

/// The article before an object whose name starts with a vowel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Article {
    /// "Is there an apple in the image?", as in the released files.
    #[default]
    Right,
    /// "Is there an apple in the imange?": the builder of the reference makes every "a" of the question an "an".
    Everywhere,
}

/// A question with its right answer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Question {
    /// Its number, from 1.
    pub question_id: usize,
    /// The picture's file.
    pub image: String,
    /// The question.
    pub text: String,
    /// Whether yes is right.
    #[serde(serialize_with = "as_word")]
    pub label: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn as_word<S: serde::Serializer>(label: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *label { "yes" } else { "no" })
}

/// POPE's questions about pictures: each of the first `per_picture` objects of a picture is asked about, and behind each an
/// object that is not there and was not asked about. Pictures with fewer objects are left out. What is popular, and what is
/// seen together, is told from `all` pictures.
///
/// `draw` chooses one of several objects by its place. [`Strategy::Random`] always draws; the others draw only where no
/// object of their ranking is left. Where no absent object is left at all, none is asked about.
pub fn questions(
    all: &[Annotated],
    pictures: &[Annotated],
    strategy: Strategy,
    per_picture: usize,
    article: Article,
    mut draw: impl FnMut(&[&str]) -> usize,
) -> Vec<Question> {
    let counts = Counts::of(all);
    let popular = counts.ranked();
    let mut questions = Vec::new();
    let mut ask = |image: &str, object: &str, label: bool| {
        questions.push(Question {
            question_id: questions.len() + 1,
            image: image.to_owned(),
            text: text(object, article),
            label,
        });
    };
    for picture in pictures.iter().filter(|picture| picture.objects.len() >= per_picture) {
        let mut asked: Vec<&str> = Vec::new();
        for present in picture.objects.iter().take(per_picture) {
            ask(&picture.image, present, true);
            let free =
                |name: &&str| !picture.objects.iter().any(|there| there == *name) && !asked.contains(name);
            let ranked = match strategy {
                Strategy::Random => None,
                Strategy::Popular => popular.iter().copied().find(free),
                Strategy::Adversarial => counts
                    .beside
                    .get(present.as_str())
                    .and_then(|beside| beside.ranked().into_iter().find(free)),
            };
            let absent = ranked.or_else(|| {
                let left: Vec<&str> = counts.names.iter().copied().filter(free).collect();
                if left.is_empty() { None } else { left.get(draw(&left)).copied() }
            });
            if let Some(absent) = absent {
                asked.push(absent);
                ask(&picture.image, absent, false);
            }
        }
    }
    questions
}

fn text(object: &str, article: Article) -> String {
    let vowel = object.starts_with(['a', 'e', 'i', 'o', 'u']);
    match (vowel, article) {
        (false, _) => format!("Is there a {object} in the image?"),
        (true, Article::Right) => format!("Is there an {object} in the image?"),
        (true, Article::Everywhere) => format!("Is there an {object} in the imange?"),
    }
}

/// How often each object is seen.
#[derive(Default)]
struct Tally<'p> {
    /// In the order in which they were first seen.
    names: Vec<&'p str>,
    times: HashMap<&'p str, usize>,
}

impl<'p> Tally<'p> {
    fn add(&mut self, name: &'p str) {
        let times = self.times.entry(name).or_default();
        if *times == 0 {
            self.names.push(name);
        }
        *times += 1;
    }

    /// The most frequent first; equally frequent ones as they were first seen.
    fn ranked(&self) -> Vec<&'p str> {
        let mut names = self.names.clone();
        names.sort_by_key(|name| std::cmp::Reverse(self.times.get(name).copied().unwrap_or_default()));
        names
    }
}

/// How often each object is seen, alone and beside others.
struct Counts<'p> {
    all: Tally<'p>,
    names: Vec<&'p str>,
    beside: HashMap<&'p str, Tally<'p>>,
}

impl<'p> Counts<'p> {
    fn of(pictures: &'p [Annotated]) -> Self {
        let mut all = Tally::default();
        let mut beside: HashMap<&str, Tally<'_>> = HashMap::new();
        for picture in pictures {
            for object in &picture.objects {
                all.add(object);
                for other in picture.objects.iter().filter(|other| *other != object) {
                    beside.entry(object).or_default().add(other);
                }
            }
        }
        Self { names: all.names.clone(), all, beside }
    }

    fn ranked(&self) -> Vec<&'p str> {
        self.all.ranked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_every_object_is_in_the_picture_no_absent_one_is_asked_about() {
        let picture = Annotated { image: "1.jpg".into(), objects: vec!["dog".into(), "cat".into()] };
        for strategy in Strategy::ALL {
            let pictures = std::slice::from_ref(&picture);
            let made = questions(pictures, pictures, strategy, 2, Article::Right, |_| 0);
            assert!(made.iter().all(|question| question.label), "{made:?}");
            assert_eq!(made.len(), 2);
        }
        let pictures = [picture];
        assert!(questions(&pictures, &pictures, Strategy::Popular, 3, Article::Right, |_| 0).is_empty());
    }
}
