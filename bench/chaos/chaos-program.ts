import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { Logger } from 'pino'
import { positiveNumber, wholeNumber } from '../../infra/app/number-arguments.ts'
import { BREAKS } from './break/breaks.ts'
import { renderChaosReport } from './chaos-report.ts'
import { isGood, runChaos, type ChaosOptions } from './run-chaos.ts'

export interface ChaosCli {
  readonly line: (text: string) => void
  readonly log: Logger
  readonly interrupted: AbortSignal
}

/** `npm run chaos`. @returns a command that sets a failing exit code where anything was found */
export function createChaosProgram({ line, log, interrupted }: ChaosCli): Command {
  return new Command('chaos')
    .description('Kills, pauses and cuts off workers and servers under load, and checks that nothing was lost, doubled or wrong (G1 to G7).')
    .option('--minutes <n>', 'how long faults are injected', positiveNumber, 1)
    .option('--seed <n>', 'the same seed draws the same faults and messages; when they meet is up to the machine', wholeNumber(0), 1)
    .option('--rate <n>', 'messages per second', positiveNumber, 500)
    .option('--actors <n>', 'actors at one time; one that ends is followed by another', wholeNumber(4), 2_000)
    .option('--workers <n>', 'worker processes, more or less', wholeNumber(2), 3)
    .option('--cluster', 'three nats-servers with fsync before each acknowledgement, instead of one', false)
    .addOption(new Option('--break <guarantee>', 'has the workers break it: the run is good if the checker finds that').choices(Object.keys(BREAKS)))
    .option('--json <file>', 'also writes the report as JSON')
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', '\nThe exit code is 0 only if nothing was found. What was found is kept, and the report says where.')
    .action(async ({ json, ...options }: ChaosOptions & { readonly json?: string }) => {
      const report = await runChaos(options, log, interrupted)
      if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
      line(renderChaosReport(report))
      if (!isGood(report)) process.exitCode = 1
    })
}
