import { setTimeout as delay } from 'node:timers/promises'
import type { ClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import type { NatsServers } from '../harness/nats-servers.ts'
import { createRandom, pick } from '../harness/random.ts'
import type { Link } from './network-link.ts'
import type { Watch } from './chaos-watch.ts'
import type { Worker, Workers } from '../harness/worker-processes.ts'

export interface Victims {
  readonly workers: Workers
  readonly nats: NatsServers
  readonly clickhouse: ClickHouse
  /** The workers' way to ClickHouse. */
  readonly link: Link
  /** Index of the server that leads a stream; -1 where nobody knows. */
  readonly leaderOf: (stream: string) => Promise<number>
  readonly watch: Watch
  readonly leaseMs: number
  readonly workersMin: number
  readonly workersMax: number
  /** Whether there is time for an outage of minutes. */
  readonly isLong: boolean
}

/** What was seen while faults were injected; all in ms. */
export interface Seen {
  readonly injected: Record<string, number>
  /** From a kill or a pause until others own all partitions, and until the first record of one of them. */
  readonly takeOverMs: number[]
  readonly firstRecordMs: number[]
  /** The same of workers that end in order. */
  readonly handOverMs: number[]
  /** From the end of an outage until all stages had done what was there by then. */
  readonly catchUpMs: Record<'nats' | 'clickhouse', number[]>
  /** What must not happen, though nothing may be lost by it. */
  readonly troubles: string[]
}

export const nothingSeen = (): Seen => ({
  injected: {}, takeOverMs: [], firstRecordMs: [], handOverMs: [], catchUpMs: { nats: [], clickhouse: [] }, troubles: [],
})

/** @returns false where there was nothing that it could be done to, such as no worker but the last one; it is not counted then */
type Fault = (victims: Victims, seen: Seen, random: () => number) => Promise<boolean>

const between = (random: () => number, from: number, to: number): number => from + random() * (to - from)

/** A worker that is at work and not the last one. */
function victim({ workers }: Victims, random: () => number): Worker | undefined {
  const healthy = workers.all.filter(({ isReady, isPaused }) => isReady && !isPaused)
  return healthy.length < 2 ? undefined : healthy[pick(random, healthy.length)]
}

async function measureTakeOver({ watch }: Victims, seen: Seen, pid: number, partitions: readonly number[], fromMs: number): Promise<void> {
  if (partitions.length === 0) return
  const { ownedMs, recordMs } = await watch.takenOver(pid, partitions, fromMs)
  if (ownedMs === undefined) seen.troubles.push(`partitions of worker ${pid} were not all taken over in a minute`)
  else seen.takeOverMs.push(ownedMs)
  if (recordMs !== undefined) seen.firstRecordMs.push(recordMs)
}

const CATCH_UP_MS_MAX = 60_000

async function measureCatchUp({ watch }: Victims, seen: Seen, of: 'nats' | 'clickhouse', msMax = CATCH_UP_MS_MAX): Promise<void> {
  const ms = await watch.caughtUp(performance.now(), msMax)
  if (typeof ms === 'string') seen.troubles.push(`stages did not catch up in ${msMax / 1_000} s after an outage of ${of}: ${ms}`)
  else seen.catchUpMs[of].push(ms)
}

const workerKilled: Fault = async (victims, seen, random) => {
  const worker = victim(victims, random)
  if (worker === undefined) return false
  const partitions = victims.watch.partitionsOf(worker.pid)
  await worker.kill()
  const fromMs = performance.now()
  victims.workers.add()
  await measureTakeOver(victims, seen, worker.pid, partitions, fromMs)
  return true
}

/** For longer than its lease: it must find out, when it wakes, that it is nobody any more. */
const workerPaused: Fault = async (victims, seen, random) => {
  const worker = victim(victims, random)
  if (worker === undefined) return false
  const partitions = victims.watch.partitionsOf(worker.pid)
  worker.pause()
  try {
    await Promise.all([
      measureTakeOver(victims, seen, worker.pid, partitions, performance.now()),
      delay(victims.leaseMs * between(random, 1.2, 2.5)),
    ])
  } finally {
    worker.goOn()
  }
  return true
}

/** For less than its lease: nobody must notice. */
const workerBlinked: Fault = async (victims, _, random) => {
  const worker = victim(victims, random)
  if (worker === undefined) return false
  worker.pause()
  await delay(victims.leaseMs * between(random, 0.1, 0.7))
  worker.goOn()
  return true
}

const workerAdded: Fault = async (victims) => {
  if (victims.workers.all.length >= victims.workersMax) return false
  await victims.workers.add().ready
  return true
}

const workerEnded: Fault = async (victims, seen, random) => {
  const worker = victims.workers.all.length <= victims.workersMin ? undefined : victim(victims, random)
  if (worker === undefined) return false
  const partitions = victims.watch.partitionsOf(worker.pid)
  const fromMs = performance.now()
  const [code, { ownedMs }] = await Promise.all([worker.end(), victims.watch.takenOver(worker.pid, partitions, fromMs)])
  if (code !== 0) seen.troubles.push(`worker ${worker.pid} was told to end in order, and its exit code was ${code}`)
  if (ownedMs !== undefined && partitions.length > 0) seen.handOverMs.push(ownedMs)
  return true
}

/** Half of the time the one that leads the log. */
const natsKilled: Fault = async (victims, seen, random) => {
  const { nats, leaderOf } = victims
  const leader = random() < 0.5 ? await leaderOf('LOG') : -1
  const index = leader >= 0 ? leader : pick(random, nats.size)
  await nats.kill(index)
  await delay(between(random, 0, 3_000))
  await nats.start(index)
  await measureCatchUp(victims, seen, 'nats')
  return true
}

const natsMajorityKilled: Fault = async (victims, seen, random) => {
  const { nats } = victims
  const spared = pick(random, nats.size)
  const killed = Array.from({ length: nats.size }, (_, index) => index).filter((index) => index !== spared)
  for (const index of killed) await nats.kill(index)
  await delay(between(random, 0, 3_000))
  for (const index of killed) await nats.start(index)
  await measureCatchUp(victims, seen, 'nats')
  return true
}

const natsPaused: Fault = async ({ nats }, _, random) => {
  const index = pick(random, nats.size)
  nats.signal(index, 'SIGSTOP')
  await delay(between(random, 200, 4_000))
  nats.signal(index, 'SIGCONT')
  return true
}

const clickhouseKilled: Fault = async (victims, seen) => {
  const { pid } = victims.clickhouse
  if (pid === undefined) return false
  process.kill(pid, 'SIGKILL')
  await measureCatchUp(victims, seen, 'clickhouse')
  return true
}

const clickhouseCut: Fault = async (victims, seen, random) => {
  victims.link.cut()
  await delay(between(random, 500, 8_000))
  victims.link.mend()
  await measureCatchUp(victims, seen, 'clickhouse')
  return true
}

const AWAY_MS = 120_000

/** For minutes: the tables fall far behind, everything else goes on. */
const clickhouseAway: Fault = async (victims, seen) => {
  victims.link.cut()
  await delay(AWAY_MS)
  victims.link.mend()
  await measureCatchUp(victims, seen, 'clickhouse', 2 * AWAY_MS)
  return true
}

/**
 * By what they do harm to: of one family there is one at a time, of different ones some together. Some need a cluster, others time: those
 * come once.
 */
const FAMILIES: readonly (readonly (readonly [name: string, fault: Fault, needs?: 'cluster' | 'time'])[])[] = [
  [
    ['worker killed', workerKilled], ['worker paused', workerPaused], ['worker blinked', workerBlinked], ['worker added', workerAdded],
    ['worker ended', workerEnded], ['worker killed', workerKilled],
  ],
  [['nats killed', natsKilled], ['nats paused', natsPaused], ['nats majority killed', natsMajorityKilled, 'cluster']],
  [['clickhouse killed', clickhouseKilled], ['clickhouse cut', clickhouseCut], ['clickhouse away', clickhouseAway, 'time']],
]
const GAP_MS_MAX = 2_000

/** Injects faults as the seed has them until it is aborted; settles when what they broke is mended. */
export async function injectFaults(victims: Victims, seen: Seen, random: () => number, signal: AbortSignal): Promise<void> {
  const draw = createDeck(victims, random)
  const busy = new Map<number, Promise<void>>()
  while (!signal.aborted) {
    const { name, family, fault } = draw()
    // What a fault draws must not depend on which of two that run side by side draws first.
    const own = createRandom(pick(random, 2 ** 32))
    const gapMs = between(random, 0, GAP_MS_MAX)
    await busy.get(family)
    if (signal.aborted) break
    const injected = fault(victims, seen, own).then((done) => {
      if (done) seen.injected[name] = (seen.injected[name] ?? 0) + 1
    })
    // What it fails with is thrown to whoever waits for it below.
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

/** All faults come up once before any comes up again. */
function createDeck({ nats, isLong }: Victims, random: () => number): () => Drawn {
  const all = FAMILIES.flatMap((faults, family) => faults
    .filter(([, , needs]) => needs !== 'cluster' || nats.size > 1).map(([name, fault, needs]) => ({ name, family, fault, needs })))
  let deck: Drawn[] = all.filter(({ needs }) => needs !== 'time' || isLong)
  return () => {
    if (deck.length === 0) deck = all.filter(({ needs }) => needs !== 'time')
    const [drawn] = deck.splice(pick(random, deck.length), 1)
    if (drawn === undefined) throw new Error('there are no faults')
    return drawn
  }
}
