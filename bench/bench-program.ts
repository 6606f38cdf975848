import { writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Logger } from 'pino'
import { positiveNumber, wholeNumber } from '../infra/app/number-arguments.ts'
import { loadSettings, type Role, ROLES } from '../infra/settings.ts'
import { isClean } from './gate/check-ledger.ts'
import type { BenchOptions, OfflineScenario, Scenario } from './harness/bench-scenario.ts'
import { type PeerName, PEERS } from './harness/bench-scenario.ts'
import { connectToSystem, startSystem } from './harness/bench-system.ts'
import { measureMachineNoise } from './harness/machine-noise.ts'
import { allCommand } from './measure-all.ts'
import { type OfflineReport, renderReport, type Report } from './reports/bench-report.ts'
import { RESULTS, saveReport } from './reports/results.ts'
import { readmeCommand } from './reports/summary.ts'
import { runOffline, runScenario } from './run-scenario.ts'
import { analysts } from './scenarios/analysts-scenario.ts'
import { answers } from './scenarios/answers-scenario.ts'
import { cache } from './scenarios/cache-scenario.ts'
import { consoleReads } from './scenarios/console-scenario.ts'
import { desk } from './scenarios/desk-scenario.ts'
import { documents } from './scenarios/documents-scenario.ts'
import { embed } from './scenarios/embed-scenario.ts'
import { fanOut } from './scenarios/fan-out-scenario.ts'
import { kinds } from './scenarios/kinds-scenario.ts'
import { latency } from './scenarios/latency-scenario.ts'
import { posts } from './scenarios/posts-scenario.ts'
import { questions } from './scenarios/questions-scenario.ts'
import { recommendations } from './scenarios/recommendations-scenario.ts'
import { repeats, repeatsUncached } from './scenarios/repeats-scenario.ts'
import { replay } from './scenarios/replay-scenario.ts'
import { scale } from './scenarios/scale-scenario.ts'
import { search } from './scenarios/search-scenario.ts'
import { soak } from './scenarios/soak-scenario.ts'
import { streams } from './scenarios/streams-scenario.ts'
import { takeover } from './scenarios/takeover-scenario.ts'
import { tasks } from './scenarios/tasks-scenario.ts'
import { triggers } from './scenarios/triggers-scenario.ts'
import { turns } from './scenarios/turns-scenario.ts'
import { waiting } from './scenarios/waiting-scenario.ts'

const SCENARIOS: readonly Scenario[] = [
  turns,
  latency,
  waiting,
  tasks,
  answers,
  questions,
  repeats,
  repeatsUncached,
  replay,
  takeover,
  scale,
  analysts,
  consoleReads,
  embed,
  search,
  soak,
]
const OFFLINE: readonly OfflineScenario[] = [kinds, streams, cache, triggers, desk, fanOut, documents, posts, recommendations]

const SECONDS_DEFAULT = 10
const RATE_DEFAULT = 500
const ROWS_DEFAULT = 1_000_000
/** Default roles: all except `embed`, because embedding takes most of a small machine's processors. The scenario `embed` measures it. */
const ROLES_DEFAULT: readonly Role[] = ROLES.filter((role) => role !== 'embed')

export interface BenchCli {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly line: (text: string) => void
  readonly log: Logger
  readonly now: () => Date
}

interface Flags extends Omit<BenchOptions, 'payloadBytes'> {
  readonly payload: number
  readonly json?: string
  readonly save?: string | true
  readonly attach?: true
  readonly profile?: string
}

/** `npm run bench -- <scenario>`. @returns a command that sets a failing exit code if the gate found a fault */
export function createBenchProgram(cli: BenchCli): Command {
  const program = new Command('bench')
    .description('Measure Colloquy from the outside. Figures are printed only if no input was lost, duplicated or reordered.')
    .showHelpAfterError('(run with --help for usage)')
    .addHelpText('after', '\nRun "npm run bench -- <scenario> --help" for its options. The exit code is 0 only if the gate found no fault.')
  for (const scenario of SCENARIOS) program.addCommand(scenarioCommand(scenario, cli))
  for (const scenario of OFFLINE) program.addCommand(offlineCommand(scenario, cli))
  return program.addCommand(allCommand(cli)).addCommand(readmeCommand(cli))
}

