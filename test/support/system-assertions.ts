import { type Kind, kindsByName } from '../../actors/definition/define-kind.ts'
import { isSourcingComplete } from '../../pipeline/jetstream/sourcing.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { checkLog } from '../../pipeline/replay-check/replay-check.ts'
import {
  isCaughtUp,
  NOTHING_DONE,
  pollUntilCaughtUp,
  progressInStream,
  type ProgressReading,
} from '../../pipeline/runtime/stage-progress.ts'
import { type Verified, verify } from '../../pipeline/verify/verify.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { restoreRecord } from '../../schemas/record-form.ts'
import { actorKey, parseLogSubject, STREAMS } from '../../schemas/subjects.ts'
import type { System } from './test-system.ts'

/** A record with its sequence and subject. */
export interface Entry {
  readonly seq: number
  readonly subject: string
  readonly actor: string
  readonly record: LogRecord
}

/** All that LOG holds, in order. @throws if a replica that lags gave only a part of it */
export async function readLog({ running: { jetstream } }: { readonly running: Pick<System['running'], 'jetstream'> }): Promise<Entry[]> {
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  if (state.messages === 0) return []
  const consumer = await jetstream.js.consumers.get('LOG')
  const messages = await consumer.fetch({ max_messages: state.messages, expires: 5_000 })
  const entries: Entry[] = []
  for await (const message of messages) {
    entries.push({
      seq: message.seq,
      subject: message.subject,
      actor: actorKey(parseLogSubject(message.subject).address),
      record: restoreRecord(message.json()) as LogRecord,
    })
    if (message.seq === state.last_seq) return entries
  }
  throw new Error(`LOG ends at ${state.last_seq}; ${entries.length} of ${state.messages} records were read`)
}

const AWAITED_ROLES = ['host', 'dispatch', 'project', 'tasks'] as const

/** Settles when every stage is caught up, also with the inputs that tasks cause. The index does not count: it may have no model. */
export async function caughtUp({ running: { jetstream, stages } }: System): Promise<void> {
  const read = async (): Promise<ProgressReading> => {
    const isComplete = await isSourcingComplete(jetstream)
    const states = new Map(await Promise.all(STREAMS.map(async (name) => [name, (await jetstream.jsm.streams.info(name)).state] as const)))
    const roles = AWAITED_ROLES.filter((role) => stages.has(role) || role === 'host' || role === 'tasks')
    const all = roles.map((role) =>
      progressInStream(role, stages.get(role)?.status() ?? NOTHING_DONE, (stream) => states.get(stream) ?? NO_MESSAGES),
    )
    return { isCaughtUp: isComplete && all.every(isCaughtUp), marks: [...states.values()].map(({ last_seq: last }) => last).join() }
  }
  // While a server is away no stage is caught up.
  await pollUntilCaughtUp(() => read().catch(() => ({ isCaughtUp: false })), { everyMs: 20 })
}

const NO_MESSAGES = { messages: 0, first_seq: 0, last_seq: 0 }

/** The differences between LOG and the tables that `colloquy verify` finds, by a code path of its own. */
export async function tablesBesideLog({ running: { jetstream, client } }: System): Promise<Verified['first']> {
  if (client === undefined) throw new Error('this system has no tables')
  return (await verify({ jetstream, clickhouse: client, signal: new AbortController().signal })).first
}

/** What a replay of the log would decide otherwise than it is recorded, as `colloquy check` finds it. */
export async function replayDifferences({ running: { jetstream } }: System, kinds: readonly Kind[]): Promise<unknown[]> {
  const found: unknown[] = []
  await checkLog({
    jetstream,
    kinds: kindsByName(kinds),
    mode: 'each',
    memoryBytesMax: 64 * 1_024 * 1_024,
    onProgress: () => undefined,
    onFound: (one) => found.push(one),
  })
  return found
}

/** Rows of a query, as ClickHouse's JSON gives them. */
export async function rows<Row = Record<string, unknown>>({ running: { client } }: System, query: string): Promise<Row[]> {
  if (client === undefined) throw new Error('this system has no tables')
  const result = await client.query({ query, format: 'JSONEachRow', clickhouse_settings: { output_format_json_quote_64bit_integers: 0 } })
  return result.json<Row>()
}

/** Publishes as any producer would. @returns the position of each message */
export async function publishAll(system: System, messages: readonly { subject: string; body: unknown; id?: string }[]): Promise<number[]> {
  const positions: number[] = []
  for (const { subject, body } of messages) {
    const payload = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
    const reply = await system.producer.request(subject, payload, { timeout: 10_000 })
    const ack = reply.json<{ seq?: number; error?: { description: string } }>()
    if (ack.seq === undefined) throw new Error(`${subject}: ${ack.error?.description}`)
    positions.push(ack.seq)
  }
  return positions
}
