import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { cpuUsage, hrtime } from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { quantile, rounded } from './statistics.ts'

/** Variation of the time that identical work takes on this machine. The field names are part of saved results. */
export interface MachineNoise {
  /** Median time of one round: the same work on one thread. */
  readonly roundMs: number
  /** Interquartile range, in percent of the median. */
  readonly iqrPercent: number
  /** The slowest round, in percent of the median. */
  readonly slowestPercent: number
  /** Shares of all processor time: used by other processes, and given to other virtual machines by the hypervisor (steal). */
  readonly othersPercent: number
  readonly stolenPercent: number
  readonly rounds: number
}

const ROUNDS = 40
/** A few milliseconds of typical work of a stage: JSON, hashes, small objects. */
const ROUND_STEPS = 1_000
const WARM_UP = 10

/** Measures the noise by repeating the same work. Differences between figures that are below the noise are not significant. */
export async function measureMachineNoise(): Promise<MachineNoise> {
  const times: number[] = []
  for (let round = 0; round < WARM_UP; round++) work()
  const [before, ownBefore] = [await readProcessors(), cpuUsage()]
  for (let round = 0; round < ROUNDS; round++) {
    const started = hrtime.bigint()
    work()
    times.push(Number(hrtime.bigint() - started) / 1e6)
    await turn()
  }
  const [after, own] = [await readProcessors(), cpuUsage(ownBefore)]
  const median = quantile(times, 0.5)
  const ownTicks = ((own.user + own.system) / 1e6) * TICKS_PER_SECOND
  const all = Math.max(1, after.all - before.all)
  return {
    roundMs: rounded(median),
    iqrPercent: percent(quantile(times, 0.75) - quantile(times, 0.25), median),
    slowestPercent: percent(Math.max(...times), median),
    othersPercent: percent(Math.max(0, after.busy - before.busy - ownTicks), all),
    stolenPercent: percent(after.stolen - before.stolen, all),
    rounds: ROUNDS,
  }
}

export const machineNoiseText = ({ roundMs, iqrPercent, slowestPercent, othersPercent, stolenPercent, rounds }: MachineNoise): string =>
  `${rounds} rounds of the same work, ${roundMs} ms each: interquartile range ${iqrPercent} %, slowest ${slowestPercent} % of the median; `
  + `other processes used ${othersPercent} % of the processors, ${stolenPercent} % was stolen`

const percent = (part: number, whole: number): number => Math.round((part / whole) * 1_000) / 10

function work(): void {
  for (let step = 0; step < ROUND_STEPS; step++) {
    const text = JSON.stringify({ step, text: 'where is my order? 我的订单到哪里了？', tags: [step, step + 1, step + 2] })
    createHash('sha256')
      .update(JSON.stringify(JSON.parse(text)))
      .digest()
  }
}

const TICKS_PER_SECOND = 100

/** Ticks since boot (proc(5)); zeros on systems without /proc. */
async function readProcessors(): Promise<{ all: number; busy: number; stolen: number }> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => '')
  const ticks = text.split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? []
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, stolen = 0] = ticks
  const busy = user + nice + system + irq + softIrq
  return { all: busy + idle + ioWait + stolen, busy, stolen }
}
