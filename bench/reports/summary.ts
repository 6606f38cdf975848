import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { number, table } from './bench-report.ts'
import { readResults, type Result, RESULTS } from './results.ts'

/** The page that the summary is part of. */
export const BENCHMARKS_PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))

/** A line of the summary: figures of one result. */
interface Line {
  readonly result: string
  readonly what: string
  /** Names of the figures in the line. The aim is for the first one. */
  readonly figures: readonly string[]
  readonly unit: string
  /** The aim as text; absent if there is none. */
  readonly aim?: string
}

const LINES: readonly Line[] = [
  {
    result: 'turns',
    what: 'turns of `support` through the host, all stages running',
    figures: ['turnsPerSecond'],
    unit: '/s',
    aim: '15,000/s',
  },
  { result: 'turns', what: 'the same, until the tables have every row', figures: ['turnsPerSecondToTables'], unit: '/s' },
  { result: 'turns', what: 'the bare loop: inbox → two-state machine → append', figures: ['bareLoopPerSecond'], unit: '/s' },
  { result: 'turns', what: 'host over bare loop', figures: ['ratio'], unit: '', aim: '0.8' },
  {
    result: 'turns-host',
    what: 'the host alone, in its own process: turns a second, and over bare loop',
    figures: ['turnsPerSecond', 'ratio'],
    unit: '',
  },
  {
    result: 'turns',
    what: 'Colloquy over Restate, same job; turns a second of Restate',
    figures: ['timesRestate', 'restateTurnsPerSecond'],
    unit: '',
    aim: '15 times',
  },
  {
    result: 'turns',
    what: 'Colloquy over BullMQ, same job; turns a second of BullMQ',
    figures: ['timesBullmq', 'bullmqTurnsPerSecond'],
    unit: '',
    aim: '1.5 times',
  },
  { result: 'latency', what: 'publish → record in LOG: p50, p99', figures: ['toLogP50Ms', 'toLogP99Ms'], unit: ' ms' },
  { result: 'latency', what: 'publish → OUT: p50, p99', figures: ['toOutP50Ms', 'toOutP99Ms'], unit: ' ms', aim: '4 ms, 25 ms' },
  {
    result: 'latency',
    what: 'publish → row in ClickHouse: p50, p99',
    figures: ['toRowP50Ms', 'toRowP99Ms'],
    unit: ' ms',
    aim: 'p99 300 ms',
  },
  {
    result: 'waiting',
    what: 'HTTP inputs with `wait=actor` over those without, 200 connections: many actors, one actor',
    figures: ['manyRatio', 'oneRatio'],
    unit: '',
    aim: '0.5',
  },
  {
    result: 'tasks',
    what: 'task: start → outcome in LOG: p50, p99',
    figures: ['roundTripP50Ms', 'roundTripP99Ms'],
    unit: ' ms',
    aim: 'p50 6 ms',
  },
  {
    result: 'replay',
    what: '`colloquy rebuild`: records into all tables',
    figures: ['rebuiltRecordsPerSecond'],
    unit: '/s',
    aim: '60,000/s',
  },
  {
    result: 'replay',
    what: 'bare ordered consumer, bare insert of the same rows',
    figures: ['bareConsumerRecordsPerSecond', 'bareInsertRecordsPerSecond'],
    unit: '/s',
  },
  {
    result: 'takeover',
    what: 'longest wait of an input when a worker is killed',
    figures: ['killedLongestWaitMs'],
    unit: ' ms',
    aim: '5 s',
  },
  { result: 'takeover', what: 'longest wait when a worker stops in order', figures: ['stoppedLongestWaitMs'], unit: ' ms', aim: '500 ms' },
  {
    result: 'scale',
    what: 'cost per message at 1,000,000 actors over that at 10,000: time, CPU',
    figures: ['costRatio', 'cpuCostRatio'],
    unit: '',
    aim: '1.3',
  },
  { result: 'scale', what: 'memory per live actor of the small machine', figures: ['bytesPerLiveActor'], unit: ' bytes', aim: '2 KB' },
  { result: 'scale', what: 'loading an actor that is not in memory: p50', figures: ['coldLoadP50Ms'], unit: ' ms' },
  {
    result: 'soak',
    what: 'one hour at 200 inputs/s: memory of Colloquy in the earlier half, in the later half',
    figures: ['upMiBEarly', 'upMiBLate'],
    unit: ' MiB',
    aim: 'flat',
  },
  {
    result: 'soak',
    what: 'records not yet in the tables in that hour: p50 earlier, p50 later, p99 later',
    figures: ['tablesLagP50Early', 'tablesLagP50Late', 'tablesLagP99Late'],
    unit: '',
    aim: 'flat',
  },
  {
    result: 'embed',
    what: 'texts embedded a second (MiniLM shape, 8 bits); over the bare ONNX session',
    figures: ['textsPerSecond', 'ratio'],
    unit: '',
  },
  { result: 'search', what: 'hybrid search over 100,000 messages: p50, p99', figures: ['hybridP50Ms', 'hybridP99Ms'], unit: ' ms' },
  {
    result: 'kinds',
    what: 'decisions of `support` a second, without servers; over bare `transition()`',
    figures: ['supportTurnsPerSecond', 'supportRatio'],
    unit: '',
  },
]

