import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { httpAddress } from '../../infra/app/connect-to-running.ts'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { type BenchSystem, startSystem } from '../harness/bench-system.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { usageOf } from '../harness/process-usage.ts'
import { quantile, rounded } from '../harness/statistics.ts'
import { type ModelStub, startModelStub } from './answers/model-stub.ts'
import { type BareClient, openStream } from './streams/sse-client.ts'

/** Measures when a client sees what a model writes, and what many clients of streams cost. */
export const streams: OfflineScenario = {
  name: 'streams',
  about:
    'Time from a stub model to a client of server-sent events, for STREAM=token and sentence; then --actors clients of as many actors.',
  actorsDefault: 10_000,
  secondsDefault: 20,
  measure,
}

const MODEL_MS = 200
const PIECE_MS = 50
const QUESTIONS_MIN = 20
/** Pause between two inputs to actors that are followed: 200 a second. */
const INPUT_EVERY_MS = 5
/** Streams that are opened at one time: no more resume at once. */
const OPENING = 32
const QUIET_MS = 3_000

async function measure({ seconds, actors }: BenchOptions): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const stub = await startModelStub({ ms: MODEL_MS, failsEvery: 0, pieceMs: PIECE_MS })
  started.defer(() => stub.stop())
  const settings = { LLM_BASE_URL: stub.url, LLM_MODEL: 'stub', STREAMS_MAX: String(actors * 2 + 1_000), EMBED_MODEL: '' } as const
  const system = await startSystem({
    environment: process.env,
    settings,
    workers: 1,
    roles: ['host', 'dispatch', 'tasks', 'serve'],
    log: pino({ level: 'warn' }),
  })
  started.defer(() => system.stop())
  const base = new URL(await httpAddress(system.settings))
  const token = await askAll(base, stub, 'token', (seconds * 1_000) / 4)
  const sentence = await askAll(base, stub, 'sentence', (seconds * 1_000) / 4)
  const many = await followMany(system, base, actors, (seconds * 1_000) / 2)
  const figures = { ...token, ...sentence, ...many }
  return {
    figures,
    notes: [
      `The stub answers after ${MODEL_MS} ms, in pieces each ${PIECE_MS} ms, over HTTP. …FromStub: from when it writes the first piece, or `
        + 'the piece with which its first sentence is over, to when the client has the event. …OverStub: from the POST of the message to '
        + 'that event, less the time of the stub. One question at a time, each to a new actor.',
      'Under sentence the gate asks the evaluator by rules.',
      `${actors} clients follow an actor each; one input every ${INPUT_EVERY_MS} ms goes to one of them. recordToClient: from when a core `
        + 'subscription sees the record on its way into LOG to when the client has the event. bytesPerClient: growth of the memory of all '
        + 'processes of Colloquy, nats-server apart. Clients and servers share the machine.',
    ],
  }
}

const wallMs = (): number => performance.timeOrigin + performance.now()

async function post(base: URL, address: string, input: object, query = ''): Promise<void> {
  const body = JSON.stringify({ id: randomUUID(), source: 'bench', ...input })
  const url = new URL(`/v1/in/${address}${query}`, base)
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}

/** Asks one question after the other. */
async function askAll(base: URL, stub: ModelStub, mode: 'token' | 'sentence', forMs: number): Promise<Record<string, number>> {
  const tenant = `bench-${mode}`
  await post(base, `${tenant}/tenant/${tenant}`, { type: 'tenant.set', data: { key: 'STREAM', value: mode } }, '?wait=actor')
  const [fromStub, overStub]: [number[], number[]] = [[], []]
  // The first question loads modules and opens connections.
  await ask(base, stub, tenant, 'warm-up')
  const until = performance.now() + forMs
  while (fromStub.length < QUESTIONS_MIN || performance.now() < until) {
    const question = `q${fromStub.length}`
    const { postedMs, seenMs, answer } = await ask(base, stub, tenant, question)
    const wroteMs = mode === 'token' ? answer.firstAtMs : answer.sentenceAtMs
    fromStub.push(seenMs - wroteMs)
    overStub.push(seenMs - postedMs - MODEL_MS - (mode === 'token' ? 0 : PIECE_MS))
  }
  const of = (name: string, values: readonly number[]) => ({
    [`${mode}${name}P50Ms`]: rounded(quantile(values, 0.5)),
    [`${mode}${name}P99Ms`]: rounded(quantile(values, 0.99)),
  })
  return { [`${mode}Questions`]: fromStub.length, ...of('FromStub', fromStub), ...of('OverStub', overStub) }
}

