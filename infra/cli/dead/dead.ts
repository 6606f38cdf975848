import { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { listCommand } from './ls.ts'
import { resolveCommand } from './resolve.ts'
import { showCommand } from './show.ts'

export const deadCommand = (cli: Cli): Command =>
  new Command('dead')
    .description('what was rejected, and tasks that failed for good')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(resolveCommand(cli, 'redriven'))
    .addCommand(resolveCommand(cli, 'dropped'))
