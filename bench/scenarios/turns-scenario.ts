import { ROLES } from '../../infra/settings.ts'
import { startBareLoop, type BareRun } from './bare-loop/bare-loop.ts'
import { STREAM_POLL_MS, TABLES_POLL_MS } from '../harness/caught-up.ts'
import { startLoad, type LoadRound } from '../harness/load.ts'
import { measurePeers } from '../peers/measure-peers.ts'
import { backlogMaxOf } from '../harness/saturate.ts'
import { interleave, roundsOf } from '../harness/rounds.ts'
import type { Bench, Measured, Scenario, TitledChart } from '../harness/bench-scenario.ts'
import { medians, type Spread } from '../harness/statistics.ts'
import type { BenchSystem } from '../harness/bench-system.ts'

/** Throughput: how many turns a second go through the host, beside the least that any such process has to do. */
export const turns: Scenario = {
  name: 'turns',
  about: 'turns per second through host, dispatcher and projector, beside the bare loop and --vs peers',
  actorsDefault: 10_000,
  secondsDefault: 15,
  run: measureTurns,
}

async function measureTurns({ system, producer, options }: Bench): Promise<Measured> {
  const rounds = roundsOf(options.seconds)
  const { ours, bare } = await measureBoth({ system, producer, options })
  const peers = await measurePeers(options, rounds)
  const of = <Value extends number | undefined>(name: string, values: readonly Value[]): Record<string, number[]> => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? {} : { [name]: known }
  }
  const perSecond = ours.map((round) => round.perSecond)
  const told = medians({
    turnsPerSecond: perSecond,
    bareLoopPerSecond: bare.map((round) => round.perSecond),
    ratio: perSecond.map((rate, round) => rate / (bare[round]?.perSecond ?? NaN)),
    ...of('turnsPerSecondToOut', ours.map((round) => round.toOutPerSecond)),
    ...of('turnsPerSecondToTables', ours.map((round) => round.toTablesPerSecond)),
    ...of('cpuMicrosecondsPerTurnUp', ours.map((round) => round.cpuMicroseconds.up)),
    ...of('cpuMicrosecondsPerTurnNats', ours.map((round) => round.cpuMicroseconds.nats)),
    ...of('cpuMicrosecondsPerTurnClickhouse', ours.map((round) => round.cpuMicroseconds.clickhouse)),
    ...of('cpuMicrosecondsPerTurnHarness', ours.map((round) => round.cpuMicroseconds.harness)),
    cpuMicrosecondsPerTurnBareLoop: bare.map((round) => round.cpuMicrosecondsPerTurn),
    logBytesPerTurn: ours.map((round) => round.logBytesPerTurn),
    ...Object.fromEntries(peers.map(({ name, perSecond: rates }) => [`${name}TurnsPerSecond`, rates])),
  })
  const times = Object.fromEntries(peers.flatMap(({ name }) => {
    const theirs = told.figures[`${name}TurnsPerSecond`] ?? 0
    return theirs === 0 ? [] : [[`times${name[0]?.toUpperCase()}${name.slice(1)}`, Math.round((told.figures['turnsPerSecond'] ?? 0) / theirs * 100) / 100]]
  }))
  return {
    figures: { ...told.figures, ...times, turns: ours.reduce((sum, round) => sum + round.turns, 0), refused: producer.publisher.refused },
    spread: told.spread,
    charts: [chart(told.spread)],
    notes: [
      'A turn: a polite message of a customer to the kind support, validated, decided, recorded, answered with message.sent, its '
      + 'silence timer set anew; no task.',
      `${rounds.count} rounds of ${rounds.ms} ms, Colloquy and the bare loop by turns, after warming both up for ${rounds.warmUpMs} ms: medians; `
      + 'ratio is that of the two in one round.',
      `As fast as INBOX takes, at most ${backlogMaxOf(rounds.ms)} inputs ahead of their records. turnsPerSecond is the host: from the first publish until LOG has `
      + `the last record (asked every ${STREAM_POLL_MS} ms)${system.has('project') ? `; ToOut and ToTables until OUT and the tables (asked every ${TABLES_POLL_MS} ms) have all of it` : ''}.`,
      rolesNote(system, options.workers),
      'Bare loop: same nats-server, same inputs, same publisher; ordered consumer, two-state machine, append with '
      + 'expected sequence, in a process of its own. The stages of Colloquy are idle then.',
      'CPU is that of all processes until the tables are level, ClickHouse\'s merges of earlier rounds included. LOG bytes are as JetStream counts them, before compression.',
      ...peers.flatMap(({ notes }) => notes),
    ],
  }
}

async function measureBoth({ system, producer, options }: Bench): Promise<{ ours: LoadRound[]; bare: BareRun[] }> {
  const rounds = roundsOf(options.seconds)
  await using started = new AsyncDisposableStack()
  const loop = started.adopt(await startBareLoop(system, options, producer.tenant), (one) => one.stop())
  const load = started.adopt(await startLoad({ system, producer }), (one) => one.stop())
  await loop.run(rounds.warmUpMs)
  await load.run({ forMs: rounds.warmUpMs })
  const [ours, bare]: [LoadRound[], BareRun[]] = [[], []]
  await interleave(rounds.count, [
    async () => { bare.push(await loop.run(rounds.ms)) },
    async () => { ours.push(await load.run({ forMs: rounds.ms })) },
  ])
  return { ours, bare }
}

const rolesNote = (system: BenchSystem, workers: number): string =>
  `While it is measured there are the roles ${ROLES.filter((role) => system.has(role)).join(', ')}, ${workers === 1 ? 'one process' : `${workers} processes`} with the host, `
  + (system.has('project') ? 'and the tables\' work falls into the time of the host.' : 'beside nothing but the servers and HTTP; what the gate needs besides follows afterwards.')

function chart(spread: Readonly<Record<string, Spread>>): TitledChart {
  const bars = Object.entries({
    bareLoopPerSecond: 'bare loop', turnsPerSecond: 'Colloquy, to LOG', turnsPerSecondToOut: 'Colloquy, to OUT', turnsPerSecondToTables: 'Colloquy, to the tables',
    restateTurnsPerSecond: 'Restate', bullmqTurnsPerSecond: 'BullMQ',
  }).flatMap(([name, label]) => (spread[name] === undefined ? [] : [[label, spread[name].p50] as const]))
  return {
    title: 'Turns per second', unit: '/s', shape: 'bars', labels: bars.map(([label]) => label),
    series: [{ name: 'turns per second', values: bars.map(([, value]) => value), colour: '#2a7f8e' }],
  }
}
