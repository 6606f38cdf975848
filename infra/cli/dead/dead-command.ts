import { Command } from 'commander'
import type { CommandContext } from '../../app/command-context.ts'
import { listCommand } from './dead-ls.ts'
import { resolveCommand } from './dead-resolve.ts'
import { showCommand } from './dead-show.ts'

export const deadCommand = (cli: CommandContext): Command =>
  new Command()
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(resolveCommand(cli, 'redriven'))
    .addCommand(resolveCommand(cli, 'dropped'))
