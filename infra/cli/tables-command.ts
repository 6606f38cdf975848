import { Command } from 'commander'
import { TABLES } from '../../schemas/tables.ts'
import { tablesPage } from '../../schemas/tables-page.ts'
import { VIEWS } from '../../schemas/views.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'

export const tablesCommand = ({ out }: CommandContext): Command =>
  new Command()
    .description('Prints what each table and column means, as Markdown.')
    .option(JSON_FLAG, 'one JSON object per column: {table, column, type, comment}')
    .action(({ json }: JsonOption) => {
      if (!json) return out.line(tablesPage().trimEnd())
      for (const [table, { columns }] of Object.entries({ ...TABLES, ...VIEWS })) {
        for (const [column, { type, comment }] of Object.entries(columns)) out.json({ table, column, type, comment })
      }
    })
