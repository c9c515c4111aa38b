//! What Amazon SES and SNS are known to surprise with, one test each.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use domain::{Agent, BounceClass, DropReason, Fact, Rank, Scope};
use providers::{Mapping, Outcome, Place, Reported, provider};
use serde_json::{Value, json};

const AT: &str = "2025-01-01T10:00:05.678Z";

fn read(body: &str) -> Vec<Outcome> {
    (provider("amazon_ses").expect("known").decode)(body.as_bytes(), &Mapping::default()).expect("a body")
}

fn reports(body: &Value) -> Vec<Reported> {
    let event = |outcome| if let Outcome::Event(report) = outcome { *report } else { panic!("no event: {outcome:?}") };
    read(&body.to_string()).into_iter().map(event).collect()
}

/// When the report says that it happened.
fn at(report: &Reported) -> String {
    report.time.expect("a time").rfc3339()
}

fn report(body: &Value) -> Reported {
    let mut all = reports(body);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// An event of publishing, about one recipient.
fn event(kind: &str, name: &str, inner: Value) -> Value {
    let mail = json!({
        "timestamp": "2025-01-01T10:00:00.123Z", "messageId": "ses-1", "destination": ["ada@example.com"],
        "tags": {"ses:configuration-set": ["main"], "mailtally_message": ["m-1"], "mailtally_campaign": ["spring"]},
    });
    let mut event = json!({"eventType": kind, "mail": mail});
    event[name] = inner;
    event
}

fn enveloped(event: &Value, id: &str) -> Value {
    json!({"Type": "Notification", "MessageId": id, "TopicArn": "arn", "Message": event.to_string(), "Timestamp": "2025-01-01T11:11:11.111Z"})
}

fn bounce(kind: &str, sub: &str) -> Value {
    let to = [json!({"emailAddress": "ada@example.com", "diagnosticCode": "smtp; 550 <ada@example.com> unknown"})];
    event(
        "Bounce",
        "bounce",
        json!({"bounceType": kind, "bounceSubType": sub, "timestamp": AT, "feedbackId": "f-1", "bouncedRecipients": to}),
    )
}

fn complaint(more: &Value) -> Value {
    let mut inner =
        json!({"timestamp": AT, "feedbackId": "f-2", "complainedRecipients": [{"emailAddress": "ada@example.com"}]});
    for (name, value) in more.as_object().expect("fields") {
        inner[name] = value.clone();
    }
    event("Complaint", "complaint", inner)
}

fn open(user_agent: &str) -> Value {
    event("Open", "open", json!({"timestamp": AT, "ipAddress": "192.0.2.1", "userAgent": user_agent}))
}

#[test]
fn with_both_formats_configured_a_bounce_is_one_event() {
    let published = bounce("Permanent", "General");
    let mut feedback = published.clone();
    feedback["notificationType"] = feedback["eventType"].take();
    feedback["mail"]["tags"] = Value::Null;
    let (one, other) = (report(&enveloped(&published, "sns-1")), report(&enveloped(&feedback, "sns-2")));
    assert_eq!(one.id, other.id);
    assert_ne!(one.own_id, other.own_id);
}

#[test]
fn raw_delivery_and_envelope_are_one_event() {
    let delivery = event("Delivery", "delivery", json!({"timestamp": AT, "recipients": ["ada@example.com"]}));
    assert_eq!(report(&delivery).id, report(&enveloped(&delivery, "sns-1")).id);
}

#[test]
fn suppressed_is_dropped_not_bounced() {
    for sub in ["Suppressed", "OnAccountSuppressionList"] {
        let Fact::Dropped(drop) = report(&bounce("Permanent", sub)).fact else { panic!("{sub} is no drop") };
        assert_eq!((drop.reason, drop.scope), (DropReason::PriorBounce, Scope::Address));
        assert_eq!(drop.text, "smtp; 550 <[address]> unknown");
    }
}

#[test]
fn a_mail_to_somebody_who_left_its_list_was_never_sent() {
    let fact = report(&bounce("Permanent", "UnsubscribedRecipient")).fact;
    assert!(matches!(&fact, Fact::Dropped(drop) if drop.reason == DropReason::Unsubscribed), "{fact:?}");
}

#[test]
fn raw_delivery_has_the_notifications_id_in_a_header() {
    let headers = [("x-amz-sns-message-id", "sns-7")];
    let read = |body: &Value| {
        let read =
            provider("amazon_ses").expect("known").read(&headers, body.to_string().as_bytes(), &Mapping::default());
        match read.expect("a body").remove(0) {
            Outcome::Event(report) => report.event_keys(),
            other => panic!("no event: {other:?}"),
        }
    };
    let sent = event("Send", "send", json!({}));
    assert_eq!(read(&sent), read(&enveloped(&sent, "sns-7")));
}

#[test]
fn bounce_types_have_classes() {
    let cases = [
        ("Permanent", "General", BounceClass::Hard),
        ("Permanent", "NoEmail", BounceClass::Hard),
        ("Transient", "General", BounceClass::Soft),
        ("Transient", "MailboxFull", BounceClass::Soft),
        ("Transient", "MessageTooLarge", BounceClass::Soft),
        ("Transient", "CustomTimeoutExceeded", BounceClass::Soft),
        ("Transient", "ContentRejected", BounceClass::Block),
        ("Transient", "AttachmentRejected", BounceClass::Block),
        ("Undetermined", "Undetermined", BounceClass::Undetermined),
        ("Brand", "New", BounceClass::Undetermined),
    ];
    for (kind, sub, expected) in cases {
        let fact = report(&bounce(kind, sub)).fact;
        assert!(
            matches!(&fact, Fact::Bounced { class, asynchronous: false, .. } if *class == expected),
            "{kind}/{sub}: {fact:?}"
        );
    }
}

#[test]
fn not_spam_is_no_complaint() {
    let read = read(&complaint(&json!({"complaintFeedbackType": "not-spam"})).to_string());
    assert!(matches!(&read[..], [Outcome::Ignored { why: "not_spam", recipient: Some(_), .. }]), "{read:?}");
    assert_eq!(report(&complaint(&json!({"complaintFeedbackType": "abuse"}))).fact, Fact::Complained);
    assert_eq!(report(&complaint(&json!({}))).fact, Fact::Complained);
}

#[test]
fn a_complaint_on_the_account_list_was_never_sent() {
    let Fact::Dropped(drop) = report(&complaint(&json!({"complaintSubType": "OnAccountSuppressionList"}))).fact else {
        panic!("no drop")
    };
    assert_eq!(drop.reason, DropReason::PriorSpam);
}

#[test]
fn rendering_failure_has_a_space() {
    for kind in ["Rendering Failure", "RenderingFailure"] {
        let Fact::Dropped(drop) = report(&event(kind, "failure", json!({"errorMessage": "no 'name'"}))).fact else {
            panic!("{kind} is no drop")
        };
        assert_eq!((drop.reason, drop.text.as_str()), (DropReason::Rendering, "no 'name'"));
    }
}

#[test]
fn a_delivery_delay_is_not_final() {
    let delayed = json!([{"emailAddress": "ada@example.com", "status": "4.4.1"}]);
    let delay = event(
        "DeliveryDelay",
        "deliveryDelay",
        json!({"timestamp": AT, "delayType": "General", "delayedRecipients": delayed}),
    );
    assert_eq!(report(&delay).fact, Fact::Deferred { reason: "4.4.1".to_owned() });
    assert_eq!(report(&delay).classification.as_deref(), Some("General"));
}

#[test]
fn a_reject_is_a_virus() {
    let Fact::Dropped(drop) = report(&event("Reject", "reject", json!({"reason": "Bad content"}))).fact else {
        panic!("no drop")
    };
    assert_eq!((drop.reason, drop.scope), (DropReason::ContentVirus, Scope::Message));
}

#[test]
fn an_open_does_not_say_which_recipient() {
    let mut both = open("Firefox");
    both["mail"]["destination"] = json!(["ada@example.com", "bob@example.com"]);
    assert_eq!(report(&both).recipient, None);
    assert_eq!(report(&open("Firefox")).recipient.as_deref(), Some("ada@example.com"));
}

#[test]
fn one_event_may_be_about_several_recipients() {
    let mut send = event("Send", "send", json!({}));
    send["mail"]["destination"] = json!(["Ada <ada@example.com>", "bob@example.com"]);
    let both = reports(&enveloped(&send, "sns-1"));
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].recipient.as_deref(), Some("ada@example.com"));
    assert_ne!(both[0].id, both[1].id);
    assert_ne!(both[0].own_id, both[1].own_id);
}