async function ask(base: URL, stub: ModelStub, tenant: string, id: string) {
  const question = `${tenant} ${id}`
  let [seenMs, isSent] = [0, false]
  const client = await openStream(base, `/v1/out/${tenant}/bench-writer/${id}`, (block, atMs) => {
    if (block.includes('event: delta') && seenMs === 0) seenMs = atMs
    if (block.includes('event: message.sent')) isSent = true
  })
  const postedMs = wallMs()
  await post(base, `${tenant}/bench-writer/${id}`, { type: 'message.received', data: { text: question } })
  const isOver = (): boolean => isSent && seenMs > 0 && stub.answers.has(question)
  await waitUntil(isOver, CAUGHT_UP_MS_MAX, () => `no reply to ${question}, or nothing of it was shown`)
  client.stop()
  const answer = stub.answers.get(question)
  if (answer === undefined) throw new Error('the stub has not told when it answered')
  return { postedMs, seenMs, answer }
}

/** Follows as many actors with a client each. */
async function followMany(system: BenchSystem, base: URL, count: number, forMs: number): Promise<Record<string, number>> {
  const rss = async (): Promise<number> => (await usageOf(system.pids)).up?.rssBytes ?? NaN
  // A tenant gets at most three quarters of the streams.
  const addressOf = (index: number): string => `bench-many${index % 2}/bench-pair/a${index}`
  const recordedAt = new Map<string, number>()
  const latencies: number[] = []
  const subscription = system.nc.subscribe('log.*.*.bench-pair.*', {
    callback: (_, { subject }) => void recordedAt.set(subject.split('.').at(-1) ?? '', wallMs()),
  })
  await system.nc.flush()
  const before = await rss()
  const openedMs = performance.now()
  const clients: BareClient[] = []
  const open = async (from: number): Promise<void> => {
    for (let index = from; index < count; index += OPENING) {
      const onBlock = (_: string, atMs: number): void => {
        const recordMs = recordedAt.get(`a${index}`)
        if (recordMs !== undefined) latencies.push(atMs - recordMs)
        recordedAt.delete(`a${index}`)
      }
      clients.push(await openStream(base, `/v1/out/${addressOf(index)}`, onBlock))
    }
  }
  await Promise.all(Array.from({ length: OPENING }, (_, from) => open(from)))
  const openMs = performance.now() - openedMs
  await delay(QUIET_MS)
  const after = await rss()
  const until = performance.now() + forMs
  let sent = 0
  const sending: Promise<void>[] = []
  for (let index = 0; performance.now() < until; index = (index + 7) % count) {
    sending.push(post(base, addressOf(index), { type: 'said', data: { text: 'hello' } }))
    sent += 1
    await delay(INPUT_EVERY_MS)
  }
  await Promise.all(sending)
  await waitUntil(
    () => latencies.length >= sent,
    CAUGHT_UP_MS_MAX,
    () => `${latencies.length} of ${sent} events have reached their client`,
  )
  subscription.unsubscribe()
  for (const client of clients) client.stop()
  return {
    clients: count,
    bytesPerClient: rounded((after - before) / count),
    opensPerSecond: rounded((count / openMs) * 1_000),
    events: sent,
    recordToClientP50Ms: rounded(quantile(latencies, 0.5)),
    recordToClientP99Ms: rounded(quantile(latencies, 0.99)),
  }
}