/** The line for `analysts`. Its result has a figure for each question; the line shows the slowest one. */
const ANALYSTS = { result: 'analysts', end: 'P99Ms', aim: '300 ms' } as const

const [BEGIN, END] = ['<!-- bench:begin (npm run bench -- summary) -->', '<!-- bench:end -->']

/** The table of `docs/benchmarks.md`, with the machines and versions it comes from. */
export function renderSummary(results: ReadonlyMap<string, Result>): string {
  const [first] = results.values()
  if (first === undefined) return 'Nothing is measured yet: `npm run bench -- all`.'
  const rows = LINES.flatMap((line) => {
    const result = results.get(line.result)
    return result === undefined || line.figures.some((name) => result.figures[name] === undefined) ? [] : [rowOf(line, result)]
  })
  return [
    ...circumstances([...results.values()]),
    '',
    table(['what', 'median', 'quartiles', 'aim', 'result', 'machine'], [...rows, ...slowestQuestion(results)]),
  ].join('\n')
}

/** Two cells: a link to the result, and the time of the noise round, which shows how fast the machine was then. */
const placeOf = (name: string, { noise }: Result): [string, string] => [
  `[${name}](../bench/results/${name}.md)`,
  `${number(noise.roundMs)} ms`,
]

function rowOf({ result: name, what, figures, unit, aim = '' }: Line, result: Result): string[] {
  const { figures: values, spread = {} } = result
  const told = figures.map((figure) => `${number(values[figure] ?? 0)}${unit}`)
  const ranges = figures.flatMap((figure) =>
    spread[figure] === undefined ? [] : [`${number(spread[figure].p25)} to ${number(spread[figure].p75)}`],
  )
  return [what, told.join(', '), ranges.join(', '), aim, ...placeOf(name, result)]
}

function slowestQuestion(results: ReadonlyMap<string, Result>): string[][] {
  const result = results.get(ANALYSTS.result)
  if (result === undefined) return []
  const times = Object.entries(result.figures)
    .filter(([name]) => name.endsWith(ANALYSTS.end))
    .toSorted(([, one], [, other]) => other - one)
  const within = times.filter(([, ms]) => ms <= Number.parseInt(ANALYSTS.aim, 10)).length
  const [slowest = ['', 0]] = times
  const [rows, rate] = [number(result.figures['eventRows'] ?? 0), number(result.figures['ratePerSecond'] ?? 0)]
  return [
    [
      `the ${times.length} questions over ${rows} event rows beside ${rate} inputs/s: slowest p99; questions within the aim`,
      `${number(slowest[1])} ms; ${within} of ${times.length}`,
      '',
      ANALYSTS.aim,
      ...placeOf(ANALYSTS.result, result),
    ],
  ]
}

/** Describes machines and versions of all results. The results may come from several days and several commits. */
function circumstances(results: readonly Result[]): string[] {
  const distinct = (of: (result: Result) => string | undefined): string =>
    [...new Set(results.map(of))]
      .filter((text) => text !== undefined)
      .toSorted()
      .join(' and ')
  const iqrs = results.map(({ noise }) => noise.iqrPercent)
  const commits = new Set(results.map(({ commit }) => commit))
  const machines = distinct(({ machine }) => `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB`)
  const revisions = commits.size === 1 ? `commit ${[...commits].join()}` : `${commits.size} commits, named in the results`
  return [
    `${machines}; producer, servers and all stages share it. `
      + `nats-server ${distinct(({ versions }) => versions['nats'])}, ClickHouse ${distinct(({ versions }) => versions['clickhouse'])}, `
      + `Node ${distinct(({ versions }) => versions['node'])}; ${revisions}; ${distinct(({ date }) => date.slice(0, 10))}.`,
    'Before each run one thread repeats the same piece of work. The last column is its median time: how fast the machine was then. '
      + `The interquartile range of those times was ${Math.min(...iqrs)} to ${Math.max(...iqrs)} %; smaller differences mean nothing.`,
  ]
}

/** Replaces the text between the marks of a page by this summary. @throws ColloquyError `no_marks` */
export function withSummary(page: string, summary: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) {
    throw new ColloquyError('no_marks', `The page has no place for the summary: add a line "${BEGIN}" and below it "${END}"`)
  }
  return `${page.slice(0, from + BEGIN.length)}\n\n${summary}\n\n${page.slice(to)}`
}

export async function updateReadme(): Promise<void> {
  await writeFile(BENCHMARKS_PAGE, withSummary(await readFile(BENCHMARKS_PAGE, 'utf8'), renderSummary(await readResults(RESULTS))))
}

export const readmeCommand = ({ line }: { line: (text: string) => void }): Command =>
  new Command('summary')
    .alias('readme')
    .description('writes the summary of bench/results/ into docs/benchmarks.md')
    .action(async () => {
      await updateReadme()
      line(`Wrote the summary of ${RESULTS} into ${BENCHMARKS_PAGE}`)
    })
