import { Command } from 'commander'
import type { CommandContext } from '../../app/command-context.ts'
import { describeCommand } from './intents-describe.ts'
import { evalCommand } from './intents-eval.ts'
import { exportCommand } from './intents-export.ts'
import { forgetCommand } from './intents-forget.ts'
import { listCommand } from './intents-ls.ts'
import { proposeCommand } from './intents-propose.ts'
import { restoreCommand } from './intents-restore.ts'
import { teachCommand } from './intents-teach.ts'

export const intentsCommand = (cli: CommandContext): Command =>
  new Command()
    .addCommand(teachCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(describeCommand(cli))
    .addCommand(forgetCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(restoreCommand(cli))
    .addCommand(evalCommand(cli))
    .addCommand(proposeCommand(cli))
