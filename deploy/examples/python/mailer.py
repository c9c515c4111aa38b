"""A mailer's side: tells Mailtally of a small campaign, then reads its numbers back.

python mailer.py BOOTSTRAP_SERVERS ORGANISATION CAMPAIGN   (see ../README.md)
"""

import os
import sys
import time

from campaign_pb2 import CampaignStats
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from platform_pb2 import PlatformEvent

servers, organisation, campaign = sys.argv[1:]
prefix = os.environ.get("MAILTALLY_PREFIX", "mailtally")


def event(**kind):
    """One event, which happened now."""
    happened = PlatformEvent(organisation=organisation, **kind)
    happened.time.GetCurrentTime()
    return happened


clients = {"k1": "ada@example.org", "k2": "bob@example.org", "k3": "cyd@example.org"}
message = {client: f"{campaign}-{client}" for client in clients}  # unique in the organisation: give it to the provider, too
events = [event(campaign=dict(campaign=campaign, name="Spring, from Python", subject="It is spring"))]
for client, address in clients.items():
    events.append(event(send=dict(message=message[client], campaign=campaign, client=client, address=address)))
events.append(event(refused=dict(message=message["k3"], campaign=campaign, client="k3", reason="invalid_address")))
events.append(event(withheld=dict(campaign=campaign, client="k4", reason="inactive")))

failures = []
producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
for happened in events:
    # The key is free; the organisation keeps its events in order.
    producer.produce(f"{prefix}.platform.v1", key=organisation, value=happened.SerializeToString(),
                     on_delivery=lambda error, _: failures.append(error) if error else None)
if producer.flush(30) or failures:
    sys.exit(f"not written: {failures[0] if failures else 'no broker took it within 30 s'}")

# The rows are absolute: the latest of a key is all there is to know. No offset is committed, so the group's name is nothing.
consumer = Consumer({"bootstrap.servers": servers, "group.id": "example", "enable.auto.commit": False,
                     "isolation.level": "read_committed"})
topic = f"{prefix}.campaign-stats.v1"
partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
until = time.monotonic() + 60
while time.monotonic() < until:
    record = consumer.poll(1)
    if record is None or record.error() or record.value() is None:
        continue
    row = CampaignStats.FromString(record.value())
    numbers = row.counters
    if (row.organisation, row.campaign, row.name, numbers.sent, numbers.dropped, numbers.not_sent) == (
            organisation, campaign, "Spring, from Python", 3, 1, 1):
        print(f"{row.name}: sent {numbers.sent}, pending {numbers.pending}, dropped {numbers.dropped}, not sent {numbers.not_sent}")
        break
else:
    sys.exit(f"{topic} does not show {campaign} within 60 s: does `mailtally processor` run?")
consumer.close()
