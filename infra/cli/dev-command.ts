import { Command } from 'commander'
import type { DevOptions } from '../dev/run-dev.ts'
import { JSON_FLAG, type CommandContext } from '../app/command-context.ts'

export const devCommand = ({ out, settings }: CommandContext): Command =>
  new Command('dev')
    .description('run Colloquy while you write a kind: each save takes effect at once, and a page shows what the actors do')
    .option('--demo', 'the first time, play the bundled conversations of the tenant "demo"')
    .option(JSON_FLAG, 'the addresses as a JSON object on the first line, then the log as JSON lines')
    .addHelpText('after', `
The module of --config and all that it imports are watched. Kinds that cannot be used are named here and in the page, and those of
before run on. Only this machine can open the page. Ctrl-C (or SIGTERM) stops in order; a second one at once.`)
    .action(async (options: DevOptions) => (await import('../dev/run-dev.ts')).dev(out, settings().settings, options))
