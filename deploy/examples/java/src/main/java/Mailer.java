import com.google.protobuf.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mailtally.campaign.v1.Campaign.CampaignStats;
import mailtally.platform.v1.Platform;
import mailtally.platform.v1.Platform.PlatformEvent;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A mailer's side: tells Mailtally of a small campaign, then reads its numbers back.
 *
 * <p>java -cp ... Mailer BOOTSTRAP_SERVERS ORGANISATION CAMPAIGN (see ../README.md)
 */
public final class Mailer {
    private static final String NAME = "Spring, from Java";
    private static final Map<String, String> CLIENTS =
            Map.of("k1", "ada@example.org", "k2", "bob@example.org", "k3", "cyd@example.org");

    public static void main(String[] arguments) throws Exception {
        String servers = arguments[0], organisation = arguments[1], campaign = arguments[2];
        String prefix = System.getenv().getOrDefault("MAILTALLY_PREFIX", "mailtally");
        publish(servers, prefix + ".platform.v1", organisation, events(organisation, campaign));
        CampaignStats row = read(servers, prefix + ".campaign-stats.v1", organisation, campaign);
        var numbers = row.getCounters();
        System.out.printf("%s: sent %d, pending %d, dropped %d, not sent %d%n", row.getName(),
                numbers.getSent(), numbers.getPending(), numbers.getDropped(), numbers.getNotSent());
    }

    private static List<PlatformEvent.Builder> events(String organisation, String campaign) {
        var events = new ArrayList<PlatformEvent.Builder>();
        events.add(event(organisation).setCampaign(
                Platform.Campaign.newBuilder().setCampaign(campaign).setName(NAME).setSubject("It is spring")));
        // The message's id is unique in the organisation: give it to the provider, too.
        CLIENTS.forEach((client, address) -> events.add(event(organisation).setSend(Platform.Send.newBuilder()
                .setMessage(campaign + "-" + client).setCampaign(campaign).setClient(client).setAddress(address))));
        events.add(event(organisation).setRefused(Platform.Refused.newBuilder()
                .setMessage(campaign + "-k3").setCampaign(campaign).setClient("k3").setReason("invalid_address")));
        events.add(event(organisation).setWithheld(
                Platform.Withheld.newBuilder().setCampaign(campaign).setClient("k4").setReason("inactive")));
        return events;
    }

    /** One event, which happened now. */
    private static PlatformEvent.Builder event(String organisation) {
        Instant now = Instant.now();
        return PlatformEvent.newBuilder().setOrganisation(organisation)
                .setTime(Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()));
    }

    private static void publish(String servers, String topic, String organisation, List<PlatformEvent.Builder> events)
            throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", servers);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
            for (var event : events) {
                // The key is free; the organisation keeps its events in order. Waiting for each is simple, not fast.
                producer.send(new ProducerRecord<>(topic, organisation, event.build().toByteArray())).get();
            }
        }
    }

    /** The rows are absolute: the latest of a key is all there is to know. */
    private static CampaignStats read(String servers, String topic, String organisation, String campaign) throws Exception {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", servers, "isolation.level", "read_committed", "enable.auto.commit", false);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Instant until = Instant.now().plusSeconds(60);
            while (Instant.now().isBefore(until)) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    if (record.value() == null) {
                        continue; // a tombstone: the row is no more
                    }
                    var row = CampaignStats.parseFrom(record.value());
                    var numbers = row.getCounters();
                    if (row.getOrganisation().equals(organisation) && row.getCampaign().equals(campaign)
                            && row.getName().equals(NAME) && numbers.getSent() == 3 && numbers.getDropped() == 1
                            && numbers.getNotSent() == 1) {
                        return row;
                    }
                }
            }
        }
        throw new IllegalStateException(
                topic + " does not show " + campaign + " within 60 s: does `mailtally processor` run?");
    }
}
