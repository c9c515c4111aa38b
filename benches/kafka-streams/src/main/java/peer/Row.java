package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import mailtally.event.v1.EventOuterClass.Agent;
import mailtally.event.v1.EventOuterClass.BounceClass;
import mailtally.event.v1.EventOuterClass.Event;

/** A message's row: facts by which every counter is exact in any order, duplicates known by ids. As support/standing.rs. */
final class Row {
  /** sent, delivered, bounced, dropped, opened, clicked, spam. */
  static final int COUNTERS = 7;
  byte[] campaign = {};
  byte[] seen = {};
  long delivered, strong, bounce, deed, opens, clicks, machine;
  boolean complained, dropped;

  static Row of(byte[] bytes) {
    Row row = new Row();
    if (bytes == null || bytes.length == 0) return row;
    ByteBuffer in = ByteBuffer.wrap(bytes);
    row.delivered = in.getLong(); row.strong = in.getLong(); row.bounce = in.getLong(); row.deed = in.getLong();
    row.opens = in.getLong(); row.clicks = in.getLong(); row.machine = in.getLong();
    int flags = in.get();
    row.complained = (flags & 1) != 0; row.dropped = (flags & 2) != 0;
    row.campaign = new byte[in.getShort()]; in.get(row.campaign);
    row.seen = new byte[in.remaining()]; in.get(row.seen);
    return row;
  }

  byte[] bytes() {
    ByteBuffer out = ByteBuffer.allocate(59 + campaign.length + seen.length);
    out.putLong(delivered).putLong(strong).putLong(bounce).putLong(deed).putLong(opens).putLong(clicks).putLong(machine);
    out.put((byte) ((complained ? 1 : 0) | (dropped ? 2 : 0))).putShort((short) campaign.length).put(campaign).put(seen);
    return out.array();
  }

  /** The row's new bytes; the old ones for a duplicate. */
  static byte[] fold(byte[] key, byte[] value, byte[] held) {
    try {
      Event event = Event.parseFrom(value);
      Row row = of(held);
      byte[] id = event.getId().toByteArray();
      for (int at = 0; at < row.seen.length; at += 16)
        if (java.util.Arrays.equals(row.seen, at, at + 16, id, 0, 16)) return held;
      row.seen = java.util.Arrays.copyOf(row.seen, row.seen.length + 16);
      System.arraycopy(id, 0, row.seen, row.seen.length - 16, 16);
      if (row.campaign.length == 0) row.campaign = campaign(key, event.getCampaign());
      row.fact(event);
      return row.bytes();
    } catch (com.google.protobuf.InvalidProtocolBufferException bad) {
      throw new IllegalStateException(bad);
    }
  }

  /** Canonical key of the campaign: the organisation of the message's key, then the campaign; both shorter than 128 bytes. */
  private static byte[] campaign(byte[] key, String campaign) {
    byte[] name = campaign.getBytes(StandardCharsets.UTF_8);
    int organisation = key[0] + 1;
    ByteBuffer out = ByteBuffer.allocate(organisation + 1 + name.length);
    return out.put(key, 0, organisation).put((byte) name.length).put(name).array();
  }

  private void fact(Event event) {
    long at = event.getTimeUs();
    boolean machineMade = event.getAgent() == Agent.AGENT_MACHINE;
    switch (event.getKind()) {
      case KIND_DELIVERED -> delivered = Math.max(delivered, at);
      case KIND_BOUNCED -> {
        bounce = Math.max(bounce, at);
        if (event.getAsynchronous() || event.getBounce() == BounceClass.BOUNCE_CLASS_HARD) strong = Math.max(strong, at);
      }
      case KIND_DROPPED -> dropped = true;
      case KIND_OPENED -> { if (machineMade) machine++; else opens++; }
      case KIND_CLICKED -> {
        if (machineMade) machine++; else clicks++;
        if (event.getAgent() == Agent.AGENT_HUMAN) deed = Math.max(deed, at);
      }
      case KIND_COMPLAINED -> { complained = true; deed = Math.max(deed, at); }
      case KIND_UNSUBSCRIBED -> deed = Math.max(deed, at);
      default -> { }
    }
  }

  /** What it adds to its campaign. */
  long[] share() {
    boolean engaged = opens + clicks > 0 || deed > 0;
    boolean bounced = !(engaged && delivered > 0)
        && (strong > 0 || (bounce > 0 && bounce > delivered && deed <= bounce));
    boolean reached = delivered > 0 || engaged || machine > 0;
    boolean arrived = !bounced && reached;
    boolean clicked = arrived && clicks > 0;
    return new long[] {1, one(arrived), one(bounced), one(!bounced && !reached && dropped),
        one(clicked || (arrived && opens > 0)), one(clicked), one(complained)};
  }

  private static long one(boolean is) { return is ? 1 : 0; }

  /** A campaign's counters with a row's share added or taken away. */
  static byte[] count(byte[] held, byte[] row, int sign) {
    ByteBuffer out = ByteBuffer.allocate(8 * COUNTERS);
    long[] share = of(row).share();
    for (int at = 0; at < COUNTERS; at++)
      out.putLong((held == null || held.length == 0 ? 0 : ByteBuffer.wrap(held).getLong(8 * at)) + sign * share[at]);
    return out.array();
  }
}
