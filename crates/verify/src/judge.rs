//! From claims to judgements, in at most four waits: the detector's first look and its second (the text reader beside
//! them), everything that measures, and the vision model for what is still open.
//!
//! Within a wait everything runs side by side, in the order of risk: the budget is handed out in that order before
//! anything is waited for, so that what is checked does not depend on how long a call takes.

use futures::future::{join, join_all};
use lavr_types::{Assertion, Capability, Claim, Entity, ImageId, Judgement, Size, Span, TokenScore, Verdict};

use crate::{
    AnswerChecker, CheckOrder, Checker, Scene, VerifierOptions, check::is_writing, experts::Experts,
    named::entities, risk, scene::Breadth,
};

/// Judges claims about pictures.
pub(crate) struct Judge<'a> {
    pub(crate) checkers: &'a [Box<dyn Checker>],
    pub(crate) options: &'a VerifierOptions,
    pub(crate) experts: &'a Experts<'a>,
    pub(crate) breadth: Breadth,
}

/// The judgements of claims, in their order.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) judgements: Vec<Judgement>,
    /// Claims that a larger budget might have told more of.
    pub(crate) left: Vec<usize>,
}

/// What is known of one claim in one picture.
#[derive(Clone)]
struct Finding {
    /// One for each reading.
    readings: Vec<Judgement>,
    limited: bool,
}

