import { writeFile } from 'node:fs/promises'
import { Argument, Command } from 'commander'
import type { Logger } from 'pino'
import { positiveNumber, wholeNumber } from '../infra/cli/arguments.ts'
import { isClean } from './gate/check.ts'
import { kinds } from './kinds/kinds.ts'
import { renderOfflineReport, renderReport } from './report.ts'
import { runOffline, runScenario } from './run.ts'
import { analysts } from './scenarios/analysts.ts'
import { embed } from './scenarios/embed.ts'
import { latency } from './scenarios/latency.ts'
import { scale } from './scenarios/scale.ts'
import { search } from './scenarios/search.ts'
import { turns } from './scenarios/turns.ts'
import type { BenchOptions, OfflineScenario, Scenario } from './scenario.ts'
import { attachSystem, startSystem } from './system.ts'

const SCENARIOS: readonly Scenario[] = [turns, latency, scale, analysts, embed, search]
const OFFLINE: readonly OfflineScenario[] = [kinds]
const ALL = [...SCENARIOS, ...OFFLINE]

const RATE_DEFAULT = 500

export interface BenchCli {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly line: (text: string) => void
  readonly log: Logger
  readonly now: () => Date
}

interface Flags {
  readonly seconds: number
  readonly actors?: number
  readonly rate?: number
  readonly rows: number
  readonly payload: number
  readonly seed: number
  readonly json?: string
  readonly attach?: true
  readonly profile?: string
}

/** `npm run bench -- <scenario>`. @returns a command that sets a failing exit code where the gate is not clean */
export function createBenchProgram({ environment, line, log, now }: BenchCli): Command {
  return new Command('bench')
    .description('Measures Colloquy as its users meet it, and prints figures only if nothing was lost, doubled or out of order.')
    .addArgument(new Argument('<scenario>', listed(({ name, about }) => `${name}: ${about}`, '; ')).choices(ALL.map(({ name }) => name)))
    .option('--seconds <n>', 'how long inputs are published for the figures (scale: goes by its actors)', positiveNumber, 10)
    .option('--actors <n>', `conversations (default: ${listed(({ name, actorsDefault }) => `${name} ${actorsDefault}`, ', ')})`, wholeNumber(1))
    .option('--rate <n>', `inputs per second (default: latency ${RATE_DEFAULT}, analysts ${analysts.rateDefault})`, positiveNumber)
    .option('--rows <n>', 'event rows, or messages, that the questions are asked of (analysts, search)', wholeNumber(1), 1_000_000)
    .option('--payload <bytes>', 'least bytes of an input\'s text; 0: as short as people write', wholeNumber(0), 0)
    .option('--seed <n>', 'the same seed sends the same inputs', wholeNumber(0), 1)
    .option('--json <file>', 'also writes the report as JSON')
    .option('--attach', 'measures the system that runs on COLLOQUY_DATA_DIR and that nobody else is using, not one of its own')
    .option('--profile <folder>', 'writes CPU profiles of the system\'s processes (not with --attach)')
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', `
What is started is one process with all roles.
The exit code is 0 only if the gate was clean.`)
    .action(async (name: string, flags: Flags) => {
      const offline = OFFLINE.find((one) => one.name === name)
      const scenario = SCENARIOS.find((one) => one.name === name) ?? turns
      const { seconds, actors = (offline ?? scenario).actorsDefault, rate = scenario.rateDefault ?? RATE_DEFAULT, rows, payload: payloadBytes, seed } = flags
      const options: BenchOptions = { seconds, actors, rate, rows, payloadBytes, seed }
      const print = async (text: string, report: object): Promise<void> => {
        line(text)
        if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report, undefined, 2)}\n`)
      }
      if (offline !== undefined) {
        const report = await runOffline({ scenario: offline, options, command: commandOf(name, options), now })
        return print(renderOfflineReport(report), report)
      }
      const system = flags.attach
        ? await attachSystem(environment)
        : await startSystem({ environment, settings: scenario.settings?.(options) ?? {}, profileDir: flags.profile, log })
      try {
        const report = await runScenario({ scenario, options, system, command: commandOf(name, options), now })
        await print(renderReport(report), report)
        if (!isClean(report)) process.exitCode = 1
      } finally {
        await system.stop()
      }
    })
}

const listed = (say: (scenario: Scenario | OfflineScenario) => string, separator: string): string => ALL.map(say).join(separator)

const commandOf = (scenario: string, { seconds, actors, rate, rows, payloadBytes, seed }: BenchOptions): string =>
  `npm run bench -- ${scenario} --seconds ${seconds} --actors ${actors} --rate ${rate} --rows ${rows} --payload ${payloadBytes} --seed ${seed}`
