import { writeFile } from 'node:fs/promises'
import { Argument, Command } from 'commander'
import type { Logger } from 'pino'
import { positiveNumber, wholeNumber } from '../infra/cli/arguments.ts'
import { isClean } from './gate/check.ts'
import { renderReport } from './report.ts'
import { runScenario } from './run.ts'
import { embed } from './scenarios/embed.ts'
import { latency } from './scenarios/latency.ts'
import { scale } from './scenarios/scale.ts'
import { turns } from './scenarios/turns.ts'
import type { BenchOptions, Scenario } from './scenario.ts'
import { attachSystem, startSystem } from './system.ts'

const SCENARIOS: readonly Scenario[] = [turns, latency, scale, embed]

export interface BenchCli {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly line: (text: string) => void
  readonly log: Logger
  readonly now: () => Date
}

interface Flags {
  readonly seconds: number
  readonly actors?: number
  readonly rate: number
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
    .addArgument(new Argument('<scenario>', listed(({ name, about }) => `${name}: ${about}`, '; ')).choices(SCENARIOS.map(({ name }) => name)))
    .option('--seconds <n>', 'how long inputs are published for the figures (scale: goes by its actors)', positiveNumber, 10)
    .option('--actors <n>', `conversations (default: ${listed(({ name, actorsDefault }) => `${name} ${actorsDefault}`, ', ')})`, wholeNumber(1))
    .option('--rate <n>', 'inputs per second (latency)', positiveNumber, 500)
    .option('--payload <bytes>', 'least bytes of an input\'s text; 0: as short as people write', wholeNumber(0), 0)
    .option('--seed <n>', 'the same seed sends the same inputs', wholeNumber(0), 1)
    .option('--json <file>', 'also writes the report as JSON')
    .option('--attach', 'measures the system that runs on COLLOQUY_DATA_DIR and that nobody else is using, not one of its own')
    .option('--profile <folder>', 'writes CPU profiles of the system\'s processes (not with --attach)')
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', `
One worker for now: there is no --workers until a system has several.
The exit code is 0 only if the gate was clean.`)
    .action(async (name: string, flags: Flags) => {
      const scenario = SCENARIOS.find((one) => one.name === name) ?? turns
      const { seconds, actors = scenario.actorsDefault, rate, payload: payloadBytes, seed } = flags
      const options: BenchOptions = { seconds, actors, rate, payloadBytes, seed }
      const system = flags.attach
        ? await attachSystem(environment)
        : await startSystem({ environment, settings: scenario.settings?.(options) ?? {}, profileDir: flags.profile, log })
      try {
        const report = await runScenario({ scenario, options, system, command: commandOf(name, options), now })
        line(renderReport(report))
        if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report, undefined, 2)}\n`)
        if (!isClean(report)) process.exitCode = 1
      } finally {
        await system.stop()
      }
    })
}

const listed = (say: (scenario: Scenario) => string, separator: string): string => SCENARIOS.map(say).join(separator)

const commandOf = (scenario: string, { seconds, actors, rate, payloadBytes, seed }: BenchOptions): string =>
  `npm run bench -- ${scenario} --seconds ${seconds} --actors ${actors} --rate ${rate} --payload ${payloadBytes} --seed ${seed}`
