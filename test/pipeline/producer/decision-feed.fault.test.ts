import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { createLogTail } from '../../../pipeline/jetstream/log-tail.ts'
import { createDecisionFeed, type DecisionFeed } from '../../../pipeline/producer/decision-feed.ts'
import type { Decision } from '../../../pipeline/producer/find-decision.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { withinMs } from '../../../pipeline/runtime/time-limit.ts'
import { type Address, inputSubject, partitionOf } from '../../../schemas/subjects.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let dataDir: string
let system: System

beforeAll(async () => {
  dataDir = await temporaryFolder()
  system = await startSystem({ dataDir, kinds: [toyKind], settings: { ROLES: 'host,dispatch,tasks' } })
})
afterAll(async () => {
  await system.stop()
  await rm(dataDir, { recursive: true, force: true })
})

let ids = 0
const actor = (tenant = 'acme'): Address => ({ tenant, kind: 'toy', id: `a${++ids}` })
const partition = (address: Address): number => partitionOf(address, system.settings.PARTITIONS)
const add = (id: string): Buffer => Buffer.from(JSON.stringify({ type: 'add', id, source: 'test', data: { by: 1 } }))

/** An object with some members replaced. */
const withMembers = <T extends object>(target: T, members: Partial<T>): T =>
  new Proxy(target, {
    get(of, name): unknown {
      if (Reflect.has(members, name)) return Reflect.get(members, name)
      const member: unknown = Reflect.get(of, name)
      return typeof member === 'function' ? member.bind(of) : member
    },
  })

interface Counts {
  /** Questions to LOG for a record. */
  questions: number
}

/** A feed whose questions are counted. Without its reader, consumers cannot be made. */
function feedOf({ hasReader = true }: { hasReader?: boolean } = {}): { feed: DecisionFeed; counts: Counts } {
  const { jetstream } = system.running
  const counts: Counts = { questions: 0 }
  const getMessage: JetStreamContext['jsm']['streams']['getMessage'] = (...args) => {
    counts.questions += 1
    return jetstream.jsm.streams.getMessage(...args)
  }
  const noReader = (): Promise<never> => Promise.reject(new Error('no consumer'))
  const { js, jsm } = jetstream
  const wrapped: JetStreamContext = {
    ...jetstream,
    jsm: withMembers(jsm, { streams: withMembers(jsm.streams, { getMessage }) }),
    js: hasReader ? js : withMembers(js, { consumers: withMembers(js.consumers, { get: noReader }) }),
  }
  const tail = createLogTail({ jetstream: wrapped, metrics: createMetrics(), log: silent })
  const feed = createDecisionFeed({ jetstream: wrapped, tail, log: silent })
  onTestFinished(() => {
    feed.stop()
    return tail.stop()
  })
  return { feed, counts }
}

const consumersOfLog = async (): Promise<number> => (await system.running.jetstream.jsm.streams.info('LOG')).state.consumer_count

/** Publishes an input as HTTP does, and waits for the decision. */
async function send(feed: DecisionFeed, address: Address, payload: Uint8Array, msgId?: string): Promise<Decision> {
  const following = feed.follow(partition(address), address)
  try {
    const { publisher } = system.running.jetstream
    const result = await publisher.publish(inputSubject(address), payload, msgId === undefined ? {} : { msgId })
    if (!result.ok) throw new Error(result.description)
    return await decided(following.decisionOn({ position: result.seq, payload }, !result.duplicate))
  } finally {
    following.stop()
  }
}

const decided = (decision: Promise<Decision>, ms = 10_000): Promise<Decision> =>
  withinMs(
    ms,
    () => decision,
    () => new Error('no decision in time'),
  )

