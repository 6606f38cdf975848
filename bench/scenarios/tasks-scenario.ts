import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { ERRANDS } from '../harness/inputs.ts'
import { createProbe, percentileLabels, percentilesForChart, percentilesOf, watchSubject } from '../harness/latency-probe.ts'
import { planMeasurement } from '../harness/measurement-plan.ts'
import { openLoop } from '../harness/open-loop.ts'

/** Measures the round trip of `invoke`: the time until LOG has the outcome of a task that does nothing. */
export const tasks: Scenario = {
  name: 'tasks',
  about: 'Round trip of a task at a fixed rate: from the record that starts it to the record of its outcome.',
  actorsDefault: 2_000,
  rateDefault: 200,
  secondsDefault: 20,
  inputs: ERRANDS,
  run: measureTasks,
}

const recordSchema = z.object({
  input: z.object({ id: z.string() }),
  started: z.array(z.object({ run: z.string() })).default([]),
  ended: z
    .array(z.object({ run: z.string(), status: z.string(), queueMs: z.number().optional(), durationMs: z.number().optional() }))
    .default([]),
})

/** A running task: when its input was due, and when its starting record arrived. */
interface RunningTask {
  readonly dueAtMs: number
  readonly startedAtMs: number
  readonly window: number
}

async function measureTasks({ system, producer, options: { rate, seconds, actors } }: Bench): Promise<Measured> {
  const { rounds: windows, warmUpMs } = planMeasurement(seconds)
  const warmUpCount = Math.ceil((warmUpMs / 1_000) * rate)
  const count = warmUpCount + Math.ceil(seconds * rate)
  const dues = new Map<string, { readonly atMs: number; readonly window: number }>()
  const running = new Map<string, RunningTask>()
  const [roundTrip, whole, queue] = [createProbe(windows), createProbe(windows), createProbe(windows)]
  let [recorded, ended, failed] = [0, 0, 0]
  await using watching = new AsyncDisposableStack()
  watching.defer(
    await watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, (record, _, atMs) => {
      const due = dues.get(record.input.id)
      if (due !== undefined) recorded += 1
      for (const { run } of record.started) {
        if (due !== undefined) running.set(run, { dueAtMs: due.atMs, startedAtMs: atMs, window: due.window })
      }
      for (const { run, status, queueMs = 0 } of record.ended) {
        const task = running.get(run)
        if (task === undefined) continue
        running.delete(run)
        ended += 1
        if (status !== 'done') failed += 1
        roundTrip.record(task.window, atMs - task.startedAtMs)
        whole.record(task.window, atMs - task.dueAtMs)
        queue.record(task.window, queueMs)
      }
    }),
  )
  await openLoop({ rate, count }, (atMs, index) => {
    dues.set(producer.send(index % actors).id, { atMs, window: Math.floor(((index - warmUpCount) / (count - warmUpCount)) * windows) })
  })
  await producer.publisher.settled()
  await waitUntil(
    () => recorded >= producer.acknowledged && running.size === 0,
    CAUGHT_UP_MS_MAX,
    () =>
      `${recorded} of ${producer.acknowledged} inputs have a record and ${running.size} tasks have no outcome; `
      + 'a system measured with --attach needs COLLOQUY_CONFIG=bench/harness/kinds-config.ts',
  )
  const percentiles = [percentilesOf('roundTrip', roundTrip), percentilesOf('publishToOutcome', whole), percentilesOf('queue', queue)]
  return {
    figures: {
      ...(Object.assign({}, ...percentiles.map(({ figures }) => figures)) as Measured['figures']),
      ratePerSecond: rate,
      tasks: ended,
      notDone: failed,
      inputsWithoutTask: recorded - ended,
      refused: producer.publisher.refused,
    },
    spread: Object.assign({}, ...percentiles.map(({ spread }) => spread)) as NonNullable<Measured['spread']>,
    charts: [
      {
        title: `Tasks at ${rate} per second`,
        unit: ' ms',
        shape: 'bars',
        labels: percentileLabels,
        series: [
          { name: 'from start to outcome', values: percentilesForChart(roundTrip), colour: COLOURS.good },
          { name: 'from publish to outcome', values: percentilesForChart(whole), colour: COLOURS.light },
        ],
      },
    ],
    notes: [
      'The task does nothing. Path: LOG (start) → dispatcher → TASKS → task runner → INBOX → host → LOG (outcome); a core subscription '
        + 'sees both records on their way into LOG. publishToOutcome counts from when the input was due (open loop). queue is the time '
        + 'from start to first attempt, as in the record.',
      'Inputs go to the actors in turn, so that an actor rarely gets an input while its task still runs (inputsWithoutTask). The first '
        + `${warmUpCount} inputs are warm-up; quartiles are over ${windows} consecutive windows.`,
    ],
  }
}
