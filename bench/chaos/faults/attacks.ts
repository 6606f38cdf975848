import { setTimeout as delay } from 'node:timers/promises'
import { headers } from '@nats-io/transport-node'
import { type RetryOptions, withRetry } from '../../../pipeline/runtime/retry.ts'
import { isServerAway } from '../../../pipeline/runtime/server-away.ts'
import { logSubject, partitionOf } from '../../../schemas/subjects.ts'
import { pick } from '../../harness/random.ts'
import { addressOf } from '../chaos-messages.ts'
import { POINT_TABLES, POLLUTED_HEADER } from '../check/chaos-history.ts'
import { type Fault, type NamedFault, type Victims } from './fault.ts'

/** Inputs of one burst: more characters together than one statement of ClickHouse takes. */
const BURST_TEXTS = 8
/** Messages of one attack. */
const POLLUTED_MAX = 5

/** Tells a producer to send inputs of a type next. */
const inject = ({ producers }: Victims, random: () => number, choice: 'hang' | 'exit' | 'large_text', count = 1): void => {
  for (let index = 0; index < count; index += 1) producers[pick(random, producers.length)]?.inject(choice)
}

/** A decision that does not return, or that ends its thread. */
const poisonSent: Fault = async (victims, _, random) => {
  inject(victims, random, random() < 0.5 ? 'hang' : 'exit')
  return true
}

const largeTextsSent: Fault = async (victims, _, random) => {
  inject(victims, random, 'large_text', BURST_TEXTS)
  return true
}

/** Puts messages into LOG that are no records, some on subjects of living actors. */
const logPolluted: Fault = async ({ nc, producers, partitionCount }, _, random) => {
  const ofActor = (): string => {
    const actor = producers[pick(random, producers.length)]?.drawActor(random) ?? addressOf('a0')
    return logSubject(partitionOf(actor, partitionCount), actor)
  }
  const payloads = ['no JSON', '', '7', '{}', '{"v":1,"n":3,"outcome":"committed"}', 'x'.repeat(300_000)]
  const subjects = ['log.0.evil.support.x', 'log.0.short', 'log.many.a.b.c', 'log.0.a.b.c.d.e']
  const head = headers()
  head.set(POLLUTED_HEADER, '1')
  for (let count = 1 + pick(random, POLLUTED_MAX); count > 0; count -= 1) {
    const subject = random() < 0.5 ? ofActor() : (subjects[pick(random, subjects.length)] ?? '')
    // No acknowledgement is needed: the checker knows these messages by their header.
    nc.publish(subject, payloads[pick(random, payloads.length)] ?? '', { headers: head })
  }
  return true
}

/** Another fault may have killed ClickHouse, which is back within seconds. */
const UNTIL_BACK: RetryOptions = { pauses: { minMs: 500, maxMs: 500 }, retriesMax: 60, isFinal: (error) => !isServerAway(error) }

/** Drops the tables of the search index. */
const collectionDeleted: Fault = async ({ tables }) => {
  const names = await withRetry(async () => {
    const result = await tables.query({ query: POINT_TABLES, format: 'JSONEachRow' })
    return (await result.json<{ name: string }>()).map(({ name }) => name)
  }, UNTIL_BACK)
  for (const name of names) await withRetry(() => tables.command({ query: `DROP TABLE IF EXISTS ${name} SYNC` }), UNTIL_BACK)
  // The index is filled again before the next attack on it.
  await delay(5_000)
  return names.length > 0
}

export const INPUT_ATTACKS: readonly NamedFault[] = [
  ['poison sent', poisonSent],
  ['large texts sent', largeTextsSent],
  ['log polluted', logPolluted],
]

export const STORE_ATTACKS: readonly NamedFault[] = [['collection deleted', collectionDeleted]]
