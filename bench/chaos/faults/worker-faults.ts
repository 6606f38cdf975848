import { setTimeout as delay } from 'node:timers/promises'
import { pick } from '../../harness/random.ts'
import type { Worker } from '../../harness/worker-processes.ts'
import { between, type Fault, type NamedFault, type Observations, type Victims } from './fault.ts'

/** Picks a healthy worker; never the last one. */
function pickVictim({ workers }: Victims, random: () => number): Worker | undefined {
  const healthy = workers.all.filter(({ isReady, isPaused }) => isReady && !isPaused)
  return healthy.length < 2 ? undefined : healthy[pick(random, healthy.length)]
}

const CLOCK_HOOK = new URL('clock-hook.ts', import.meta.url).href

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

/** Errors of the clock, in ms: a year that was read wrongly, and jumps of NTP. */
const CLOCK_ERRORS_MS = [400 * 86_400_000, 600_000, -600_000]

/**
 * Adds a worker whose clock is wrong, and ends it later. It has the roles that read LOG and no host: times that a host writes are the facts
 * by which the checker judges timers.
 */
const clockWrong: Fault = async ({ workers, workersMax }, observed, random) => {
  if (workers.all.length >= workersMax) return false
  const errorMs = CLOCK_ERRORS_MS[pick(random, CLOCK_ERRORS_MS.length)] ?? 0
  const worker = workers.add({ nodeOptions: ['--import', `${CLOCK_HOOK}?${errorMs}`], settings: { ROLES: 'dispatch,project,embed' } })
  await worker.ready
  await delay(between(random, 5_000, 10_000))
  // Another fault may have killed it.
  if (!workers.all.includes(worker)) return true
  const code = await worker.end()
  if (code !== 0) observed.problems.push(`worker ${worker.pid} with a wrong clock got SIGTERM and exited with code ${code}`)
  return true
}

export const WORKER_FAULTS: readonly NamedFault[] = [
  ['worker killed', workerKilled],
  ['worker paused', workerPaused],
  ['worker blinked', workerBlinked],
  ['worker added', workerAdded],
  ['worker ended', workerEnded],
  ['worker killed', workerKilled],
  ['clock wrong', clockWrong],
]