describe('many who wait', () => {
  test('for one actor share one reader, and hardly ask LOG', async () => {
    const { feed, counts } = feedOf()
    const [address, before] = [actor(), await consumersOfLog()]
    await send(feed, address, add('first'))
    await expect.poll(consumersOfLog).toBe(before + 1)
    const asked = counts.questions

    const client = async (name: number): Promise<Decision[]> => {
      const decisions: Decision[] = []
      for (let i = 0; i < 10; i++) decisions.push(await send(feed, address, add(`m-${name}-${i}`)))
      return decisions
    }
    const decisions = (await Promise.all(Array.from({ length: 100 }, (_, name) => client(name)))).flat()

    expect(new Set(decisions.map(({ outcome }) => outcome))).toEqual(new Set(['committed']))
    expect(new Set(decisions.map(({ logSeq }) => logSeq)).size).toBe(1_000)
    expect(await consumersOfLog()).toBe(before + 1)
    // Each record resets the pause before the next question: a question means a silence of LOG.
    expect(counts.questions - asked).toBeLessThan(100)
    await expect.poll(consumersOfLog, { timeout: 20_000 }).toBe(before)
  })

  test('get the outcome of their own input: committed, rejected, or a repeat', async () => {
    const { feed } = feedOf()
    const address = actor()
    const bad = Buffer.from(JSON.stringify({ type: 'add', id: 'bad', source: 'test', data: { by: 'x' } }))
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const payload = [add(`m-${i}`), add('m-0'), Buffer.from(bad.toString().replace('bad', `bad-${i}`))][i % 3] ?? bad
        const { outcome, reason } = await send(feed, address, payload)
        return [i % 3, outcome, reason] as const
      }),
    )
    expect(outcomes.filter(([kind, outcome]) => kind === 0 && outcome !== 'committed')).toHaveLength(0)
    expect(outcomes.filter(([kind, outcome]) => kind === 1 && outcome !== 'repeat')).toHaveLength(0)
    expect(outcomes.filter(([kind, outcome, reason]) => kind === 2 && (outcome !== 'rejected' || reason !== 'bad_data'))).toHaveLength(0)
  })

  test('are told the record of the input that theirs is a copy of', async () => {
    const { feed } = feedOf()
    const address = actor()
    const first = await send(feed, address, add('m-1'), `acme-${address.id}-m-1`)
    for (const id of ['m-2', 'm-3', 'm-4']) await send(feed, address, add(id))
    expect(await send(feed, address, add('m-1'), `acme-${address.id}-m-1`)).toEqual(first)
    const following = feed.follow(partition(address), address)
    const { publisher } = system.running.jetstream
    const repeat = await publisher.publish(inputSubject(address), add('m-2'))
    if (!repeat.ok) throw new Error(repeat.description)
    expect(await decided(following.decisionOn({ position: repeat.seq, payload: add('m-2') }, true))).toMatchObject({ outcome: 'repeat' })
    following.stop()
  })
})

test('without its reader all are told by LOG', async () => {
  const { feed } = feedOf({ hasReader: false })
  const addresses = Array.from({ length: 40 }, () => actor())
  const decisions = await Promise.all(addresses.flatMap((address) => ['m-1', 'm-2'].map((id) => send(feed, address, add(id)))))
  expect(new Set(decisions.map(({ outcome }) => outcome))).toEqual(new Set(['committed']))
})

test('a tenant with 700 who wait in vain does not delay another one', async () => {
  const { feed } = feedOf({ hasReader: false })
  const vain = Array.from({ length: 700 }, () => actor('greedy')).map((address) => {
    const following = feed.follow(partition(address), address)
    void following.decisionOn({ position: 1_000_000_000, payload: add('never') }, false)
    return following
  })
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const startedMs = performance.now()
    expect(await send(feed, actor('modest'), add('m-1'))).toMatchObject({ outcome: 'committed' })
    times.push(performance.now() - startedMs)
  }
  expect(Math.min(...times)).toBeLessThan(1_000)
  for (const following of vain) following.stop()
})

test('who waits while NATS is killed is told when it is back', async () => {
  const { feed } = feedOf()
  const address = actor()
  await send(feed, address, add('m-1'))
  const { publisher } = system.running.jetstream
  const following = feed.follow(partition(address), address)
  const stored = await publisher.publish(inputSubject(address), add('m-1'))
  if (!stored.ok) throw new Error(stored.description)
  // A repeat leaves no record: only a question can tell it, and NATS is away when it is asked.
  process.kill(Number(await readFile(join(dataDir, 'nats.pid'), 'utf8')), 'SIGKILL')
  const decision = following.decisionOn({ position: stored.seq, payload: add('m-1') }, true)
  expect(await decided(decision, 60_000)).toMatchObject({ outcome: 'repeat' })
  following.stop()
  await expect
    .poll(() => send(feed, address, add('m-2')).catch(() => undefined), { timeout: 60_000 })
    .toMatchObject({ outcome: 'committed' })
}, 150_000)

test('who waits while there is no host is told by the next one', async () => {
  const folder = await temporaryFolder()
  const undecided = await startSystem({ dataDir: folder, kinds: [toyKind], settings: { ROLES: 'dispatch' } })
  try {
    const { jetstream, nats } = undecided.running
    const tail = createLogTail({ jetstream, metrics: createMetrics(), log: silent })
    const feed = createDecisionFeed({ jetstream, tail, log: silent })
    const address = actor()
    const following = feed.follow(partition(address), address)
    const stored = await jetstream.publisher.publish(inputSubject(address), add('m-1'))
    if (!stored.ok) throw new Error(stored.description)
    const decision = following.decisionOn({ position: stored.seq, payload: add('m-1') }, true)
    const { user = '', pass = '' } = nats.connection
    const host = await startSystem({
      kinds: [toyKind],
      settings: { ROLES: 'host', NATS_URL: nats.url, NATS_USER: user, NATS_PASSWORD: pass },
    })
    expect(await decided(decision, 30_000)).toMatchObject({ outcome: 'committed' })
    following.stop()
    feed.stop()
    await tail.stop()
    await host.stop()
  } finally {
    await undecided.stop()
    await rm(folder, { recursive: true, force: true })
  }
}, 90_000)
