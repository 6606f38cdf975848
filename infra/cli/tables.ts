import { Command } from 'commander'
import { tablesPage } from '../../schemas/tables-page.ts'
import type { Cli } from './cli.ts'

export const tablesCommand = ({ out }: Cli): Command => new Command('tables')
  .summary('what each table and column means')
  .description('Prints what each table and column means, as Markdown.')
  .action(() => out.line(tablesPage().trimEnd()))
