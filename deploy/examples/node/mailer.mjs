// A mailer's side: tells Mailtally of a small campaign, then reads its numbers back.
//
// node mailer.mjs BOOTSTRAP_SERVERS ORGANISATION CAMPAIGN   (see ../README.md)

import { randomUUID } from 'node:crypto'
import { Consumer, Producer } from '@platformatic/kafka'
import protobuf from 'protobufjs'

const [servers, organisation, campaign] = process.argv.slice(2)
const prefix = process.env.MAILTALLY_PREFIX ?? 'mailtally'
const proto = process.env.MAILTALLY_PROTO ?? new URL('../../../proto', import.meta.url).pathname

const schema = await protobuf.load(['platform.proto', 'campaign.proto'].map(file => `${proto}/${file}`))
const PlatformEvent = schema.lookupType('mailtally.platform.v1.PlatformEvent')
const CampaignStats = schema.lookupType('mailtally.campaign.v1.CampaignStats')

// One event, which happened now.
function event (kind) {
  const now = Date.now()
  const time = { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1_000_000 }
  return Buffer.from(PlatformEvent.encode(PlatformEvent.fromObject({ organisation, time, ...kind })).finish())
}

const clients = { k1: 'ada@example.org', k2: 'bob@example.org', k3: 'cyd@example.org' }
const message = client => `${campaign}-${client}` // unique in the organisation: give it to the provider, too
const name = 'Spring, from Node'
const events = [
  event({ campaign: { campaign, name, subject: 'It is spring' } }),
  ...Object.entries(clients).map(([client, address]) => event({ send: { message: message(client), campaign, client, address } })),
  event({ refused: { message: message('k3'), campaign, client: 'k3', reason: 'invalid_address' } }),
  event({ withheld: { campaign, client: 'k4', reason: 'inactive' } })
]

const broker = { clientId: 'example', bootstrapBrokers: servers.split(',') }
const producer = new Producer({ ...broker, idempotent: true })
// The key is free; the organisation keeps its events in order.
await producer.send({ messages: events.map(value => ({ topic: `${prefix}.platform.v1`, key: Buffer.from(organisation), value })) })
await producer.close()

// The rows are absolute: the latest of a key is all there is to know. A client that reads with a group needs one of its own.
const topic = `${prefix}.campaign-stats.v1`
const consumer = new Consumer({ ...broker, groupId: `example-${randomUUID()}`, autocommit: false, isolationLevel: 1 /* read committed */ })
const records = await consumer.consume({ topics: [topic], mode: 'earliest' })
const late = setTimeout(() => {
  console.error(`${topic} does not show ${campaign} within 60 s: does \`mailtally processor\` run?`)
  process.exit(1)
}, 60_000)
for await (const { value } of records) {
  if (!value?.length) continue // a tombstone: the row is no more
  const row = CampaignStats.toObject(CampaignStats.decode(value), { longs: Number, defaults: true })
  const { sent, pending, dropped, notSent } = row.counters
  if (row.organisation === organisation && row.campaign === campaign && row.name === name &&
      sent === 3 && dropped === 1 && notSent === 1) {
    console.log(`${name}: sent ${sent}, pending ${pending}, dropped ${dropped}, not sent ${notSent}`)
    break
  }
}
clearTimeout(late)
await consumer.close(true)
