import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { ERRANDS } from '../harness/inputs.ts'
import { CAUGHT_UP_MS_MAX } from '../harness/caught-up.ts'
import { openLoop } from '../harness/open-loop.ts'
import { CHART_PERCENTILES, createProbe, percentilesForChart, percentilesOf, watchSubject } from '../harness/latency-probe.ts'
import { roundsOf } from '../harness/rounds.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { sleepUntil } from '../harness/sleep-until.ts'

/** A machine's `invoke`: how long until the outcome of a task that takes no time is in LOG. */
export const tasks: Scenario = {
  name: 'tasks',
  about: 'invoke round trip: from the record that starts a task to the record of its outcome, at a fixed rate',
  actorsDefault: 2_000,
  rateDefault: 200,
  secondsDefault: 20,
  inputs: ERRANDS,
  run: measureTasks,
}

const recordSchema = z.object({
  input: z.object({ id: z.string() }),
  started: z.array(z.object({ run: z.string() })),
  ended: z.array(z.object({ run: z.string(), status: z.string(), queueMs: z.number().optional(), durationMs: z.number().optional() })),
})

/** A task that runs: when its input was due, and when its record came. */
interface Errand {
  readonly dueAtMs: number
  readonly startedAtMs: number
  readonly window: number
}

async function measureTasks({ system, producer, options: { rate, seconds, actors } }: Bench): Promise<Measured> {
  const { count: windows, warmUpMs } = roundsOf(seconds)
  const warmUpCount = Math.ceil(warmUpMs / 1_000 * rate)
  const count = warmUpCount + Math.ceil(seconds * rate)
  const dues = new Map<string, { readonly atMs: number; readonly window: number }>()
  const running = new Map<string, Errand>()
  const [roundTrip, whole, queue] = [createProbe(windows), createProbe(windows), createProbe(windows)]
  let [recorded, ended, unfit] = [0, 0, 0]
  await using watching = new AsyncDisposableStack()
  watching.defer(watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, (record, _, atMs) => {
    const due = dues.get(record.input.id)
    if (due !== undefined) recorded += 1
    for (const { run } of record.started) if (due !== undefined) running.set(run, { dueAtMs: due.atMs, startedAtMs: atMs, window: due.window })
    for (const { run, status, queueMs = 0 } of record.ended) {
      const errand = running.get(run)
      if (errand === undefined) continue
      running.delete(run)
      ended += 1
      if (status !== 'done') unfit += 1
      roundTrip.record(errand.window, atMs - errand.startedAtMs)
      whole.record(errand.window, atMs - errand.dueAtMs)
      queue.record(errand.window, queueMs)
    }
  }))
  await openLoop({ rate, count }, (atMs, index) => {
    dues.set(producer.send(index % actors).id, { atMs, window: Math.floor((index - warmUpCount) / (count - warmUpCount) * windows) })
  })
  await producer.publisher.settled()
  const isOver = await sleepUntil(() => recorded >= producer.acknowledged && running.size === 0, CAUGHT_UP_MS_MAX)
  if (!isOver) {
    throw new ColloquyError('not_level', `of ${producer.acknowledged} inputs ${recorded} came to LOG, and ${running.size} tasks had no outcome after ${CAUGHT_UP_MS_MAX} ms; `
      + 'with --attach the system must have the kinds of bench/harness/kinds-config.ts (COLLOQUY_CONFIG)')
  }
  const told = [percentilesOf('roundTrip', roundTrip), percentilesOf('publishToOutcome', whole), percentilesOf('queue', queue)]
  return {
    figures: {
      ...Object.assign({}, ...told.map(({ figures }) => figures)) as Measured['figures'],
      ratePerSecond: rate, tasks: ended, notDone: unfit, inputsWithoutTask: recorded - ended, refused: producer.publisher.refused,
    },
    spread: Object.assign({}, ...told.map(({ spread }) => spread)) as NonNullable<Measured['spread']>,
    charts: [{
      title: `Tasks at ${rate} a second`, unit: ' ms', shape: 'bars', labels: CHART_PERCENTILES.map((percentile) => (percentile === 100 ? 'slowest' : `p${percentile}`)),
      series: [
        { name: 'from start to outcome', values: percentilesForChart(roundTrip), colour: COLOURS.good },
        { name: 'from publish to outcome', values: percentilesForChart(whole), colour: COLOURS.light },
      ],
    }],
    notes: [
      'A task that takes no time: LOG (start) → dispatcher → TASKS → runner → INBOX → host → LOG (outcome), as a core subscription sees the two records on '
      + 'their way into LOG. publishToOutcome counts from when the input was due (open loop); queue is from the start to the first attempt, as the record says.',
      `One actor after the other, so that none is asked while it waits (inputsWithoutTask). The first ${warmUpCount} inputs warm up; quartiles are those of ${windows} windows in a row.`,
    ],
  }
}
