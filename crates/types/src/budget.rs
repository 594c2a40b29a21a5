//! What a run may use up, and what it has used up.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a call, a turn or a whole run uses up. Time is not here: it passes by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Amounts {
    /// Turns of chat models.
    pub turns: u32,
    /// Tokens that chat models read and wrote.
    pub tokens: u64,
    /// Money, in US dollars.
    pub usd: f64,
    /// Tool calls that ran.
    pub calls: u32,
    /// Pixels that tools and chat models looked at.
    pub pixels: u64,
}

impl Add for Amounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            turns: self.turns.saturating_add(other.turns),
            tokens: self.tokens.saturating_add(other.tokens),
            usd: self.usd + other.usd,
            calls: self.calls.saturating_add(other.calls),
            pixels: self.pixels.saturating_add(other.pixels),
        }
    }
}

impl Sub for Amounts {
    type Output = Self;

    /// Never below nothing.
    fn sub(self, other: Self) -> Self {
        Self {
            turns: self.turns.saturating_sub(other.turns),
            tokens: self.tokens.saturating_sub(other.tokens),
            usd: (self.usd - other.usd).max(0.0),
            calls: self.calls.saturating_sub(other.calls),
            pixels: self.pixels.saturating_sub(other.pixels),
        }
    }
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// The most that a run may use up; `None` for as much as it needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BudgetLimits {
    /// Turns of chat models.
    pub turns: Option<u32>,
    /// Tokens that chat models read and write.
    pub tokens: Option<u64>,
    /// Money, in US dollars.
    pub usd: Option<f64>,
    /// Time from the question on.
    pub time: Option<Duration>,
    /// Tool calls that run, those of the verifier included.
    pub calls: Option<u32>,
    /// Pixels that tools and chat models look at.
    pub pixels: Option<u64>,
}

impl BudgetLimits {
    /// Whether nothing is limited.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

/// Something would cost more than is left.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the budget of {limit} {what} does not allow it: {left} left, {needed} needed")]
pub struct OverBudget {
    /// Of what there is too little: `turns`, `tokens`, `dollars`, `tool calls`, `pixels`, `seconds`.
    pub what: &'static str,
    /// The limit.
    pub limit: String,
    /// What is left.
    pub left: String,
    /// What would be needed at most.
    pub needed: String,
}

#[derive(Debug, Default)]
struct Ledger {
    spent: Amounts,
    reserved: Amounts,
}

/// The budget of one run, shared by all that spend from it: clones are the same budget.
///
/// The worst case is reserved before each call ([`Self::reserve`]) and settled with what it came to, so that calls side by
/// side cannot spend the same rest twice.
#[derive(Debug, Clone)]
pub struct Budget {
    limits: BudgetLimits,
    /// Time that had passed before this process went on with the run.
    before: Duration,
    start: Instant,
    ledger: Arc<Mutex<Ledger>>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BudgetLimits::default())
    }
}

impl Budget {
    /// A budget of which nothing is spent. Its time begins now.
    pub fn new(limits: BudgetLimits) -> Self {
        Self::resumed(limits, Amounts::default(), Duration::ZERO)
    }

    /// A budget of which something is spent already. Time that a run was put away does not count.
    pub fn resumed(limits: BudgetLimits, spent: Amounts, elapsed: Duration) -> Self {
        let ledger = Ledger { spent, reserved: Amounts::default() };
        Self { limits, before: elapsed, start: Instant::now(), ledger: Arc::new(Mutex::new(ledger)) }
    }

    /// The limits.
    pub const fn limits(&self) -> &BudgetLimits {
        &self.limits
    }

    /// What was spent so far. What is reserved is not spent yet.
    pub fn spent(&self) -> Amounts {
        self.lock().spent
    }

    /// The time that has passed.
    pub fn elapsed(&self) -> Duration {
        self.before + self.start.elapsed()
    }

    /// The time that is left; `None` for any.
    pub fn time_left(&self) -> Option<Duration> {
        Some(self.limits.time?.saturating_sub(self.elapsed()))
    }

    /// Pixels that are neither spent nor reserved; `None` for any number.
    pub fn pixels_left(&self) -> Option<u64> {
        let ledger = self.lock();
        Some(self.limits.pixels?.saturating_sub((ledger.spent + ledger.reserved).pixels))
    }

    /// Tokens that are neither spent nor reserved; `None` for any number.
    pub fn tokens_left(&self) -> Option<u64> {
        let ledger = self.lock();
        Some(self.limits.tokens?.saturating_sub((ledger.spent + ledger.reserved).tokens))
    }

