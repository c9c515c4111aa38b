"""An analyst's side: the published rows as a table and a plot.

python analyst.py BOOTSTRAP_SERVERS PLOT.svg   (see ../README.md)
"""

import os
import sys

import polars
from campaign_pb2 import CampaignStats
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from matplotlib import pyplot
from message_pb2 import MessageState, Status

servers, plot = sys.argv[1:]
prefix = os.environ.get("MAILTALLY_PREFIX", "mailtally")


def rows(topic):
    """Key and value of every row that holds now: the latest of each key, without those that a tombstone removed."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "example", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True})
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    if not partitions:
        sys.exit(f"no topic {topic} at {servers}")
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    latest, reading = {}, len(partitions)
    while reading:
        for record in consumer.consume(1000, timeout=1):
            if record.error() and record.error().code() == KafkaError._PARTITION_EOF:
                reading -= 1
            elif record.error():
                sys.exit(f"{topic}: {record.error()}")
            elif record.value() is None:
                latest.pop(record.key(), None)
            else:
                latest[record.key()] = record.value()
    consumer.close()
    return latest.items()


def parts(key):
    """The parts of a key: each its length, in one byte or two of seven bits, and its bytes."""
    found, at = [], 0
    while at < len(key):
        length, at = key[at], at + 1
        if length > 127:
            length, at = length - 128 + 128 * key[at], at + 1
        found.append(key[at:at + length].decode())
        at += length
    return found


campaigns, messages = [], []
for _, value in rows(f"{prefix}.campaign-stats.v1"):
    row = CampaignStats.FromString(value)
    count = row.counters
    campaigns.append({"organisation": row.organisation, "campaign": row.campaign, "name": row.name, "sent": count.sent,
                      "delivered": count.delivered, "open": count.opened, "click": count.clicked, "bounce": count.bounced,
                      "dropped": count.dropped, "not sent": count.not_sent})
for key, value in rows(f"{prefix}.message-status.v1"):
    row = MessageState.FromString(value)
    if row.status != Status.STATUS_WITHHELD and not row.copy and row.campaign:  # those are outside Sent
        messages.append({"organisation": parts(key)[0], "campaign": row.campaign,
                         "status": Status.Name(row.status).removeprefix("STATUS_").lower()})
if not campaigns or not messages:
    sys.exit(f"no rows in {prefix}.campaign-stats.v1 and {prefix}.message-status.v1 yet")

of = ["organisation", "campaign"]
statuses = polars.DataFrame(messages)
table = polars.DataFrame(campaigns).sort("sent", "campaign", descending=[True, False])
table = table.with_columns((polars.col("open") / polars.col("sent")).round(4).alias("open rate"))
table = table.join(statuses.group_by(of).len("rows"), on=of, how="left")
with polars.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, tbl_hide_dataframe_shape=True,
                   tbl_hide_column_data_types=True):
    print(table)

shares = statuses.pivot("status", index=of, values="status", aggregate_function="len").fill_null(0)
shares = table.select(of).head(20).reverse().join(shares, on=of, how="inner", maintain_order="left")
left = [0] * len(shares)
for word in shares.columns[2:]:
    pyplot.barh(shares["campaign"], shares[word], left=left, label=word)
    left = [already + more for already, more in zip(left, shares[word])]
pyplot.xlabel("messages, by status")
pyplot.legend(loc="upper left", bbox_to_anchor=(1, 1))
pyplot.savefig(plot, bbox_inches="tight")
print(f"{len(table)} campaigns, {len(messages)} messages, plot in {plot}")
