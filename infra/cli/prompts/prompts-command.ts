import { Command } from 'commander'
import type { CommandContext } from '../../app/command-context.ts'
import { diffCommand } from './prompts-diff.ts'
import { listCommand } from './prompts-ls.ts'
import { releaseCommand } from './prompts-release.ts'
import { setCommand } from './prompts-set.ts'
import { showCommand } from './prompts-show.ts'

export const promptsCommand = (cli: CommandContext): Command =>
  new Command()
    .addCommand(setCommand(cli))
    .addCommand(releaseCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(diffCommand(cli))
