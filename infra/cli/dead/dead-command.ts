import { Command } from 'commander'
import type { CommandContext } from '../../app/command-context.ts'
import { listCommand } from './dead-ls.ts'
import { resolveCommand } from './dead-resolve.ts'
import { showCommand } from './dead-show.ts'

export const deadCommand = (cli: CommandContext): Command =>
  new Command('dead')
    .description('list, show, redrive or drop dead letters: rejected inputs, and tasks that failed for good')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(resolveCommand(cli, 'redriven'))
    .addCommand(resolveCommand(cli, 'dropped'))
