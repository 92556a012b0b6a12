//! From a plan to the targets of one call, in the order to try them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::{Budget, Health, Limits, Standing};
use crate::config::{Group, Plan, Strategy};
use crate::error::ErrorKind;
use crate::provider::{Provider, Target};

/// So many targets are remembered.
const MOST_TARGETS: usize = 4096;

/// What an engine knows of its targets and providers.
#[derive(Debug)]
pub struct Router {
    budget: Budget,
    cooldown: Duration,
    health: RwLock<HashMap<String, Arc<Health>>>,
    limits: RwLock<HashMap<String, Option<Arc<Limits>>>>,
}

/// A target with what is known of it.
#[derive(Debug, Clone)]
pub struct Candidate {
    group: Arc<Group>,
    place: usize,
    /// How long its first delta may take.
    pub max_ttft: Option<Duration>,
    /// Errors that fall back although they would not; `None`: the alias says.
    fallback_on: Option<Arc<[ErrorKind]>>,
    /// What is known of it.
    pub health: Arc<Health>,
    /// The limits of its provider.
    pub limits: Option<Arc<Limits>>,
}

impl Candidate {
    /// Whom to ask.
    pub fn target(&self) -> &Target {
        // `place` is an index of this very group.
        &self.group.targets[self.place].target
    }

    /// Errors that fall back although they would not.
    pub fn fallback_on(&self) -> &[ErrorKind] {
        self.fallback_on
            .as_deref()
            .unwrap_or(&self.group.targets[self.place].fallback_on)
    }
}

impl Router {
    /// A router that knows nothing yet.
    pub fn new(budget: Budget, cooldown: Duration) -> Self {
        Router {
            budget,
            cooldown,
            health: RwLock::default(),
            limits: RwLock::default(),
        }
    }

    /// The targets of a plan in the order to try them. `max_ttft` and `fallback_on` of the call win over the plan's.
    pub fn order(
        &self,
        plan: &Plan,
        max_ttft: Option<Duration>,
        fallback_on: Option<&Arc<[ErrorKind]>>,
    ) -> Vec<Candidate> {
        let mut candidates = Vec::with_capacity(plan.groups.len());
        for group in &plan.groups {
            let first = candidates.len();
            candidates.extend(arrange(group).into_iter().map(|place| {
                let planned = &group.targets[place];
                let target = &planned.target;
                let of_alias = planned
                    .max_ttft_ms
                    .filter(|ms| *ms > 0)
                    .map(Duration::from_millis);
                Candidate {
                    group: group.clone(),
                    place,
                    max_ttft: max_ttft.or(of_alias),
                    fallback_on: fallback_on.cloned(),
                    health: self.health_of(target),
                    limits: self.limits_of(&target.provider),
                }
            }));
            if group.strategy == Strategy::Latency {
                // Targets never measured go first, so that every one is measured once.
                let latency = |candidate: &Candidate| candidate.health.latency_ms().unwrap_or(0.0);
                candidates[first..].sort_by(|a, b| latency(a).total_cmp(&latency(b)));
            }
        }
        if candidates.len() > 1 {
            without_cooled(&mut candidates);
        }
        candidates
    }

    fn health_of(&self, target: &Target) -> Arc<Health> {
        let name = target.name();
        if let Some(health) = self
            .health
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name)
        {
            return health.clone();
        }
        let mut all = self.health.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_TARGETS {
            // Model names come from callers: what no call is using now is forgotten.
            all.retain(|_, health| Arc::strong_count(health) > 1);
        }
        all.entry(name)
            .or_insert_with(|| Arc::new(Health::new(self.budget, self.cooldown)))
            .clone()
    }

    fn limits_of(&self, provider: &Provider) -> Option<Arc<Limits>> {
        if let Some(limits) = self
            .limits
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&provider.name)
        {
            return limits.clone();
        }
        let mut all = self.limits.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(provider.name.clone())
            .or_insert_with(|| Limits::of(provider).map(Arc::new))
            .clone()
    }
}

/// The places of a group's targets: as listed, or drawn by weight one after the other.
fn arrange(group: &Group) -> Vec<usize> {
    let mut order: Vec<usize> = (0..group.targets.len()).collect();
    if group.strategy == Strategy::Weighted && order.len() > 1 {
        // Exponential keys give a draw without replacement whose first place is by weight.
        let draw = |weight: f64| match weight > 0.0 {
            true => -fastrand::f64().max(f64::MIN_POSITIVE).ln() / weight,
            false => f64::MAX,
        };
        let keys: Vec<f64> = group
            .targets
            .iter()
            .map(|target| draw(target.weight))
            .collect();
        order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    }
    order
}

/// Leaves out targets that are cooling down; where all are, only the one that ends first stays.
fn without_cooled(candidates: &mut Vec<Candidate>) {
    let now = Instant::now();
    let standing: Vec<Standing> = candidates
        .iter()
        .map(|candidate| candidate.health.standing(now))
        .collect();
    if standing.iter().all(|standing| *standing == Standing::Ready) {
        return;
    }
    let mut places = standing.iter();
    if standing.contains(&Standing::Ready) {
        candidates.retain(|_| places.next() == Some(&Standing::Ready));
        return;
    }
    let first = standing
        .iter()
        .zip(0..)
        .filter_map(|(standing, place)| match standing {
            Standing::Cooled(until) => Some((*until, place)),
            Standing::Ready => None,
        })
        .min();
    if let Some((_, place)) = first {
        let candidate: Candidate = candidates.swap_remove(place);
        candidates.clear();
        candidates.push(candidate);
    }
}
