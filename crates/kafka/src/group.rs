//! Who is in a consumer group, and whose each partition is: what the group's coordinator tells to anybody who may ask.

use std::collections::BTreeMap;

use engine::{Topic, TopicPartition};
use log::Error;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::groups::GroupMemberInfo;

use crate::Kafka;
use crate::error::{explain, sort};

/// A consumer group as its coordinator sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The coordinator's word: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`, `Dead`; `Empty` where there never
    /// was such a group.
    pub state: String,
    /// Its members, by name.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupMember {
    /// Its worker's name.
    pub name: String,
    /// Where it connects from.
    pub host: String,
    /// Its partitions, in order.
    pub partitions: Vec<TopicPartition>,
}

impl Group {
    /// Whose a partition is.
    pub fn owner(&self, partition: &TopicPartition) -> Option<&GroupMember> {
        self.members.iter().find(|member| member.partitions.binary_search(partition).is_ok())
    }
}

impl Kafka {
    /// Who is in a group.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no coordinator answers, [`Error::Refused`] when this user may not ask.
    pub fn group(&self, group: &str) -> Result<Group, Error> {
        let observer = self.observer(group)?;
        let found = observer.fetch_group_list(Some(group), self.options().patience);
        let doing = || format!("ask for the members of group {group}");
        let trouble = &observer.client().context().trouble;
        let found = found.map_err(|error| explain(&doing(), &self.options().bootstrap_servers, &error, trouble))?;
        let Some(found) = found.groups().iter().find(|found| found.name() == group) else {
            return Ok(Group { state: "Empty".to_owned(), members: Vec::new() });
        };
        if found.state().is_empty() {
            // The answer for who may not describe it.
            let code = RDKafkaErrorCode::GroupAuthorizationFailed;
            return Err(sort(&doing(), &self.options().bootstrap_servers, code, &code.to_string()));
        }
        let mut members: Vec<GroupMember> = found.members().iter().map(member).collect();
        members.sort();
        let state = if found.state() == "Dead" { "Empty" } else { found.state() };
        Ok(Group { state: state.to_owned(), members })
    }
}

fn member(member: &GroupMemberInfo) -> GroupMember {
    GroupMember {
        name: member.client_id().to_owned(),
        host: member.client_host().trim_start_matches('/').to_owned(),
        partitions: member.assignment().and_then(assigned).unwrap_or_default(),
    }
}

/// The partitions of an assignment as the classic protocol writes it (ConsumerProtocolAssignment, all versions): version, then
/// topics, each with its partitions; what follows is the assignor's own. `None` when it ends before its end.
fn assigned(bytes: &[u8]) -> Option<Vec<TopicPartition>> {
    let mut rest = bytes;
    take::<2>(&mut rest)?;
    let mut partitions: BTreeMap<TopicPartition, ()> = BTreeMap::new();
    for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
        let length = usize::from(u16::from_be_bytes(take(&mut rest)?));
        let (name, after) = rest.split_at_checked(length)?;
        rest = after;
        let topic = Topic::new(std::str::from_utf8(name).ok()?);
        for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
            let partition = u32::from_be_bytes(take(&mut rest)?);
            partitions.insert(TopicPartition { topic: topic.clone(), partition }, ());
        }
    }
    Some(partitions.into_keys().collect())
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_a_broken_one_is_none() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        for (topic, partitions) in [("m.events.v1", &[2_u32, 0][..]), ("m.a", &[7])] {
            bytes.extend(u16::try_from(topic.len()).expect("short").to_be_bytes());
            bytes.extend(topic.as_bytes());
            bytes.extend(u32::try_from(partitions.len()).expect("few").to_be_bytes());
            partitions.iter().for_each(|partition| bytes.extend(partition.to_be_bytes()));
        }
        let whole = bytes.len();
        bytes.extend([0xff, 0xff, 0xff, 0xff]);
        let of = |topic: &str, partition| TopicPartition { topic: Topic::new(topic), partition };
        let expected = vec![of("m.a", 7), of("m.events.v1", 0), of("m.events.v1", 2)];
        assert_eq!(assigned(&bytes), Some(expected.clone()));
        let group = Group {
            state: "Stable".to_owned(),
            members: vec![GroupMember { name: "p-0".to_owned(), host: "h".to_owned(), partitions: expected }],
        };
        assert_eq!(group.owner(&of("m.events.v1", 2)).map(|member| member.name.as_str()), Some("p-0"));
        assert_eq!(group.owner(&of("m.events.v1", 1)), None);
        for cut in 0..whole {
            assert_eq!(assigned(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}
