import { writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Logger } from 'pino'
import { positiveNumber, wholeNumber } from '../infra/app/number-arguments.ts'
import { loadSettings, ROLES, type Role } from '../infra/settings.ts'
import { allCommand } from './measure-all.ts'
import { isClean } from './gate/check-ledger.ts'
import { kinds } from './kinds/kinds-scenario.ts'
import { measureMachineNoise } from './harness/machine-noise.ts'
import { PEERS, type PeerName } from './harness/bench-scenario.ts'
import { renderReport, type OfflineReport, type Report } from './reports/bench-report.ts'
import { RESULTS, saveReport } from './reports/results.ts'
import { runOffline, runScenario } from './run-scenario.ts'
import type { BenchOptions, OfflineScenario, Scenario } from './harness/bench-scenario.ts'
import { analysts } from './scenarios/analysts-scenario.ts'
import { embed } from './scenarios/embed-scenario.ts'
import { latency } from './scenarios/latency-scenario.ts'
import { replay } from './scenarios/replay-scenario.ts'
import { scale } from './scenarios/scale-scenario.ts'
import { search } from './scenarios/search-scenario.ts'
import { soak } from './scenarios/soak-scenario.ts'
import { takeover } from './scenarios/takeover-scenario.ts'
import { tasks } from './scenarios/tasks-scenario.ts'
import { turns } from './scenarios/turns-scenario.ts'
import { readmeCommand } from './reports/summary.ts'
import { attachSystem, startSystem } from './harness/bench-system.ts'

const SCENARIOS: readonly Scenario[] = [turns, latency, tasks, replay, takeover, scale, analysts, embed, search, soak]
const OFFLINE: readonly OfflineScenario[] = [kinds]

const SECONDS_DEFAULT = 10
const RATE_DEFAULT = 500
const ROWS_DEFAULT = 1_000_000
/** Embedding what was said takes most of a small machine, and has a scenario of its own. */
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

/** `npm run bench -- <scenario>`. @returns a command that sets a failing exit code where the gate is not clean */
export function createBenchProgram(cli: BenchCli): Command {
  const program = new Command('bench')
    .description('Measures Colloquy as its users meet it, and prints figures only if nothing was lost, doubled or out of order.')
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', '\nEach has its own --help. The exit code is 0 only if the gate was clean.')
  for (const scenario of SCENARIOS) program.addCommand(scenarioCommand(scenario, cli))
  for (const scenario of OFFLINE) program.addCommand(offlineCommand(scenario, cli))
  return program.addCommand(allCommand(cli)).addCommand(readmeCommand(cli))
}

const scenarioCommand = (scenario: Scenario, { environment, line, log, now }: BenchCli): Command =>
  common(scenario)
    .option('--workers <n>', 'processes that host actors (with --attach: of a takeover)', wholeNumber(scenario.workersMin ?? 1), scenario.workersMin ?? 1)
    .option('--roles <list>', 'what runs while it is measured; what the gate needs besides follows. Without project and serve they run beside a process that has the servers '
      + `(all, or some of ${ROLES.join(', ')})`, rolesArgument, ROLES_DEFAULT)
    .option('--attach', 'measures the system that runs on COLLOQUY_DATA_DIR and that nobody else is using, not one of its own')
    .option('--profile <folder>', 'writes CPU profiles of the system\'s processes (not with --attach)')
    .action(async (flags: Flags) => {
      const options = optionsOf(flags)
      const { workers, roles } = options
      const noise = await measureMachineNoise()
      const system = flags.attach
        ? await attachSystem(environment)
        : await startSystem({ environment, settings: scenario.settings?.(options) ?? {}, workers, roles, profileDir: flags.profile, log })
      try {
        const report = await runScenario({ scenario, options, system, noise, command: commandOf(scenario.name, options), now })
        await tell(report, flags, line)
        if (!isClean(report)) process.exitCode = 1
      } finally {
        await system.stop()
      }
    })

const offlineCommand = (scenario: OfflineScenario, { line, now }: BenchCli): Command =>
  common(scenario).action(async (flags: Flags) => {
    const options = optionsOf(flags)
    await tell(await runOffline({ scenario, options, noise: await measureMachineNoise(), command: commandOf(scenario.name, options), now }), flags, line)
  })

const common = ({ name, about, actorsDefault, secondsDefault, ...defaults }: Scenario | OfflineScenario): Command =>
  new Command(name)
    .description(about)
    .option('--seconds <n>', 'how long inputs are published for the figures', positiveNumber, secondsDefault ?? SECONDS_DEFAULT)
    .option('--actors <n>', 'conversations', wholeNumber(1), actorsDefault)
    .option('--rate <n>', 'inputs per second, where it keeps to a rate', positiveNumber, ('rateDefault' in defaults ? defaults.rateDefault : undefined) ?? RATE_DEFAULT)
    .option('--rows <n>', 'rows, records or messages that are there, where it reads them', wholeNumber(1), ('rowsDefault' in defaults ? defaults.rowsDefault : undefined) ?? ROWS_DEFAULT)
    .option('--payload <bytes>', 'least bytes of an input\'s text; 0: as short as people write', wholeNumber(0), 0)
    .option('--seed <n>', 'the same seed sends the same inputs', wholeNumber(0), 1)
    .option('--vs <peers>', `also measures who does the same job otherwise: ${PEERS.join(', ')} (turns)`, peersArgument, [])
    .option('--json <file>', 'also writes the report as JSON')
    .option('--save [name]', `keeps report, chart and JSON under bench/results/ (default: ${name})`)
    .showHelpAfterError('(--help says more)')

async function tell(report: Report | OfflineReport, { json, save }: Flags, line: (text: string) => void): Promise<void> {
  line(renderReport(report))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (save !== undefined && (!('faults' in report) || isClean(report))) await saveReport(RESULTS, save === true ? report.scenario : save, report)
}

const optionsOf = ({ seconds, actors, rate, rows, workers = 1, roles = [], vs, payload, seed }: Flags): BenchOptions =>
  ({ seconds, actors, rate, rows, workers, roles, vs, payloadBytes: payload, seed })

function commandOf(scenario: string, { seconds, actors, rate, rows, workers, roles, vs, payloadBytes, seed }: BenchOptions): string {
  const flags = { seconds, actors, rate, rows, workers, roles: roles.join() || undefined, vs: vs.length === 0 ? undefined : vs.join(), payload: payloadBytes, seed }
  const given = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]))
  return `npm run bench -- ${scenario} ${given.join(' ')}`
}

function rolesArgument(text: string): readonly Role[] {
  try {
    return loadSettings({}, { ROLES: text }).settings.ROLES
  } catch {
    throw new InvalidArgumentError(`It must be some of ${ROLES.join(', ')}.`)
  }
}

function peersArgument(text: string): readonly PeerName[] {
  const named = text.split(',').map((name) => name.trim())
  const known = PEERS.filter((name) => named.includes(name))
  if (known.length !== new Set(named).size) throw new InvalidArgumentError(`It must be some of ${PEERS.join(', ')}.`)
  return known
}