impl Judge<'_> {
    pub(crate) async fn judge(
        &self,
        text: &str,
        claims: &[Claim],
        tokens: &[TokenScore],
        images: &[(ImageId, Size)],
    ) -> Judged {
        let order: Vec<usize> = match self.options.order {
            CheckOrder::Text => (0..claims.len()).collect(),
            CheckOrder::Risk => {
                let VerifierOptions { priors, vocabulary, .. } = self.options;
                risk::ranked(&risk::scores(text, claims, tokens, priors, vocabulary))
            }
        };
        let scenes = self.look(text, claims, &order, images).await;

        let nothing = Finding { readings: Vec::new(), limited: false };
        let mut findings = vec![vec![nothing; claims.len()]; scenes.len()];
        let mut said: Vec<Vec<Claim>> = vec![claims.to_vec(); scenes.len()];
        let is_existence = |claim: &Claim| matches!(claim.assertion, Assertion::Existence { .. });
        let (existence, rest): (Vec<usize>, Vec<usize>) =
            order.iter().copied().partition(|&place| is_existence(&claims[place]));
        self.measure(&existence, &said, &scenes, &mut findings).await;
        // What is said of a thing that turns out to be another is held against that other.
        for (said, findings) in said.iter_mut().zip(&findings) {
            recast(said, findings);
        }
        self.measure(&rest, &said, &scenes, &mut findings).await;
        self.ask(&order, &said, &scenes, &mut findings).await;

        let mut judged = Judged::default();
        for (place, claim) in claims.iter().enumerate() {
            let of_images =
                findings.iter().map(|findings| over_readings(claim, &findings[place].readings)).collect();
            let judgement = over_images(of_images);
            let limited = findings.iter().any(|findings| findings[place].limited);
            if limited && judgement.verdict == Verdict::Insufficient {
                judged.left.push(place);
            }
            judged.judgements.push(judgement);
        }
        judged
    }

    /// The passes that serve many claims. Where the budget is too small for all of them, the one that the riskiest
    /// claim needs comes first.
    async fn look(
        &self,
        text: &str,
        claims: &[Claim],
        order: &[usize],
        images: &[(ImageId, Size)],
    ) -> Vec<Scene<'_>> {
        let reads = |claim: &Claim| {
            std::iter::once(&claim.assertion).chain(&claim.readings).any(|assertion| match assertion {
                Assertion::Text { .. } => true,
                Assertion::Existence { entity, .. } => is_writing(&entity.surface),
                _ => false,
            })
        };
        let first_read = order.iter().position(|&place| reads(&claims[place]));
        let first_look = order.iter().position(|&place| !entities(&claims[place]).is_empty());
        let looks = async {
            let mut scenes = join_all(images.iter().map(|&image| {
                Scene::first_look(image, (text, claims), self.experts, self.options, self.breadth)
            }))
            .await;
            // However soon the first looks end, the reader is asked before the second ones.
            tokio::task::yield_now().await;
            join_all(scenes.iter_mut().map(|scene| scene.second_look(claims))).await;
            scenes
        };
        let to_read = if first_read.is_some() { images } else { &[] };
        // The reader's result is kept for the claims that ask for it.
        let texts = join_all(to_read.iter().map(|&(image, _)| async move {
            let _ = self.experts.read(image).await;
        }));
        if first_read.is_some_and(|read| first_look.is_none_or(|look| read < look)) {
            join(texts, looks).await.1
        } else {
            join(looks, texts).await.0
        }
    }

    /// Lets every checker that can say something of these claims do so.
    async fn measure(
        &self,
        places: &[usize],
        said: &[Vec<Claim>],
        scenes: &[Scene<'_>],
        findings: &mut [Vec<Finding>],
    ) {
        let pairs = places.iter().flat_map(|&place| (0..scenes.len()).map(move |image| (place, image)));
        let pairs: Vec<(usize, usize)> = pairs.collect();
        let found = join_all(pairs.iter().map(|&(place, image)| async move {
            let (claim, scene) = (&said[image][place], scenes[image].for_one_claim());
            let readings = readings(claim);
            let judged = join_all(readings.iter().map(|reading| self.measured(reading, &scene))).await;
            Finding { readings: judged, limited: scene.was_limited(claim) }
        }))
        .await;
        for ((place, image), finding) in pairs.into_iter().zip(found) {
            findings[image][place] = finding;
        }
    }

    async fn measured(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        let able = self.checkers.iter().filter(|checker| checker.checks(claim, scene));
        let judgements = join_all(able.map(|checker| checker.check(claim, scene))).await;
        let judgement = agreed(judgements, scene.thresholds().verdict.far_more_certain)
            .unwrap_or_else(|| Judgement::insufficient(no_expert(claim, scene)));
        unless_ambiguous(claim, judgement, scene)
    }

    /// Asks the vision model, where there is one, about what nothing measured.
    async fn ask(
        &self,
        order: &[usize],
        said: &[Vec<Claim>],
        scenes: &[Scene<'_>],
        findings: &mut [Vec<Finding>],
    ) {
        let mut open = Vec::new();
        for &place in order {
            for (image, scene) in scenes.iter().enumerate() {
                let judgements = &findings[image][place].readings;
                if judgements.iter().any(|judgement| judgement.verdict == Verdict::Supported) {
                    continue;
                }
                for (number, reading) in readings(&said[image][place]).into_iter().enumerate() {
                    let is_open = judgements[number].verdict == Verdict::Insufficient;
                    if is_open && AnswerChecker.checks(&reading, scene) {
                        open.push((place, image, number, reading));
                    }
                }
            }
        }
        let answers = join_all(open.iter().map(|(_, image, _, reading)| async move {
            let scene = scenes[*image].for_one_claim();
            (AnswerChecker.check(reading, &scene).await, scene.experts().was_limited())
        }))
        .await;
        for ((place, image, number, _), (answer, limited)) in open.into_iter().zip(answers) {
            let finding = &mut findings[image][place];
            finding.limited |= limited;
            if answer.verdict != Verdict::Insufficient {
                finding.readings[number] = answer;
            }
        }
    }
}

/// Each reading of a claim as a claim of its own.
fn readings(claim: &Claim) -> Vec<Claim> {
    std::iter::once(&claim.assertion)
        .chain(&claim.readings)
        .map(|assertion| Claim { assertion: assertion.clone(), readings: Vec::new(), ..claim.clone() })
        .collect()
}

/// A word that may mean something else than its label is not called absent, nor fewer than said. What is said of the
/// colour or place of a thing that was found is held against it all the same.
fn unless_ambiguous(claim: &Claim, judgement: Judgement, scene: &Scene<'_>) -> Judgement {
    let (Assertion::Existence { entity, .. } | Assertion::Count { entity, .. }) = &claim.assertion else {
        return judgement;
    };
    if judgement.verdict != Verdict::Contradicted || !scene.names_only_sometimes(entity) {
        return judgement;
    }
    // The checker has looked for all that it may mean.
    if matches!(claim.assertion, Assertion::Existence { .. }) && !scene.senses_of(entity).is_empty() {
        return judgement;
    }
    let reason = format!("{}; but \"{}\" may mean something else", judgement.reason, entity.surface);
    Judgement { verdict: Verdict::Insufficient, truth: None, reason, ..judgement }
}

fn no_expert(claim: &Claim, scene: &Scene<'_>) -> String {
    match &claim.assertion {
        Assertion::Color { .. } if !scene.can(Capability::MeasureColor) => {
            "no tool measures colours".to_owned()
        }
        Assertion::Relation { .. } if !scene.can(Capability::Relate) => "no tool relates regions".to_owned(),
        Assertion::Text { .. } if !scene.can(Capability::ReadText) => "no tool reads text".to_owned(),
        Assertion::Attribute { .. } if !scene.can(Capability::Answer) => {
            "nothing measures that, and there is no vision model to ask".to_owned()
        }
        _ => "no expert here can check such a statement".to_owned(),
    }
}

/// Puts what stands in for a thing in its place in what is said of it.
fn recast(claims: &mut [Claim], findings: &[Finding]) {
    let stand_ins: Vec<(Span, Entity)> = claims
        .iter()
        .zip(findings)
        .filter_map(|(claim, finding)| {
            let judgement = over_readings(claim, &finding.readings);
            match (&claim.assertion, judgement.truth) {
                (
                    Assertion::Existence { entity, present: true },
                    Some(Assertion::Existence { entity: other, present: true }),
                ) if judgement.verdict == Verdict::Contradicted => Some((entity.span, other)),
                _ => None,
            }
        })
        .collect();
    let replace = |entity: &mut Entity| {
        if let Some((_, other)) = stand_ins.iter().find(|(span, _)| *span == entity.span) {
            *entity = other.clone();
        }
    };
    for claim in claims {
        for assertion in std::iter::once(&mut claim.assertion).chain(&mut claim.readings) {
            match assertion {
                Assertion::Count { entity, .. }
                | Assertion::Color { entity, .. }
                | Assertion::Attribute { entity, .. } => replace(entity),
                Assertion::Relation { subject, object, second, .. } => {
                    replace(subject);
                    object.iter_mut().chain(second.as_deref_mut()).for_each(replace);
                }
                _ => {}
            }
        }
    }
}

const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Contradicted => 0,
        Verdict::Insufficient => 1,
        Verdict::Supported => 2,
    }
}

