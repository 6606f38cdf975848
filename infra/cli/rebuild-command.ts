import { Argument, Command, InvalidArgumentError } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { TABLE_NAMES, type TableName } from '../../schemas/tables.ts'
import { runAsOf } from '../app/rebuild/rebuild-as-of.ts'
import { runRebuild } from '../app/rebuild/run-rebuild.ts'
import { wholeNumber } from './arguments.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { createProgressBar } from './progress-bar.ts'
import { watchInterrupts } from '../app/interrupts.ts'

interface Options extends JsonOption {
  readonly into?: string
  readonly to?: number
}

function databaseArgument(text: string): string {
  if (!/^colloquy_[A-Za-z0-9_]{1,64}$/.test(text)) throw new InvalidArgumentError('It must be colloquy_ and letters, digits or _, which analysts may read.')
  return text
}

export const rebuildCommand = ({ out, settings }: CommandContext): Command =>
  new Command('rebuild')
    .description('make tables anew from the whole log, while everything runs; they take over all at once')
    .addArgument(new Argument('[table]', 'one table; all of them where it is absent').choices(TABLE_NAMES))
    .option('--into <database>', 'instead, make all tables in another database, beside those that count')
    .option('--to <seq>', 'with --into: as they stood at this LOG sequence (default: now)', wholeNumber(1))
    .option(JSON_FLAG, 'one JSON object: {tables, generation, records, seconds}, or {database, seq, records, seconds}')
    .addHelpText('after', `
Nothing is sent or run again: a rebuild only reads the log. Ended or killed, it leaves the tables as they are.

Examples:
  colloquy rebuild
  colloquy rebuild messages
  colloquy rebuild --into colloquy_monday --to 120000
  colloquy sql "SELECT outcome, count() FROM colloquy_monday.cases GROUP BY outcome"`)
    .action(async (table: TableName | undefined, options: Options) => {
      const { settings: effective } = settings()
      const into = options.into === undefined ? undefined : databaseArgument(options.into)
      if (into === undefined && options.to !== undefined) throw new ColloquyError('bad_option', '--to needs --into: the tables that count are never put back')
      if (into !== undefined && table !== undefined) throw new ColloquyError('bad_option', '--into makes all tables: name none')
      const stop = new AbortController()
      const interrupts = watchInterrupts(() => undefined)
      void interrupts.first.then(() => stop.abort(new ColloquyError('rebuild_given_up', 'the rebuild was given up; run it again when you want it')))
      const bar = createProgressBar(out)
      const begunMs = performance.now()
      const progress = { records: bar.update, waits: bar.waits }
      try {
        const result = into === undefined
          ? await runRebuild(effective, table === undefined ? TABLE_NAMES : [table], progress, stop.signal)
          : await runAsOf(effective, into, options.to, progress, stop.signal)
        const seconds = Math.round(performance.now() - begunMs) / 1_000
        bar.stop()
        if (options.json) out.json({ ...result, seconds })
        else if ('database' in result) out.line(`The tables as they stood at sequence ${result.seq} are in the database ${result.database}: ${result.records} records in ${seconds} s.`)
        else out.line(`${result.tables.join(', ')} made anew from ${result.records} records in ${seconds} s; they have taken over.`)
      } finally {
        bar.stop()
        interrupts.stop()
      }
    })
