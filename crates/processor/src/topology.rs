//! The page to show a newcomer: which fold reads what, and where its rows go.

use std::sync::Arc;

use contract::topic::Topic;
use engine::{Fold, Processor, TaskId, Topology};

use crate::decode::Decode;
use crate::fold::{Campaigns, Contacts, Correlate, Messages};
use crate::settings::Settings;

/// Makes the processor of one task.
type Make = fn(Arc<Settings>) -> Box<dyn Processor>;

/// How many folds there are.
pub const FOLDS: usize = 6;

/// One line a fold: name, input, state topic, version of its rules, and who folds.
const TABLE: [(&str, Topic, Option<Topic>, u32, Make); FOLDS] = [
    ("decode-platform", Topic::Platform, None, 1, |settings| Box::new(Decode::platform(settings))),
    ("decode-webhooks", Topic::Webhooks, None, 1, |settings| Box::new(Decode::webhooks(settings))),
    ("correlate", Topic::Correlations, Some(Topic::CorrelationState), 1, |settings| Box::new(Correlate::new(settings))),
    ("messages", Topic::Events, Some(Topic::MessageStatus), 1, |settings| Box::new(Messages::new(settings))),
    ("contacts", Topic::ContactEvents, Some(Topic::ContactState), 1, |settings| Box::new(Contacts::new(settings))),
    ("campaigns", Topic::CampaignPartials, Some(Topic::CampaignStats), 1, |settings| {
        Box::new(Campaigns::new(settings))
    }),
];

/// All folds of an installation, in flow order.
pub fn topology(settings: &Settings) -> Topology {
    let fold = |(name, input, state, version, _): &(&'static str, Topic, Option<Topic>, u32, Make)| Fold {
        name,
        input: settings.topic(*input),
        state: state.map(|topic| settings.topic(topic)),
        publishes: state.is_some(),
        version: *version,
    };
    Topology { folds: TABLE.iter().map(fold).collect() }
}

/// The processor of a task; `None` when the task is of another topology.
pub fn processor(settings: &Arc<Settings>, task: TaskId) -> Option<Box<dyn Processor>> {
    TABLE.get(usize::from(task.fold)).map(|(_, _, _, _, make)| make(Arc::clone(settings)))
}
