//! For a log that stands before another and changes some of its calls: the others are passed on by name, so that none with a
//! default is forgotten and answered by the wrong log.

/// Inside an `impl Log`, with [`crate::Log`] in scope: passes the named calls on to the log in this field.
///
/// ```
/// # use mailtally_log as log;
/// # use engine::{Offset, Output};
/// use log::Log;
/// struct Full(std::sync::Arc<dyn Log>);
/// impl Log for Full {
///     log::forward!(0: id, create_topic, topics, bounds, read, poll, release, join, committed, producer, version, wait);
///     fn append(&self, _: Vec<Output>) -> Result<Vec<Offset>, log::Error> {
///         Err(log::Error::Unavailable("full".to_owned()))
///     }
/// }
/// ```
#[macro_export]
macro_rules! forward {
    ($under:tt: $($call:ident),+ $(,)?) => {
        $($crate::forward!(@$call $under);)+
    };
    (@id $under:tt) => {
        fn id(&self) -> $crate::LogId {
            self.$under.id()
        }
    };
    (@create_topic $under:tt) => {
        fn create_topic(&self, spec: &$crate::TopicSpec) -> Result<$crate::TopicDescription, $crate::Error> {
            self.$under.create_topic(spec)
        }
    };
    (@topics $under:tt) => {
        fn topics(&self) -> Result<Vec<$crate::TopicDescription>, $crate::Error> {
            self.$under.topics()
        }
    };
    (@bounds $under:tt) => {
        fn bounds(&self, of: &$crate::engine::TopicPartition) -> Result<$crate::Bounds, $crate::Error> {
            self.$under.bounds(of)
        }
    };
    (@read $under:tt) => {
        fn read(
            &self,
            of: &$crate::engine::TopicPartition,
            from: $crate::engine::Offset,
            limit: $crate::ReadLimit,
        ) -> Result<$crate::Read, $crate::Error> {
            self.$under.read(of, from, limit)
        }
    };
    (@poll $under:tt) => {
        fn poll(
            &self,
            of: &$crate::engine::TopicPartition,
            from: $crate::engine::Offset,
            limit: $crate::ReadLimit,
        ) -> Result<$crate::Read, $crate::Error> {
            self.$under.poll(of, from, limit)
        }
    };
    (@release $under:tt) => {
        fn release(&self, of: &$crate::engine::TopicPartition) {
            self.$under.release(of);
        }
    };
    (@join $under:tt) => {
        fn join(
            &self,
            name: &str,
            group: &str,
            topics: &[$crate::engine::Topic],
        ) -> Result<Option<Box<dyn $crate::Membership>>, $crate::Error> {
            self.$under.join(name, group, topics)
        }
    };
    (@committed $under:tt) => {
        fn committed(
            &self,
            group: &str,
            of: &[$crate::engine::TopicPartition],
        ) -> Result<Vec<Option<$crate::engine::Offset>>, $crate::Error> {
            self.$under.committed(group, of)
        }
    };
    (@producer $under:tt) => {
        fn producer(&self, transactional_id: &str) -> Result<Box<dyn $crate::Producer>, $crate::Error> {
            self.$under.producer(transactional_id)
        }
    };
    (@append $under:tt) => {
        fn append(&self, records: Vec<$crate::engine::Output>) -> Result<Vec<$crate::engine::Offset>, $crate::Error> {
            self.$under.append(records)
        }
    };
    (@version $under:tt) => {
        fn version(&self) -> u64 {
            self.$under.version()
        }
    };
    (@wait $under:tt) => {
        fn wait(&self, seen: u64, timeout: std::time::Duration) -> u64 {
            self.$under.wait(seen, timeout)
        }
    };
}
