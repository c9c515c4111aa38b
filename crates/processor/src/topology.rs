//! The page to show a newcomer: which fold reads what, and where its rows go.

use std::sync::Arc;

use contract::topic::Topic;
use engine::{Fold, Processor, Refold, TaskId, Topology};

use crate::decode::Decode;
use crate::fold::{Campaigns, Contacts, Correlate, Messages};
use crate::settings::Settings;

/// Makes the processor of one task, for a version of its rules.
type Make = fn(Arc<Settings>, u32) -> Box<dyn Processor>;

/// How many folds there are.
pub const FOLDS: usize = 6;

/// One line of [`TABLE`].
type Line = (&'static str, Topic, Option<Topic>, u32, Refold, Make);

/// One line a fold: name, input, state topic, version of its rules, what a rebuild needs of the input, and who folds.
///
/// Events and contact events are kept for ever, so all of them are folded again. Of correlations 30 days are kept, which is
/// how long a row of theirs lives; of partials the latest of each source, which is absolute.
const TABLE: [Line; FOLDS] = [
    ("decode-platform", Topic::Platform, None, 1, Refold::Remaining, |settings, _| {
        Box::new(Decode::platform(settings))
    }),
    ("decode-webhooks", Topic::Webhooks, None, 1, Refold::Remaining, |settings, _| {
        Box::new(Decode::webhooks(settings))
    }),
    ("correlate", Topic::Correlations, Some(Topic::CorrelationState), 1, Refold::Remaining, |settings, version| {
        Box::new(Correlate::new(settings, version))
    }),
    ("messages", Topic::Events, Some(Topic::MessageStatus), 1, Refold::Whole, |settings, version| {
        Box::new(Messages::new(settings, version))
    }),
    ("contacts", Topic::ContactEvents, Some(Topic::ContactState), 1, Refold::Whole, |settings, version| {
        Box::new(Contacts::new(settings, version))
    }),
    ("campaigns", Topic::CampaignPartials, Some(Topic::CampaignStats), 1, Refold::Remaining, |settings, version| {
        Box::new(Campaigns::new(settings, version))
    }),
];

/// All folds of an installation, in flow order.
pub fn topology(settings: &Settings) -> Topology {
    let fold = |(name, input, state, version, refold, _): &Line| Fold {
        name,
        input: settings.topic(*input),
        state: state.map(|topic| settings.topic(topic)),
        publishes: state.is_some(),
        version: *version,
        refold: *refold,
    };
    Topology { folds: TABLE.iter().map(fold).collect() }
}

/// The processor of a task; `None` when the task is of another topology.
pub fn processor(settings: &Arc<Settings>, task: TaskId) -> Option<Box<dyn Processor>> {
    let (_, _, _, version, _, make) = TABLE.get(usize::from(task.fold))?;
    Some(make(Arc::clone(settings), *version))
}

/// The same under another version of its rules: what shows a rebuild before there is a second version.
pub fn processor_of_version(settings: &Arc<Settings>, task: TaskId, version: u32) -> Option<Box<dyn Processor>> {
    TABLE.get(usize::from(task.fold)).map(|(_, _, _, _, _, make)| make(Arc::clone(settings), version))
}
