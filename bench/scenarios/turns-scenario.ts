import { ROLES } from '../../infra/settings.ts'
import type { Bench, Measured, Scenario, TitledChart } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { STREAM_POLL_MS, TABLES_POLL_MS } from '../harness/caught-up.ts'
import { type LoadRun, startLoad } from '../harness/load.ts'
import { interleave, type MeasurementPlan, planMeasurement } from '../harness/measurement-plan.ts'
import { backlogMaxOf } from '../harness/saturate.ts'
import { medians, type Spread } from '../harness/statistics.ts'
import { measurePeers } from '../peers/measure-peers.ts'
import { type BareRun, startBareLoop } from './bare-loop/bare-loop.ts'

/** Measures turns per second through the host. Compares them with a bare loop, which does only the minimum work of a host. */
export const turns: Scenario = {
  name: 'turns',
  about: 'Turns per second through host, dispatcher and projector, beside the bare loop and --vs peers.',
  actorsDefault: 10_000,
  secondsDefault: 15,
  run: measureTurns,
}

async function measureTurns({ system, producer, options }: Bench): Promise<Measured> {
  const plan = planMeasurement(options.seconds)
  const { colloquy, bare } = await measureAlternately({ system, producer, options }, plan)
  const peers = await measurePeers(options, plan)
  const of = <Value extends number | undefined>(name: string, values: readonly Value[]): Record<string, number[]> => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? {} : { [name]: known }
  }
  const perSecond = colloquy.map((round) => round.perSecond)
  const summary = medians({
    turnsPerSecond: perSecond,
    bareLoopPerSecond: bare.map((round) => round.perSecond),
    ratio: perSecond.map((rate, round) => rate / (bare[round]?.perSecond ?? NaN)),
    ...of(
      'turnsPerSecondToOut',
      colloquy.map((round) => round.toOutPerSecond),
    ),
    ...of(
      'turnsPerSecondToTables',
      colloquy.map((round) => round.toTablesPerSecond),
    ),
    ...of(
      'cpuMicrosecondsPerTurnUp',
      colloquy.map((round) => round.cpuMicroseconds.up),
    ),
    ...of(
      'cpuMicrosecondsPerTurnNats',
      colloquy.map((round) => round.cpuMicroseconds.nats),
    ),
    ...of(
      'cpuMicrosecondsPerTurnClickhouse',
      colloquy.map((round) => round.cpuMicroseconds.clickhouse),
    ),
    ...of(
      'cpuMicrosecondsPerTurnHarness',
      colloquy.map((round) => round.cpuMicroseconds.harness),
    ),
    cpuMicrosecondsPerTurnBareLoop: bare.map((round) => round.cpuMicrosecondsPerTurn),
    logBytesPerTurn: colloquy.map((round) => round.logBytesPerTurn),
    inputsPerTurn: colloquy.map(({ messagesPerTurn }) => messagesPerTurn.INBOX),
    recordsPerTurn: colloquy.map(({ messagesPerTurn }) => messagesPerTurn.LOG),
    tasksPerTurn: colloquy.map(({ messagesPerTurn }) => messagesPerTurn.TASKS),
    ...Object.fromEntries(peers.map(({ name, perSecond: rates }) => [`${name}TurnsPerSecond`, rates])),
  })
  const timesPeers = Object.fromEntries(
    peers.flatMap(({ name }) => {
      const theirs = summary.figures[`${name}TurnsPerSecond`] ?? 0
      const times = Math.round(((summary.figures['turnsPerSecond'] ?? 0) / theirs) * 100) / 100
      return theirs === 0 ? [] : [[`times${name[0]?.toUpperCase()}${name.slice(1)}`, times]]
    }),
  )
  return {
    figures: {
      ...summary.figures,
      ...timesPeers,
      turns: colloquy.reduce((sum, round) => sum + round.turns, 0),
      refused: producer.publisher.refused,
    },
    spread: summary.spread,
    charts: [chart(summary.spread)],
    notes: [
      'A turn is a courtesy of a customer to the kind support: the host validates the input, decides, appends a record, answers with '
        + 'message.sent and restarts the silence timer. No task.',
      `Medians of ${plan.rounds} rounds of ${plan.roundMs} ms, Colloquy and the bare loop alternately, after a warm-up of `
        + `${plan.warmUpMs} ms each. ratio compares the two within a round.`,
      `Inputs are published as fast as INBOX acknowledges them, at most ${backlogMaxOf(plan.roundMs)} ahead of their records. `
        + `turnsPerSecond covers the host: from the first publish until LOG has the last record (polled every ${STREAM_POLL_MS} ms)`
        + `${system.has('project') ? `; ToOut and ToTables until OUT and the tables (every ${TABLES_POLL_MS} ms) have everything` : ''}.`,
      rolesNote(system, options.workers),
      'Bare loop: same nats-server, same inputs, same publisher; an ordered consumer, a two-state machine, and an append with the '
        + 'expected sequence, in a process of its own. Colloquy is idle meanwhile.',
      "CPU counts all processes until the tables have caught up, including ClickHouse's merges of earlier rounds. LOG bytes are as "
        + 'JetStream counts them, before compression.',
      ...peers.flatMap(({ notes }) => notes),
    ],
  }
}

async function measureAlternately(
  { system, producer, options }: Bench,
  { rounds, roundMs, warmUpMs }: MeasurementPlan,
): Promise<{ colloquy: LoadRun[]; bare: BareRun[] }> {
  await using started = new AsyncDisposableStack()
  const loop = started.adopt(await startBareLoop(system, options, producer.tenant), (one) => one.stop())
  const load = started.adopt(await startLoad({ system, producer }), (one) => one.stop())
  await loop.run(warmUpMs)
  await load.run({ forMs: warmUpMs })
  const [colloquy, bare]: [LoadRun[], BareRun[]] = [[], []]
  await interleave(rounds, [
    async () => {
      bare.push(await loop.run(roundMs))
    },
    async () => {
      colloquy.push(await load.run({ forMs: roundMs }))
    },
  ])
  return { colloquy, bare }
}

const rolesNote = (system: BenchSystem, workers: number): string =>
  `Roles during the measurement: ${ROLES.filter((role) => system.has(role)).join(', ')}; the host runs in `
  + `${workers === 1 ? 'one process' : `${workers} processes`}. `
  + (system.has('project')
    ? 'The projector shares the machine with the host.'
    : 'Beside them only the servers and HTTP run; the roles that the gate needs start afterwards.')

function chart(spread: Readonly<Record<string, Spread>>): TitledChart {
  const bars = Object.entries({
    bareLoopPerSecond: 'bare loop',
    turnsPerSecond: 'Colloquy, to LOG',
    turnsPerSecondToOut: 'Colloquy, to OUT',
    turnsPerSecondToTables: 'Colloquy, to the tables',
    restateTurnsPerSecond: 'Restate',
    bullmqTurnsPerSecond: 'BullMQ',
  }).flatMap(([name, label]) => (spread[name] === undefined ? [] : [[label, spread[name].p50] as const]))
  return {
    title: 'Turns per second',
    unit: '/s',
    shape: 'bars',
    labels: bars.map(([label]) => label),
    series: [{ name: 'turns per second', values: bars.map(([, value]) => value), colour: '#2a7f8e' }],
  }
}
