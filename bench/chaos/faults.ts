import { setTimeout as delay } from 'node:timers/promises'
import type { ClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import type { NatsServers } from '../harness/nats-servers.ts'
import { createRandom, pick } from '../harness/random.ts'
import type { Worker, Workers } from '../harness/worker-processes.ts'
import type { ChaosWatch } from './chaos-watch.ts'
import type { NetworkLink } from './network-link.ts'

export interface Victims {
  readonly workers: Workers
  readonly nats: NatsServers
  readonly clickhouse: ClickHouse
  /** The workers' connection to ClickHouse. */
  readonly link: NetworkLink
  /** Index of the server that leads a stream; -1 if there is no leader or no answer. */
  readonly leaderOf: (stream: string) => Promise<number>
  readonly watch: ChaosWatch
  readonly leaseMs: number
  readonly workersMin: number
  readonly workersMax: number
  /** Whether the run is long enough for an outage of minutes. */
  readonly isLong: boolean
}

/** Observations during the fault injection; all times in ms. */
export interface Observations {
  /** Number of injected faults by name. */
  readonly injected: Record<string, number>
  /** Times from the kill or pause of a worker until other workers own all its partitions, and until the first record in one of them. */
  readonly takeOverMs: number[]
  readonly firstRecordMs: number[]
  /** The same times for workers that stop in order. */
  readonly handOverMs: number[]
  /** Times from the end of an outage until all stages have caught up. */
  readonly catchUpMs: Record<'nats' | 'clickhouse', number[]>
  /** Descriptions of events that must not happen, even if they break no guarantee. */
  readonly problems: string[]
}

export const noObservations = (): Observations => ({
  injected: {},
  takeOverMs: [],
  firstRecordMs: [],
  handOverMs: [],
  catchUpMs: { nats: [], clickhouse: [] },
  problems: [],
})

/** @returns false if there was no target, for example only one healthy worker; such a fault is not counted */
type Fault = (victims: Victims, observed: Observations, random: () => number) => Promise<boolean>

const between = (random: () => number, from: number, to: number): number => from + random() * (to - from)

/** Picks a healthy worker; never the last one. */
function pickVictim({ workers }: Victims, random: () => number): Worker | undefined {
  const healthy = workers.all.filter(({ isReady, isPaused }) => isReady && !isPaused)
  return healthy.length < 2 ? undefined : healthy[pick(random, healthy.length)]
}

async function measureTakeOver(
  { watch }: Victims,
  observed: Observations,
  pid: number,
  partitions: readonly number[],
  fromMs: number,
): Promise<void> {
  if (partitions.length === 0) return
  const { ownedMs, recordMs } = await watch.takenOver(pid, partitions, fromMs)
  if (ownedMs === undefined) observed.problems.push(`the partitions of worker ${pid} were not all taken over within a minute`)
  else observed.takeOverMs.push(ownedMs)
  if (recordMs !== undefined) observed.firstRecordMs.push(recordMs)
}

const CATCH_UP_MS_MAX = 60_000

async function measureCatchUp(
  { watch }: Victims,
  observed: Observations,
  of: 'nats' | 'clickhouse',
  msMax = CATCH_UP_MS_MAX,
): Promise<void> {
  const ms = await watch.caughtUp(performance.now(), msMax)
  if (typeof ms === 'string') observed.problems.push(`no catch-up within ${msMax / 1_000} s after an outage of ${of}: ${ms}`)
  else observed.catchUpMs[of].push(ms)
}

const workerKilled: Fault = async (victims, observed, random) => {
  const worker = pickVictim(victims, random)
  if (worker === undefined) return false
  const partitions = victims.watch.partitionsOf(worker.pid)
  await worker.kill()
  const fromMs = performance.now()
  victims.workers.add()
  await measureTakeOver(victims, observed, worker.pid, partitions, fromMs)
  return true
}

/** Pauses a worker for longer than its lease. After the pause the worker must notice that it has lost its partitions. */
const workerPaused: Fault = async (victims, observed, random) => {
  const worker = pickVictim(victims, random)
  if (worker === undefined) return false
  const partitions = victims.watch.partitionsOf(worker.pid)
  worker.pause()
  try {
    await Promise.all([
      measureTakeOver(victims, observed, worker.pid, partitions, performance.now()),
      delay(victims.leaseMs * between(random, 1.2, 2.5)),
    ])
  } finally {
    worker.resume()
  }
  return true
}

/** Pauses a worker for less than its lease: no other worker may take over. */
const workerBlinked: Fault = async (victims, _, random) => {
  const worker = pickVictim(victims, random)
  if (worker === undefined) return false
  worker.pause()
  await delay(victims.leaseMs * between(random, 0.1, 0.7))
  worker.resume()
  return true
}

const workerAdded: Fault = async (victims) => {
  if (victims.workers.all.length >= victims.workersMax) return false
  await victims.workers.add().ready
  return true
}

const workerEnded: Fault = async (victims, observed, random) => {
  const worker = victims.workers.all.length <= victims.workersMin ? undefined : pickVictim(victims, random)
  if (worker === undefined) return false
  const partitions = victims.watch.partitionsOf(worker.pid)
  const fromMs = performance.now()
  const [code, { ownedMs }] = await Promise.all([worker.end(), victims.watch.takenOver(worker.pid, partitions, fromMs)])
  if (code !== 0) observed.problems.push(`worker ${worker.pid} got SIGTERM and exited with code ${code}`)
  if (ownedMs !== undefined && partitions.length > 0) observed.handOverMs.push(ownedMs)
  return true
}

/** Kills the leader of LOG in half of the cases, otherwise a random server. */
const natsKilled: Fault = async (victims, observed, random) => {
  const { nats, leaderOf } = victims
  const leader = random() < 0.5 ? await leaderOf('LOG') : -1
  const index = leader >= 0 ? leader : pick(random, nats.size)
  await nats.kill(index)
  await delay(between(random, 0, 3_000))
  await nats.start(index)
  await measureCatchUp(victims, observed, 'nats')
  return true
}

const natsMajorityKilled: Fault = async (victims, observed, random) => {
  const { nats } = victims
  const spared = pick(random, nats.size)
  const killed = Array.from({ length: nats.size }, (_, index) => index).filter((index) => index !== spared)
  for (const index of killed) await nats.kill(index)
  await delay(between(random, 0, 3_000))
  for (const index of killed) await nats.start(index)
  await measureCatchUp(victims, observed, 'nats')
  return true
}

const natsPaused: Fault = async ({ nats }, _, random) => {
  const index = pick(random, nats.size)
  nats.signal(index, 'SIGSTOP')
  await delay(between(random, 200, 4_000))
  nats.signal(index, 'SIGCONT')
  return true
}

const clickhouseKilled: Fault = async (victims, observed) => {
  const { pid } = victims.clickhouse
  if (pid === undefined) return false
  process.kill(pid, 'SIGKILL')
  await measureCatchUp(victims, observed, 'clickhouse')
  return true
}

const clickhouseCut: Fault = async (victims, observed, random) => {
  victims.link.cut()
  await delay(between(random, 500, 8_000))
  victims.link.mend()
  await measureCatchUp(victims, observed, 'clickhouse')
  return true
}

const AWAY_MS = 120_000

/** Cuts off ClickHouse for minutes: the tables fall behind, the other stages continue. */
const clickhouseAway: Fault = async (victims, observed) => {
  victims.link.cut()
  await delay(AWAY_MS)
  victims.link.mend()
  await measureCatchUp(victims, observed, 'clickhouse', 2 * AWAY_MS)
  return true
}

/**
 * The faults, in families by target. At most one fault of a family is active at a time; faults of different families overlap. Some faults
 * need a cluster. Faults that take minutes occur once per run.
 */
const FAMILIES: readonly (readonly (readonly [name: string, fault: Fault, needs?: 'cluster' | 'time'])[])[] = [
  [
    ['worker killed', workerKilled],
    ['worker paused', workerPaused],
    ['worker blinked', workerBlinked],
    ['worker added', workerAdded],
    ['worker ended', workerEnded],
    ['worker killed', workerKilled],
  ],
  [
    ['nats killed', natsKilled],
    ['nats paused', natsPaused],
    ['nats majority killed', natsMajorityKilled, 'cluster'],
  ],
  [
    ['clickhouse killed', clickhouseKilled],
    ['clickhouse cut', clickhouseCut],
    ['clickhouse away', clickhouseAway, 'time'],
  ],
]
const GAP_MS_MAX = 2_000

/** Injects random faults until the signal aborts; settles when all servers run again. */
export async function injectFaults(victims: Victims, observed: Observations, random: () => number, signal: AbortSignal): Promise<void> {
  const draw = createDeck(victims, random)
  const busy = new Map<number, Promise<void>>()
  while (!signal.aborted) {
    const { name, family, fault } = draw()
    // Each fault has its own random numbers, so that they do not depend on the timing of concurrent faults.
    const own = createRandom(pick(random, 2 ** 32))
    const gapMs = between(random, 0, GAP_MS_MAX)
    await busy.get(family)
    if (signal.aborted) break
    const injected = fault(victims, observed, own).then((done) => {
      if (done) observed.injected[name] = (observed.injected[name] ?? 0) + 1
    })
    // Keeps Node from reporting the rejection as unhandled; the `await` below throws it.
    injected.catch(() => undefined)
    busy.set(family, injected)
    await delay(gapMs, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(busy.values())
}

interface Drawn {
  readonly name: string
  readonly family: number
  readonly fault: Fault
}

/** Draws every fault once before any fault repeats. */
function createDeck({ nats, isLong }: Victims, random: () => number): () => Drawn {
  const all = FAMILIES.flatMap((faults, family) =>
    faults.filter(([, , needs]) => needs !== 'cluster' || nats.size > 1).map(([name, fault, needs]) => ({ name, family, fault, needs })),
  )
  let deck: Drawn[] = all.filter(({ needs }) => needs !== 'time' || isLong)
  return () => {
    if (deck.length === 0) deck = all.filter(({ needs }) => needs !== 'time')
    const [drawn] = deck.splice(pick(random, deck.length), 1)
    if (drawn === undefined) throw new Error('no fault is applicable')
    return drawn
  }
}