#[test]
fn the_time_is_the_events_own_not_that_of_sns() {
    assert_eq!(at(&report(&enveloped(&bounce("Permanent", "General"), "s"))), AT);
    let send = enveloped(&event("Send", "send", json!({})), "s");
    assert_eq!(at(&report(&send)), "2025-01-01T10:00:00.123Z");
    let timeless = enveloped(&event("Open", "open", json!({})), "s");
    assert_eq!(at(&report(&timeless)), "2025-01-01T11:11:11.111Z");
}

#[test]
fn a_time_may_have_a_space_before_its_offset() {
    let arrived = json!({"timestamp": null, "arrivalDate": "2018-10-08T14:05:45 +0000"});
    assert_eq!(at(&report(&complaint(&arrived))), "2018-10-08T14:05:45Z");
}

#[test]
fn tags_are_lists_and_the_automatic_ones_are_left_out() {
    let mut tagged = open("Firefox");
    tagged["mail"]["tags"]["season"] = json!(["spring", "2025"]);
    let said = report(&tagged);
    assert_eq!(
        (said.message.as_deref(), said.campaign.as_deref(), said.rank),
        (Some("m-1"), Some("spring"), Rank::CustomData)
    );
    assert_eq!(said.tags, ["season=spring", "season=2025"]);
}