    /// What is neither spent nor reserved: limits for somebody who cannot share this budget, such as another process.
    pub fn left(&self) -> BudgetLimits {
        let taken = {
            let ledger = self.lock();
            ledger.spent + ledger.reserved
        };
        let BudgetLimits { turns, tokens, usd, calls, pixels, .. } = self.limits;
        BudgetLimits {
            turns: turns.map(|limit| limit.saturating_sub(taken.turns)),
            tokens: tokens.map(|limit| limit.saturating_sub(taken.tokens)),
            usd: usd.map(|limit| (limit - taken.usd).max(0.0)),
            time: self.time_left(),
            calls: calls.map(|limit| limit.saturating_sub(taken.calls)),
            pixels: pixels.map(|limit| limit.saturating_sub(taken.pixels)),
        }
    }

    /// How far it is spent; `None` where nothing is limited.
    pub fn spending(&self) -> Option<Spending> {
        let (limits, spent, elapsed) = (self.limits, self.spent(), self.elapsed());
        (!limits.is_unlimited()).then_some(Spending { limits, spent, elapsed })
    }

    /// Puts aside what something may cost at most.
    ///
    /// # Errors
    /// When less is left.
    pub fn reserve(&self, worst: Amounts) -> Result<Reservation, OverBudget> {
        let mut ledger = self.lock();
        self.check(ledger.spent + ledger.reserved, worst)?;
        ledger.reserved += worst;
        Ok(Reservation { budget: self.clone(), worst, open: true })
    }

    /// Takes what something came to that could not be reserved before: its cost is known only afterwards, and elsewhere.
    pub fn charge(&self, spent: Amounts) {
        self.lock().spent += spent;
    }

    /// Whether something that costs at most so much may still be done, without putting anything aside.
    ///
    /// # Errors
    /// When it may not.
    pub fn affords(&self, worst: Amounts) -> Result<(), OverBudget> {
        let taken = {
            let ledger = self.lock();
            ledger.spent + ledger.reserved
        };
        self.check(taken, worst)
    }

    fn check(&self, taken: Amounts, worst: Amounts) -> Result<(), OverBudget> {
        let limits = &self.limits;
        if let (Some(limit), Some(left)) = (limits.time, self.time_left())
            && left.is_zero()
        {
            let (limit, left) = (limit.as_secs_f64().to_string(), "0".to_owned());
            return Err(OverBudget { what: "seconds", limit, left, needed: "more".to_owned() });
        }
        whole("turns", limits.turns.map(u64::from), taken.turns.into(), worst.turns.into())?;
        whole("tokens", limits.tokens, taken.tokens, worst.tokens)?;
        whole("tool calls", limits.calls.map(u64::from), taken.calls.into(), worst.calls.into())?;
        whole("pixels", limits.pixels, taken.pixels, worst.pixels)?;
        match limits.usd {
            Some(limit) if worst.usd > 0.0 && taken.usd + worst.usd > limit => Err(OverBudget {
                what: "dollars",
                limit: dollars(limit),
                left: dollars((limit - taken.usd).max(0.0)),
                needed: dollars(worst.usd),
            }),
            _ => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole(what: &'static str, limit: Option<u64>, taken: u64, needed: u64) -> Result<(), OverBudget> {
    match limit {
        Some(limit) if needed > 0 && taken.saturating_add(needed) > limit => Err(OverBudget {
            what,
            limit: limit.to_string(),
            left: limit.saturating_sub(taken).to_string(),
            needed: needed.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Money as people read it: cents where there are some, else as many digits as it takes.
fn dollars(usd: f64) -> String {
    if usd >= 0.1 || usd == 0.0 { format!("{usd:.2}") } else { format!("{usd:.5}") }
}

/// What was put aside for something that is under way.
///
/// Dropped without being settled (nobody waited for the end), all of it counts as spent: it may have been.
#[derive(Debug)]
#[must_use = "what is not settled counts as spent"]
pub struct Reservation {
    budget: Budget,
    worst: Amounts,
    open: bool,
}

impl Reservation {
    /// What it came to. More than was reserved is possible where the worst case was an estimate.
    pub fn settle(mut self, real: Amounts) {
        self.close(real);
    }

    fn close(&mut self, real: Amounts) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let mut ledger = self.budget.lock();
        ledger.spent += real;
        ledger.reserved = ledger.reserved - self.worst;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.close(self.worst);
    }
}

/// What is spent of what is limited, for people: "2 of 6 turns, 1204 of 5000 tokens".
impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Spending { limits: self.limits, spent: self.spent(), elapsed: self.elapsed() }.fmt(formatter)
    }
}

/// How far a run is into its budget.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spending {
    /// The limits.
    pub limits: BudgetLimits,
    /// What was spent.
    pub spent: Amounts,
    /// The time that has passed.
    pub elapsed: Duration,
}

impl fmt::Display for Spending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limits, spent, elapsed } = self;
        let whole =
            |spent: u64, limit: Option<u64>, what: &str| Some(format!("{spent} of {} {what}", limit?));
        let parts = [
            whole(spent.turns.into(), limits.turns.map(u64::from), "turns"),
            whole(spent.tokens, limits.tokens, "tokens"),
            limits.usd.map(|limit| format!("${} of ${}", dollars(spent.usd), dollars(limit))),
            limits.time.map(|limit| format!("{:.1} of {} s", elapsed.as_secs_f64(), limit.as_secs_f64())),
            whole(spent.calls.into(), limits.calls.map(u64::from), "tool calls"),
            whole(spent.pixels, limits.pixels, "pixels"),
        ];
        formatter.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]
mod tests {
    use super::*;