const scenarioCommand = (scenario: Scenario, { environment, line, log, now }: BenchCli): Command => {
  const { workersMin = 1 } = scenario
  return commonOptions(scenario)
    .option('--workers <n>', 'processes that host actors (with --attach: only takeover uses it)', wholeNumber(workersMin), workersMin)
    .option(
      '--roles <list>',
      'roles that run during the measurement; roles that only the gate needs are started afterwards. '
        + 'Without project and serve, the workers run beside a process with the servers. '
        + `Roles: ${ROLES.join(', ')}`,
      rolesArgument,
      ROLES_DEFAULT,
    )
    .option('--attach', 'measure the system that runs on COLLOQUY_DATA_DIR instead of starting one; nobody else may use it meanwhile')
    .option('--profile <folder>', "write CPU profiles of the system's processes to this folder (not with --attach)")
    .action(async (flags: Flags) => {
      const options = optionsOf(flags)
      const { workers, roles } = options
      const machineNoise = await measureMachineNoise()
      const system = flags.attach
        ? await connectToSystem(environment)
        : await startSystem({ environment, settings: scenario.settings?.(options) ?? {}, workers, roles, profileDir: flags.profile, log })
      try {
        const report = await runScenario({ scenario, options, system, machineNoise, command: commandOf(scenario.name, options), now })
        await printReport(report, flags, line)
        if (!isClean(report)) process.exitCode = 1
      } finally {
        await system.stop()
      }
    })
}

const offlineCommand = (scenario: OfflineScenario, { line, now }: BenchCli): Command =>
  commonOptions(scenario).action(async (flags: Flags) => {
    const options = optionsOf(flags)
    const machineNoise = await measureMachineNoise()
    await printReport(await runOffline({ scenario, options, machineNoise, command: commandOf(scenario.name, options), now }), flags, line)
  })

const commonOptions = (scenario: Scenario | OfflineScenario): Command => {
  const { name, about, actorsDefault, secondsDefault = SECONDS_DEFAULT } = scenario
  const { rateDefault = RATE_DEFAULT, rowsDefault = ROWS_DEFAULT } = 'run' in scenario ? scenario : {}
  return new Command(name)
    .description(about)
    .option('--seconds <n>', 'how long the scenario publishes inputs, warm-up not included', positiveNumber, secondsDefault)
    .option('--actors <n>', 'number of conversations', wholeNumber(1), actorsDefault)
    .option('--rate <n>', 'inputs per second, for scenarios with a fixed rate', positiveNumber, rateDefault)
    .option('--rows <n>', 'rows, records or messages to create first, for scenarios that read them', wholeNumber(1), rowsDefault)
    .option('--payload <bytes>', "minimum bytes of an input's text; 0 sends short phrases", wholeNumber(0), 0)
    .option('--seed <n>', 'seed of the inputs: the same seed sends the same inputs', wholeNumber(0), 1)
    .option('--vs <peers>', `also measure other systems with the same job: ${PEERS.join(', ')} (turns only)`, peersArgument, [])
    .option('--json <file>', 'also write the report to a file, as JSON')
    .option('--save [name]', `save report, chart and JSON under bench/results/ (default: ${name})`)
    .showHelpAfterError('(run with --help for usage)')
}

async function printReport(report: Report | OfflineReport, { json, save }: Flags, line: (text: string) => void): Promise<void> {
  line(renderReport(report))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (save === undefined || ('faults' in report && !isClean(report))) return
  await saveReport(RESULTS, save === true ? report.scenario : save, report)
}

const optionsOf = ({ seconds, actors, rate, rows, workers = 1, roles = [], vs, payload, seed }: Flags): BenchOptions => ({
  seconds,
  actors,
  rate,
  rows,
  workers,
  roles,
  vs,
  payloadBytes: payload,
  seed,
})

function commandOf(scenario: string, { seconds, actors, rate, rows, workers, roles, vs, payloadBytes, seed }: BenchOptions): string {
  const flags = {
    seconds,
    actors,
    rate,
    rows,
    workers,
    roles: roles.join() || undefined,
    vs: vs.join() || undefined,
    payload: payloadBytes,
    seed,
  }
  const args = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]))
  return `npm run bench -- ${scenario} ${args.join(' ')}`
}

function rolesArgument(text: string): readonly Role[] {
  try {
    return loadSettings({}, { ROLES: text }).settings.ROLES
  } catch {
    throw new InvalidArgumentError(`Known roles: ${ROLES.join(', ')}.`)
  }
}

function peersArgument(text: string): readonly PeerName[] {
  const named = text.split(',').map((name) => name.trim())
  const known = PEERS.filter((name) => named.includes(name))
  if (known.length !== new Set(named).size) throw new InvalidArgumentError(`Known peers: ${PEERS.join(', ')}.`)
  return known
}
