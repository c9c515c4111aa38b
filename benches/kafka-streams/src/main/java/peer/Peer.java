package peer;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.KeyValueStore;

/** The natural DSL topology: messages by aggregate, campaigns by aggregate of differences. Runs until SIGTERM. */
public final class Peer {
  private static final Serde<Bytes> KEY = Serdes.Bytes();
  private static final Serde<byte[]> VALUE = Serdes.ByteArray();

  /** Arguments: brokers, events topic, status topic, stats topic, state directory, threads, cache bytes. */
  public static void main(String[] given) {
    StreamsBuilder builder = new StreamsBuilder();
    KTable<Bytes, byte[]> messages = builder.stream(given[1], Consumed.with(KEY, VALUE)).groupByKey()
        .aggregate(() -> new byte[0], (key, event, row) -> Row.fold(key.get(), event, row), store("messages"));
    messages.toStream().to(given[2], Produced.with(KEY, VALUE));
    messages.groupBy((key, row) -> KeyValue.pair(Bytes.wrap(Row.of(row).campaign), row), Grouped.with(KEY, VALUE))
        .aggregate(() -> new byte[0], (key, row, held) -> Row.count(held, row, 1),
            (key, row, held) -> Row.count(held, row, -1), store("campaigns"))
        .toStream().to(given[3], Produced.with(KEY, VALUE));
    KafkaStreams streams = new KafkaStreams(builder.build(), properties(given));
    say(streams);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
    streams.start();
  }

  /** Says on standard output when a restore has begun, and when the rows are back and it runs. */
  private static void say(KafkaStreams streams) {
    streams.setGlobalStateRestoreListener(new StateRestoreListener() {
      @Override public void onRestoreStart(TopicPartition of, String store, long from, long to) {
        System.out.println("restoring");
      }
      @Override public void onBatchRestored(TopicPartition of, String store, long end, long rows) { }
      @Override public void onRestoreEnd(TopicPartition of, String store, long rows) { }
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("restored");
    });
  }

  private static Materialized<Bytes, byte[], KeyValueStore<Bytes, byte[]>> store(String name) {
    return Materialized.<Bytes, byte[], KeyValueStore<Bytes, byte[]>>as(name).withKeySerde(KEY).withValueSerde(VALUE);
  }

  private static Properties properties(String[] given) {
    Properties properties = new Properties();
    properties.put("application.id", given[1] + "-peer");
    properties.put("bootstrap.servers", given[0]);
    properties.put("state.dir", given[4]);
    properties.put("num.stream.threads", given[5]);
    properties.put("statestore.cache.max.bytes", given[6]);
    properties.put("processing.guarantee", "exactly_once_v2");
    properties.put("commit.interval.ms", "100");
    properties.put("auto.offset.reset", "earliest");
    properties.put("replication.factor", 1);
    properties.put("max.poll.records", 5000);
    properties.put("producer.compression.type", "lz4");
    properties.put("producer.linger.ms", "5");
    return properties;
  }
}