#[test]
fn identity_feedback_has_no_tags_but_may_have_headers() {
    let mut feedback = open("Firefox");
    feedback["mail"]["tags"] = Value::Null;
    let headers = |named: Value| {
        let mut body = feedback.clone();
        body["mail"].as_object_mut().expect("mail").remove("tags");
        body["mail"]["headers"] = json!([named]);
        report(&body).message
    };
    let tags = json!({"name": "X-SES-MESSAGE-TAGS", "value": "a=b, mailtally_message=m-2"});
    assert_eq!(headers(tags).as_deref(), Some("m-2"));
    assert_eq!(headers(json!({"name": "MAILTALLY_message", "value": "m-3"})).as_deref(), Some("m-3"));
    assert_eq!(headers(json!({"name": "X-Metadata", "value": "{\"mailtally_message\": 4}"})).as_deref(), Some("4"));
    assert_eq!(headers(json!({"name": "X-Other", "value": "m"})), None);
}

#[test]
fn tags_that_are_null_or_empty_leave_the_word_to_the_headers() {
    for tags in [Value::Null, json!({}), json!({"ses:configuration-set": ["main"]})] {
        let mut body = open("Firefox");
        body["mail"]["tags"] = tags;
        body["mail"]["headers"] = json!([{"name": "X-SES-MESSAGE-TAGS", "value": "mailtally_message=m-2"}]);
        assert_eq!(report(&body).message.as_deref(), Some("m-2"));
    }
}

#[test]
fn a_raw_delivery_may_lack_every_time() {
    let body = json!({"eventType": "Open", "mail": {"messageId": "m"}, "open": {"userAgent": "Firefox"}});
    assert_eq!(report(&body).time, None);
}

#[test]
fn a_campaign_out_of_a_named_tag_counts_less() {
    let mapping = Mapping { campaign: Place::Tag("season".to_owned()), ..Mapping::default() };
    let mut tagged = open("Firefox");
    tagged["mail"]["tags"]["season"] = json!(["spring-25"]);
    let read =
        (provider("amazon_ses").expect("known").decode)(tagged.to_string().as_bytes(), &mapping).expect("a body");
    let [Outcome::Event(said)] = &read[..] else { panic!("{read:?}") };
    assert_eq!((said.campaign.as_deref(), said.rank), (Some("spring-25"), Rank::Tags));
}

