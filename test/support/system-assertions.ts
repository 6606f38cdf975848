import { verify, type Verified } from '../../pipeline/verify/verify.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { isSourcingComplete } from '../../pipeline/jetstream/sourcing.ts'
import { actorKey, parseLogSubject } from '../../schemas/subjects.ts'
import type { System } from './test-system.ts'

/** A record with its place. */
export interface Entry {
  readonly seq: number
  readonly subject: string
  readonly actor: string
  readonly record: LogRecord
}

/** All that LOG holds, in order. @throws where a replica that lags gave only a part of it */
export async function readLog({ running: { jetstream } }: System): Promise<Entry[]> {
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  if (state.messages === 0) return []
  const consumer = await jetstream.js.consumers.get('LOG')
  const messages = await consumer.fetch({ max_messages: state.messages, expires: 5_000 })
  const entries: Entry[] = []
  for await (const message of messages) {
    entries.push({ seq: message.seq, subject: message.subject, actor: actorKey(parseLogSubject(message.subject).address), record: message.json<LogRecord>() })
    if (message.seq === state.last_seq) return entries
  }
  throw new Error(`LOG ends at ${state.last_seq}; ${entries.length} of ${state.messages} records were read`)
}

/** Settles when every stage has done all there is, tasks and what they cause included. */
export async function caughtUp(system: System): Promise<void> {
  const { jetstream, stages } = system.running
  for (let calm = 0; calm < 3;) {
    // While a server is away nothing is level.
    const [inbox, log, tasks] = await Promise.all((['INBOX', 'LOG', 'TASKS'] as const).map((name) => jetstream.jsm.streams.info(name))).catch(() => [])
    if (inbox === undefined) {
      calm = 0
      await new Promise((resume) => setTimeout(resume, 100))
      continue
    }
    const host = stages.get('host')?.status()
    const readers = ['dispatch', 'project'].map((role) => stages.get(role === 'dispatch' ? 'dispatch' : 'project')?.status())
    const isLevel = (host?.position ?? 0) >= (inbox?.state.last_seq ?? 0) && tasks?.state.messages === 0
      && readers.every((status) => status === undefined || status.position >= (log?.state.last_seq ?? 0))
    calm = isLevel && await isSourcingComplete(jetstream).catch(() => false) ? calm + 1 : 0
    await new Promise((resume) => setTimeout(resume, 20))
  }
}

/** What `colloquy verify` finds wrong in the tables, by a code path of its own: nothing, wherever the product is right. */
export async function tablesBesideLog({ running: { jetstream, client } }: System): Promise<Verified['first']> {
  if (client === undefined) throw new Error('this system has no tables')
  return (await verify({ jetstream, clickhouse: client, signal: new AbortController().signal })).first
}

/** Rows of a query, as ClickHouse's JSON gives them. */
export async function rows<Row = Record<string, unknown>>({ running: { client } }: System, query: string): Promise<Row[]> {
  if (client === undefined) throw new Error('this system has no tables')
  const result = await client.query({ query, format: 'JSONEachRow', clickhouse_settings: { output_format_json_quote_64bit_integers: 0 } })
  return result.json<Row>()
}

/** Publishes as any producer would; the position of each. */
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
