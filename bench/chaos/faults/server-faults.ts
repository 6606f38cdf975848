import { setTimeout as delay } from 'node:timers/promises'
import { pick } from '../../harness/random.ts'
import { between, type Fault, type NamedFault, type Observations, type Victims } from './fault.ts'

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

export const NATS_FAULTS: readonly NamedFault[] = [
  ['nats killed', natsKilled],
  ['nats paused', natsPaused],
  ['nats majority killed', natsMajorityKilled, 'cluster'],
]

export const CLICKHOUSE_FAULTS: readonly NamedFault[] = [
  ['clickhouse killed', clickhouseKilled],
  ['clickhouse cut', clickhouseCut],
  ['clickhouse away', clickhouseAway, 'time'],
]