#[test]
fn set_up_is_no_event() {
    let notice = "Successfully validated SNS topic for Amazon SES event publishing.";
    let enveloped = json!({"Type": "Notification", "MessageId": "s", "Message": notice}).to_string();
    let confirmation =
        json!({"Type": "SubscriptionConfirmation", "Message": "m", "SubscribeURL": "https://example.com"}).to_string();
    for body in [notice, &enveloped, &confirmation] {
        assert!(matches!(&read(body)[..], [Outcome::Ignored { why: "set_up", .. }]), "{body}");
    }
}

#[test]
fn no_flag_says_who_opened_or_clicked() {
    assert_eq!(report(&open("Mozilla/5.0 (Macintosh) Safari/605")).fact, Fact::Opened(Agent::Unknown));
    let proxy = report(&open("Mozilla/5.0"));
    assert_eq!((proxy.fact, proxy.agent_rule), (Fact::Opened(Agent::Machine), Some("bare_user_agent")));
    let click = event(
        "Click",
        "click",
        json!({"timestamp": AT, "link": "https://a.example/x?id=1#y", "userAgent": "Mozilla/5.0"}),
    );
    assert_eq!(
        report(&click).fact,
        Fact::Clicked { agent: Agent::Unknown, link: "https://a.example/x?id=".to_owned() }
    );
}

fn subscription(old: &Value, new: &Value) -> Vec<Outcome> {
    read(
        &event(
            "Subscription",
            "subscription",
            json!({"contactList": "shop", "timestamp": AT, "oldTopicPreferences": old, "newTopicPreferences": new}),
        )
        .to_string(),
    )
}

fn preferences(all: bool, offers: &str) -> Value {
    json!({"unsubscribeAll": all, "topicSubscriptionStatus": [{"topicName": "offers", "subscriptionStatus": offers}]})
}

#[test]
fn a_subscription_tells_old_and_new_only_what_differs_happened() {
    let facts = |old: &Value, new: &Value| -> Vec<Fact> {
        let fact = |outcome| if let Outcome::Event(report) = outcome { Some(report.fact) } else { None };
        subscription(old, new).into_iter().filter_map(fact).collect()
    };
    let offers = || Scope::List("offers".to_owned());
    let away = |scope| Fact::Unsubscribed { scope, from_register: false };
    let back = |scope| Fact::Resubscribed { scope, from_register: false };
    let (none, out) = (preferences(false, "OptIn"), preferences(true, "OptOut"));
    assert_eq!(facts(&none, &out), [away(Scope::Organisation), away(offers())]);
    assert_eq!(facts(&out, &none), [back(Scope::Organisation), back(offers())]);
    assert_eq!(facts(&preferences(false, "OptOut"), &out), [away(Scope::Organisation)]);
    assert_eq!(facts(&Value::Null, &preferences(false, "OptOut")), [away(offers())]);
    let unchanged = subscription(&none, &none);
    assert!(matches!(&unchanged[..], [Outcome::Ignored { why: "no_change", .. }]), "{unchanged:?}");
}

#[test]
fn facts_of_one_subscription_are_events_of_their_own() {
    let read = subscription(&preferences(false, "OptIn"), &preferences(true, "OptOut"));
    let [Outcome::Event(all), Outcome::Event(offers)] = &read[..] else { panic!("{read:?}") };
    assert_ne!(all.id, offers.id);
}

#[test]
fn what_cannot_be_read_says_why() {
    let reason = |body: Value| match &read(&body.to_string())[..] {
        [Outcome::Rejected { why, raw }] => {
            assert_eq!(raw, body.to_string().as_bytes());
            why.reason
        }
        other => panic!("not rejected: {other:?}"),
    };
    assert_eq!(reason(json!({"Type": "Letter"})), "unknown_envelope");
    assert_eq!(reason(json!({"Type": "Notification"})), "unknown_envelope");
    assert_eq!(reason(json!({"Type": "Notification", "Message": "{"})), "not_json");
    assert_eq!(reason(json!({"Type": "Notification", "Message": "[]"})), "not_an_object");
    assert_eq!(reason(json!({"some": "thing"})), "no_event");
    assert_eq!(
        reason(json!({"eventType": "Open", "open": {"timestamp": "soon"}, "mail": {"messageId": "m"}})),
        "bad_time"
    );
}
