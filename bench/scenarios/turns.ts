import { measureBareLoop } from '../bare/bare.ts'
import { LEVEL_MS_MAX, STREAM_POLL_MS, TABLES_POLL_MS, watchStream, watchTables } from '../levels.ts'
import { BACKLOG_MAX, pour } from '../pour.ts'
import { usageOf, type SystemUsage } from '../processes.ts'
import type { Bench, Figures, Measured, Scenario } from '../scenario.ts'
import { quantile, rounded, windowRates } from '../statistics.ts'
import type { Sample } from '../watch.ts'

/** Compiling and filling caches is not what is measured. */
const WARM_UP_MS_MAX = 3_000
const WARM_UP_SHARE = 0.5

/** Throughput: how many turns a second go through one process, beside the least that any such process has to do. */
export const turns: Scenario = {
  name: 'turns',
  about: 'turns per second through host and projector, beside the bare loop',
  actorsDefault: 10_000,
  run: measureTurns,
}

async function measureTurns({ system, producer, options }: Bench): Promise<Measured> {
  const warmUpMs = Math.min(WARM_UP_MS_MAX, options.seconds * 1_000 * WARM_UP_SHARE)
  const bareLoopPerSecond = await measureBareLoop(system, options, { name: producer.tenant, warmUpMs })

  await using watches = new AsyncDisposableStack()
  const log = await watchStream(system, 'LOG')
  watches.defer(() => log.stop())
  const out = await watchStream(system, 'OUT')
  watches.defer(() => out.stop())
  const tables = await watchTables(system)
  watches.defer(() => tables.stop())
  const target = { send: () => void producer.send(), publisher: producer.publisher, records: log }
  const [logBase, outBase] = [log.value, out.value]
  await pour(target, { forMs: warmUpMs })
  await log.reached(logBase + producer.acknowledged, LEVEL_MS_MAX)
  await out.reached(outBase + producer.acknowledged, LEVEL_MS_MAX)
  await tables.reached(log.value, LEVEL_MS_MAX)

  const [acknowledged, before, used] = [producer.acknowledged, log.value, await usageOf(system.pid)]
  const bytesBefore = (await system.jsm.streams.info('LOG')).state.bytes
  const ownCpuBefore = process.cpuUsage()
  const { firstAtMs, lastAtMs } = await pour(target, { forMs: options.seconds * 1_000 })
  const hostLevel = await log.reached(before + producer.acknowledged - acknowledged, LEVEL_MS_MAX)
  const [outLevel, tablesLevel] = await Promise.all([
    out.reached(outBase + producer.acknowledged, LEVEL_MS_MAX), tables.reached(hostLevel.value, LEVEL_MS_MAX),
  ])
  const ownCpu = process.cpuUsage(ownCpuBefore)
  const cpu = cpuFigures(used, await usageOf(system.pid))
  const count = hostLevel.value - before
  const rates = windowRates(log.samples, firstAtMs, lastAtMs)
  const perSecond = ({ atMs }: Sample): number => count / (atMs - firstAtMs) * 1_000
  const turnsPerSecond = perSecond(hostLevel)
  return {
    figures: {
      turnsPerSecond: rounded(turnsPerSecond),
      bareLoopPerSecond: rounded(bareLoopPerSecond),
      ratio: rounded(turnsPerSecond / bareLoopPerSecond),
      turnsPerSecondToOut: rounded(perSecond(outLevel)),
      turnsPerSecondToTables: rounded(perSecond(tablesLevel)),
      turns: count,
      windowTurnsPerSecondP25: rounded(quantile(rates, 0.25)),
      windowTurnsPerSecondP50: rounded(quantile(rates, 0.5)),
      windowTurnsPerSecondP75: rounded(quantile(rates, 0.75)),
      logBytesPerTurn: rounded(((await system.jsm.streams.info('LOG')).state.bytes - bytesBefore) / count),
      ...cpu,
      cpuSecondsHarness: rounded((ownCpu.user + ownCpu.system) / 1e6),
      refused: producer.publisher.refused,
    },
    notes: [
      'A turn: a polite message of a customer to the kind support, validated, decided, recorded, answered with message.sent, its '
      + 'silence timer set anew; no task.',
      `As fast as INBOX takes, at most ${BACKLOG_MAX} inputs ahead of their records; from the first publish until LOG and OUT (asked `
      + `every ${STREAM_POLL_MS} ms) have the last one, and until the tables (asked every ${TABLES_POLL_MS} ms) are level with it.`,
      'Bare loop: same nats-server, same inputs, same publisher, just before; ordered consumer, two-state machine, append with '
      + 'expected sequence, in a process of its own. Dispatcher, projector and ClickHouse are idle then, and work beside the '
      + 'host in the turns.',
      `Warmed up for ${warmUpMs} ms each. LOG bytes are as JetStream counts them, before compression.`,
    ],
  }
}

function cpuFigures(before: SystemUsage, after: SystemUsage): Figures {
  const used = (name: keyof SystemUsage): number => rounded((after[name]?.cpuSeconds ?? 0) - (before[name]?.cpuSeconds ?? 0))
  if (after.up === undefined) return {}
  return { cpuSecondsUp: used('up'), cpuSecondsNats: used('nats'), cpuSecondsClickhouse: used('clickhouse') }
}
