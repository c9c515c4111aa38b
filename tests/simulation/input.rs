//! What a seed's platform and providers say: few keys, so that everything meets; duplicates, disorder, bad records.

use contract::Proto as _;
use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use engine::{Output, Record, TopicPartition};
use processor::settings::Settings;

use crate::people;
use crate::random::Random;

/// Receipt time of everything, in milliseconds.
const RECEIVED_MS: i64 = 1_780_272_000_000;
/// 2026-05-01T10:00:00Z in seconds.
const START: usize = 1_777_629_600;

const WORDS: [&str; 9] =
    ["processed", "deferred", "delivered", "open", "click", "spamreport", "unsubscribe", "bounce", "dropped"];

/// Records for the two intakes, in the order in which they are appended.
pub(crate) fn records(settings: &Settings, random: &mut Random) -> Vec<Output> {
    let mut outputs = Vec::new();
    for _ in 0..40 + random.below(120) {
        let record = match random.below(27) {
            20..27 => {
                let kind = people::any(random);
                platform(settings, random, kind)
            }
            0 => platform(settings, random, campaign),
            1 => platform(settings, random, withheld),
            2 => platform(settings, random, refused),
            3 => bad(settings, random),
            4..9 => platform(settings, random, send),
            _ => webhook(settings, random),
        };
        if random.chance(20) {
            outputs.push(record.clone());
        }
        outputs.push(record);
    }
    for place in (1..outputs.len()).rev() {
        if random.chance(30) {
            let back = random.below(30).min(place);
            outputs.swap(place, place - back);
        }
    }
    outputs
}

fn output(settings: &Settings, random: &mut Random, topic: Topic, value: Vec<u8>) -> Output {
    let partition = u32::try_from(random.below(usize::try_from(settings.partitions).unwrap_or(1))).unwrap_or(0);
    let record = Record { value: Some(value.into()), timestamp_ms: RECEIVED_MS, ..Record::default() };
    Output { to: TopicPartition { topic: settings.topic(topic), partition }, record }
}

fn platform(settings: &Settings, random: &mut Random, kind: fn(&mut Random) -> String) -> Output {
    let kind = kind(random);
    let time = format!("2026-05-01T10:{:02}:{:02}Z", random.below(60), random.below(60));
    let line = format!(r#"{{"organisation":"acme","time":"{time}",{kind}}}"#);
    let event = contract::json::platform_event(line.as_bytes()).expect("a platform event");
    output(settings, random, Topic::Platform, event.encode_to_vec())
}

fn named(random: &mut Random) -> String {
    let (message, campaign) = (random.below(12), random.below(3));
    format!(
        r#""message":"m{message}","campaign":"c{campaign}","client":"k{message}","address":"k{message}@example.org""#
    )
}

fn send(random: &mut Random) -> String {
    let message = random.below(12);
    let campaign = if random.chance(90) { message % 3 } else { random.below(3) };
    let copy = random.chance(5);
    format!(
        r#""send":{{"message":"m{message}","campaign":"c{campaign}","client":"k{message}","address":"k{message}@example.org","copy":{copy},"provider":"sendgrid","account":"main","provider_message_id":"sg{message}"}}"#
    )
}

fn refused(random: &mut Random) -> String {
    format!(
        r#""refused":{{{},"reason":"{}"}}"#,
        named(random),
        random.pick(&["quota", "content_spam", "invalid_address"])
    )
}

fn withheld(random: &mut Random) -> String {
    format!(r#""withheld":{{"campaign":"c{}","client":"k{}","reason":"inactive"}}"#, random.below(3), random.below(12))
}

fn campaign(random: &mut Random) -> String {
    let campaign = random.below(3);
    format!(r#""campaign":{{"campaign":"c{campaign}","name":"Campaign {campaign}"}}"#)
}

/// A batch as SendGrid posts it: some events with our ids, some with the provider's only.
fn webhook(settings: &Settings, random: &mut Random) -> Output {
    let events: Vec<String> = (0..1 + random.below(4)).map(|_| report(random)).collect();
    let webhook = Webhook {
        provider: "sendgrid".into(),
        account: "main".into(),
        body: format!("[{}]", events.join(",")).into_bytes().into(),
        ..Webhook::default()
    };
    output(settings, random, Topic::Webhooks, webhook.encode_to_vec())
}

fn report(random: &mut Random) -> String {
    let (message, time) = (random.below(12), START + random.below(3_600));
    let event = random.pick(&WORDS);
    let ours = match random.chance(60) {
        true => format!(
            r#","mailtally_organisation":"acme","mailtally_message":"m{message}","mailtally_campaign":"c{}""#,
            message % 3
        ),
        false => String::new(),
    };
    let more = match *event {
        "bounce" => format!(r#","type":"{}","reason":"no"}}"#, random.pick(&["bounce", "blocked"])),
        "dropped" => r#","reason":"Bounced Address"}"#.to_owned(),
        "open" => format!(r#","sg_machine_open":{}}}"#, random.chance(40)),
        "click" => r#","url":"https://example.org/"}"#.to_owned(),
        _ => "}".to_owned(),
    };
    let more = more.trim_end_matches('}');
    format!(
        r#"{{"event":"{event}","email":"k{message}@example.org","timestamp":{time},"sg_message_id":"sg{message}.recvd"{ours}{more}}}"#
    )
}

/// Garbage, nothing, a foreign organisation, a time that cannot be.
fn bad(settings: &Settings, random: &mut Random) -> Output {
    let value = match random.below(3) {
        0 => b"\xff\xff\xff".to_vec(),
        1 => Vec::new(),
        _ => br#"[{"event":"open"}]"#.to_vec(),
    };
    let topic = *random.pick(&[Topic::Platform, Topic::Webhooks]);
    output(settings, random, topic, value)
}
