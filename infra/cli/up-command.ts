import { Command } from 'commander'
import { JSON_FLAG, type CommandContext } from '../app/command-context.ts'
import type { UpOptions } from './up/run-up.ts'

export const upCommand = ({ out, settings }: CommandContext): Command =>
  new Command('up')
    .description('run Colloquy: the servers that no setting names elsewhere, and the roles of this process')
    .option('--demo', 'the first time, play the bundled conversations of the tenant "demo"')
    .option('--no-demo', 'start empty (the default)')
    .option('--no-view', 'on a terminal: the log instead of the live view')
    .option(JSON_FLAG, 'the addresses as a JSON object on the first line, then the log as JSON lines')
    .addHelpText('after', '\nCtrl-C (or SIGTERM) stops in order; a second one at once.')
    // Loaded only here: all of Colloquy takes a second that no other command need wait for.
    .action(async (options: UpOptions) => (await import('./up/run-up.ts')).up(out, settings().settings, options))
