import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { Logger } from 'pino'
import { positiveNumber, shareArgument, wholeNumber } from '../../infra/app/number-arguments.ts'
import { BREAKS } from './break/breaks.ts'
import { renderChaosReport } from './chaos-report.ts'
import { type ChaosOptions, isGood, runChaos } from './run-chaos.ts'

export interface ChaosCli {
  readonly line: (text: string) => void
  readonly log: Logger
  readonly interrupted: AbortSignal
}

/** `npm run chaos`. @returns a command that sets a failing exit code if the checker found anything */
export function createChaosProgram({ line, log, interrupted }: ChaosCli): Command {
  return new Command('chaos')
    .description('Kill, pause and cut off workers and servers under load, then check the guarantees G1 to G7.')
    .option('--minutes <n>', 'duration of the fault injection', positiveNumber, 1)
    .option('--seed <n>', 'seed of the faults and messages; their timing still depends on the machine', wholeNumber(0), 1)
    .option('--rate <n>', 'messages per second of all producers', positiveNumber, 500)
    .option('--actors <n>', 'concurrent actors; a new actor replaces an ended one', wholeNumber(4), 2_000)
    .option('--workers <n>', 'worker processes; faults add and remove some', wholeNumber(2), 3)
    .option('--applications <share>', 'share of the messages that go to the applications', shareArgument, 0.3)
    .option('--cluster', 'use three nats-servers with fsync before each acknowledgement instead of one', false)
    .addOption(
      new Option('--break <name>', 'make the workers break a guarantee; the run passes if the checker notices').choices(
        Object.keys(BREAKS),
      ),
    )
    .option('--json <file>', 'also write the report to a file, as JSON')
    .showHelpAfterError('(run with --help for usage)')
    .addHelpText('after', '\nThe exit code is 0 only if the run passed. After a failed run the data folder is kept; the report names it.')
    .action(async ({ json, ...options }: ChaosOptions & { readonly json?: string }) => {
      const report = await runChaos(options, log, interrupted)
      if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
      line(renderChaosReport(report))
      if (!isGood(report)) process.exitCode = 1
    })
}