    fn tokens(tokens: u64) -> Amounts {
        Amounts { turns: 1, tokens, ..Amounts::default() }
    }

    #[test]
    fn what_is_reserved_cannot_be_spent_twice_and_comes_back_when_settled_for_less() {
        let budget = Budget::new(BudgetLimits { tokens: Some(100), ..BudgetLimits::default() });
        let first = budget.reserve(tokens(60)).unwrap();
        let over = budget.reserve(tokens(60)).unwrap_err();
        assert_eq!(over.to_string(), "the budget of 100 tokens does not allow it: 40 left, 60 needed");
        first.settle(tokens(10));
        assert_eq!((budget.spent().tokens, budget.spent().turns), (10, 1));
        let second = budget.clone().reserve(tokens(90)).unwrap();
        assert!(budget.affords(tokens(1)).is_err() && budget.affords(tokens(0)).is_ok());
        second.settle(tokens(90));
        assert_eq!(budget.to_string(), "100 of 100 tokens");
    }

    #[test]
    fn what_nobody_settles_counts_as_spent() {
        let budget = Budget::new(BudgetLimits { usd: Some(1.0), ..BudgetLimits::default() });
        drop(budget.reserve(Amounts { usd: 0.25, ..Amounts::default() }).unwrap());
        assert_eq!(budget.to_string(), "$0.25 of $1.00");
        assert!(budget.affords(Amounts { usd: 0.76, ..Amounts::default() }).is_err());
    }

    #[test]
    fn a_run_that_goes_on_has_what_was_left() {
        let limits =
            BudgetLimits { time: Some(Duration::from_secs(10)), calls: Some(3), ..BudgetLimits::default() };
        let spent = Amounts { calls: 2, ..Amounts::default() };
        let budget = Budget::resumed(limits, spent, Duration::from_secs(4));
        assert!(budget.time_left().unwrap() <= Duration::from_secs(6));
        assert!(budget.affords(Amounts { calls: 1, ..Amounts::default() }).is_ok());
        assert!(budget.affords(Amounts { calls: 2, ..Amounts::default() }).is_err());
        let over = Budget::resumed(limits, spent, Duration::from_secs(10));
        assert_eq!(over.affords(Amounts::default()).unwrap_err().what, "seconds");
    }

    #[test]
    fn what_is_left_bounds_somebody_elsewhere_and_what_that_came_to_is_charged() {
        let budget = Budget::new(BudgetLimits { turns: Some(3), usd: Some(1.0), ..BudgetLimits::default() });
        let _under_way = budget.reserve(tokens(5)).unwrap();
        budget.charge(Amounts { turns: 1, usd: 0.75, ..Amounts::default() });
        let left = BudgetLimits { turns: Some(1), usd: Some(0.25), ..BudgetLimits::default() };
        assert_eq!(budget.left(), left);
        assert_eq!(budget.spent().turns, 1);
    }

    #[test]
    fn an_unlimited_budget_counts_and_refuses_nothing() {
        let budget = Budget::default();
        budget.reserve(tokens(u64::MAX)).unwrap().settle(tokens(5));
        assert_eq!((budget.spent().tokens, budget.to_string().as_str()), (5, ""));
    }
}