/// What the readings of a claim say together: it is contradicted only where all of them are.
fn over_readings(claim: &Claim, readings: &[Judgement]) -> Judgement {
    let best = readings.iter().reduce(
        |best, next| {
            if rank(next.verdict) > rank(best.verdict) { next } else { best }
        },
    );
    let judgement = best.cloned().unwrap_or_else(|| Judgement::insufficient("nothing to check"));
    if claim.hedged && judgement.verdict == Verdict::Contradicted {
        let reason = format!("{}; but the text does not insist", judgement.reason);
        return Judgement { verdict: Verdict::Insufficient, truth: None, reason, ..judgement };
    }
    judgement
}

/// What several checkers say together: conflicts are insufficient unless one is far more certain.
fn agreed(judgements: Vec<Judgement>, far_more_certain: f32) -> Option<Judgement> {
    let best = |verdict: Verdict| {
        judgements
            .iter()
            .filter(|judgement| judgement.verdict == verdict)
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
            .cloned()
    };
    match (best(Verdict::Supported), best(Verdict::Contradicted)) {
        (Some(yes), Some(no)) => Some(if (yes.confidence - no.confidence).abs() >= far_more_certain {
            if yes.confidence > no.confidence { yes } else { no }
        } else {
            let evidence = yes.evidence.into_iter().chain(no.evidence).collect();
            let reason = format!("the experts disagree: {}; {}", yes.reason, no.reason);
            Judgement { evidence, ..Judgement::insufficient(reason) }
        }),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => judgements.into_iter().next(),
    }
}

/// What several pictures say together: a text about them is right where one of them bears it out, and wrong only
/// where none can. Which picture a number or a colour was said of is not known, so those are not contradicted.
fn over_images(judgements: Vec<Judgement>) -> Judgement {
    let several = judgements.len() > 1;
    let all_contradicted = judgements.iter().all(|judgement| judgement.verdict == Verdict::Contradicted);
    let absent_in_all = judgements
        .iter()
        .all(|judgement| matches!(&judgement.truth, Some(Assertion::Existence { present: false, .. })));
    let evidence: Vec<_> = judgements.iter().flat_map(|judgement| judgement.evidence.clone()).collect();
    let best = judgements.into_iter().reduce(|best, next| {
        let order = |judgement: &Judgement| (rank(judgement.verdict), judgement.confidence);
        let ((a, x), (b, y)) = (order(&best), order(&next));
        if b > a || (a == b && y > x) { next } else { best }
    });
    let Some(best) = best else { return Judgement::insufficient("there is no picture to check it against") };
    if several && all_contradicted {
        if absent_in_all {
            return Judgement { evidence, ..best };
        }
        return Judgement {
            evidence,
            ..Judgement::insufficient("there are several pictures, and the text does not say which it means")
        };
    }
    best
}
