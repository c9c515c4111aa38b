//! An organisation with a campaign of messages of every kind, behind the API.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::private::v1::{Mail, Person, Private, private::Row};
use contract::topic::Topic;
use dashboard::{Access, Role, Viewer, grant};
use domain::{Agent, Attribution, BounceClass, Drop, DropReason, Event, EventId, Fact, Message, Rank, Scope, Time};
use engine::{Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use rest::Rest;
use serde_json::Value;
use store::{Memory, Stores as _};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use view::{Follow, TOPICS, View};

/// The campaign, by an id that has to be encoded.
pub(crate) const CAMPAIGN: &str = "c/1 ?";
/// The same in an address.
pub(crate) const ENCODED: &str = "c%2F1%20%3F";
/// When everything begins, in seconds since the Unix epoch: 2026-05-02T00:00:00Z.
pub(crate) const BEGIN: i64 = 1_777_680_000;

/// Something of `acme`, asked by somebody.
pub(crate) struct Site {
    pub(crate) follow: Follow,
    pub(crate) view: Arc<View>,
    router: Router,
    tokens: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

/// The facts of each message, an hour apart from the second on.
pub(crate) fn facts(name: &str) -> Vec<Vec<Fact>> {
    let bounced = |class| Fact::Bounced { class, asynchronous: false, reason: name.into() };
    let dropped = |reason| Fact::Dropped(Drop { reason, scope: Scope::Organisation, text: name.into() });
    let clicked = Fact::Clicked { agent: Agent::Human, link: name.into() };
    vec![
        vec![Fact::Sent],
        vec![Fact::Sent, Fact::Delivered],
        vec![Fact::Sent, Fact::Delivered, Fact::Opened(Agent::Human)],
        vec![Fact::Sent, Fact::Delivered, Fact::Opened(Agent::Machine)],
        vec![Fact::Sent, Fact::Delivered, Fact::Opened(Agent::Human), clicked],
        vec![Fact::Sent, Fact::Delivered, Fact::Complained],
        vec![Fact::Sent, bounced(BounceClass::Hard)],
        vec![Fact::Sent, bounced(BounceClass::Block)],
        vec![Fact::Sent, dropped(DropReason::Quota)],
        vec![Fact::Sent, dropped(DropReason::PriorBounce)],
        vec![Fact::Withheld(domain::WithheldReason::Inactive)],
    ]
}

fn message(id: &str, client: &str, facts: &[Fact]) -> Message {
    let mut message = Message::default();
    for (place, fact) in facts.iter().enumerate() {
        let at = BEGIN + 3_600 * i64::try_from(place).unwrap();
        let mut event = EventId::default();
        event.0[0] = u8::try_from(place).unwrap();
        message.fold(&Event {
            organisation: "acme".into(),
            message: id.into(),
            id: event,
            time: Time::from_micros(at * 1_000_000),
            decoder: 1,
            retracted: false,
            rank: Rank::Send,
            attribution: Attribution {
                campaign: Some(CAMPAIGN.into()),
                client: Some(client.into()),
                ..Attribution::default()
            },
            provider: String::new(),
            fact: fact.clone(),
            arrival: domain::Arrival::default(),
        });
    }
    message
}

fn records(name: &str) -> Vec<(Topic, bytes::Bytes, Vec<u8>)> {
    let mut counters = domain::Counters::default();
    let mut records = Vec::new();
    let private = |row: Row| Private { row: Some(row), ..Private::default() }.encode_to_vec();
    for (place, facts) in facts(name).iter().enumerate() {
        let (id, client) = (format!("m{place}"), format!("{name}{place}"));
        let message = message(&id, &client, facts);
        counters.add(&domain::Contribution::of(&message).unwrap().counters);
        let row = contract::message::to_wire(&message).encode_to_vec();
        records.push((Topic::MessageStatus, contract::key::message("acme", &id), row));
        let person = private(Row::Person(Person { name: name.into(), since: None }));
        records.push((Topic::Private, contract::key::private("acme", &client, ""), person));
        let mail = private(Row::Mail(Mail { address: name.into(), subject: String::new() }));
        records.push((Topic::Private, contract::key::private("acme", &client, &format!("mail/{id}")), mail));
    }
    let stats = CampaignStats {
        organisation: "acme".into(),
        campaign: CAMPAIGN.into(),
        name: name.into(),
        subject: name.into(),
        sender: name.into(),
        counters: Some(contract::counters::to_wire(&counters)),
        ..CampaignStats::default()
    };
    records.push((Topic::CampaignStats, contract::key::campaign("acme", CAMPAIGN), stats.encode_to_vec()));
    records
}

impl Site {
    /// Everything named like this.
    pub(crate) fn of(name: &str) -> Self {
        let log = Model::new("model");
        for topic in TOPICS {
            let of = engine::Topic::new(&topic.name("t"));
            log.create_topic(&TopicSpec { name: of, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } })
                .unwrap();
        }
        for (topic, key, value) in records(name) {
            let to = TopicPartition { topic: engine::Topic::new(&topic.name("t")), partition: 0 };
            let record = Record { key: Some(key), value: Some(value.into()), ..Record::default() };
            log.append(vec![Output { to, record }]).unwrap();
        }
        let view = Arc::new(View::new(Memory::default().open("view").unwrap(), "model").unwrap());
        let follow =
            Follow { log: Arc::new(log), view: Arc::clone(&view), prefix: "t".into(), partitions: 1, now_ms: || 0 };
        while follow.catch_up(&AtomicBool::new(false)).expect("follows") {}
        let folder = tempfile::tempdir().unwrap();
        let tokens = folder.path().join("tokens");
        let access = Arc::new(Access::new(tokens.clone()));
        let router =
            rest::router(Arc::new(Rest { view: Arc::clone(&view), access, long: Arc::new(Semaphore::new(1)) }));
        Self { view, follow, router, tokens, _folder: folder }
    }

    /// A token of an organisation.
    pub(crate) fn token(&self, organisation: &str, role: Role) -> String {
        grant(&self.tokens, &Viewer { organisation: organisation.into(), role, name: "Ada".into() }).unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 24).await.expect("an answer that is not broken off");
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("text"))
    }

    /// What a viewer of `acme` is answered.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        let token = self.token("acme", Role::Viewer);
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    /// The data of an answer.
    pub(crate) async fn data(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str::<Value>(&body).expect("JSON")["data"].take()
    }

    /// What a sender of `acme` is answered to a body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, String) {
        let token = self.token("acme", Role::Sender);
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let (status, _, body) = self.ask(request.body(Body::from(body.to_string())).unwrap()).await;
        (status, body)
    }
}
