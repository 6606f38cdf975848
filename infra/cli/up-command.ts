import { Command } from 'commander'
import { type CommandContext, JSON_FLAG } from '../app/command-context.ts'
import type { UpOptions } from './up/run-up.ts'

export const upCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option('--demo', 'on the first start, give the tenant "demo" six weeks of past, and play the bundled conversations')
    .option('--no-demo', 'start empty (the default)')
    .option('--no-view', 'on a terminal: show the log instead of the live view')
    .option(JSON_FLAG, 'print the log as JSON lines, and once started a line with the addresses: {started: true, …}')
    .addHelpText('after', '\nCtrl-C (or SIGTERM) stops in order; a second one stops at once.')
    // Imported here and not above: the module loads all of Colloquy, which would delay every other command by a second.
    .action(async (options: UpOptions) => (await import('./up/run-up.ts')).up(out, settings(), options))
