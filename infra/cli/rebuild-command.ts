import { Argument, Command, InvalidArgumentError } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { watchInterrupts } from '../app/interrupts.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { runAsOf } from '../app/rebuild/rebuild-as-of.ts'
import { runRebuild } from '../app/rebuild/run-rebuild.ts'
import { createProgressBar } from './progress-bar.ts'

interface Options extends JsonOption {
  readonly into?: string
  readonly to?: number
  readonly dropUnproven?: true
}

function databaseArgument(text: string): string {
  if (/^colloquy_[A-Za-z0-9_]{1,64}$/.test(text)) return text
  throw new InvalidArgumentError('It must be colloquy_ followed by letters, digits or _: analysts may read only such databases.')
}

export const rebuildCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .addArgument(new Argument('[table]', 'one table (default: all)').choices(TABLE_NAMES))
    .option('--into <database>', 'build all tables in another database instead, beside the live ones')
    .option('--to <seq>', 'with --into: as of this LOG sequence (default: now)', wholeNumber(1))
    .option('--drop-unproven', 'drop the rows of records that LOG has lost (default: they are kept, since nothing can make them again)')
    .option(JSON_FLAG, 'one JSON object: {tables, generation, records, seconds}, or {database, seq, records, seconds}')
    .addHelpText(
      'after',
      `
A rebuild only reads the log: it repeats no event and no task. An interrupted rebuild leaves the tables as they are.

Examples:
  colloquy rebuild
  colloquy rebuild messages
  colloquy rebuild --into colloquy_monday --to 120000
  colloquy sql "SELECT outcome, count() FROM colloquy_monday.cases GROUP BY outcome"`,
    )
    .action(async (table: TableName | undefined, options: Options) => {
      const { settings: effective } = settings()
      const into = options.into === undefined ? undefined : databaseArgument(options.into)
      if (into === undefined && options.to !== undefined) {
        throw new ColloquyError('bad_option', '--to needs --into: the live tables always hold the whole log')
      }
      if (into !== undefined && table !== undefined) throw new ColloquyError('bad_option', '--into builds all tables: leave out the table')
      const stop = new AbortController()
      const interrupts = watchInterrupts(() => undefined)
      void interrupts.first.then(() =>
        stop.abort(new ColloquyError('rebuild_given_up', 'the rebuild was interrupted; run it again to rebuild the tables')),
      )
      const bar = createProgressBar(out)
      const startedMs = performance.now()
      const progress = { records: bar.update, waits: bar.waits }
      try {
        const result =
          into === undefined
            ? await runRebuild(effective, table === undefined ? TABLE_NAMES : [table], progress, stop.signal, options.dropUnproven)
            : await runAsOf(effective, into, options.to, progress, stop.signal)
        const seconds = Math.round(performance.now() - startedMs) / 1_000
        bar.stop()
        if (options.json) out.json({ ...result, seconds })
        else if ('database' in result) {
          out.line(`Built ${result.database}, the tables as of LOG sequence ${result.seq}, from ${result.records} records in ${seconds} s.`)
        } else out.line(`Rebuilt ${result.tables.join(', ')} from ${result.records} records in ${seconds} s and swapped them in.`)
      } finally {
        bar.stop()
        interrupts.stop()
      }
    })
