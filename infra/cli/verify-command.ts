import { createClient } from '@clickhouse/client'
import { Command } from 'commander'
import { textOf } from '../../pipeline/jetstream/removed.ts'
import type { Named } from '../../pipeline/verify/table-differences.ts'
import { type Verified, verify } from '../../pipeline/verify/verify.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningClickHouse, withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import type { Settings } from '../settings.ts'
import { tokenArgument } from './arguments.ts'
import { createProgressBar } from './progress-bar.ts'

interface Options extends JsonOption {
  readonly from?: number
  readonly to?: number
  readonly tenant?: string
}

export const verifyCommand = ({ out, settings }: CommandContext): Command =>
  new Command('verify')
    .description('recompute every table from the log by a second code path, and list where the tables differ')
    .option('--from <seq>', 'first LOG sequence (default: the first in LOG)', wholeNumber(1))
    .option('--to <seq>', 'last LOG sequence (default: the last one in the tables)', wholeNumber(1))
    .option('--tenant <tenant>', 'one tenant (default: all)', tokenArgument)
    .option(
      JSON_FLAG,
      'one JSON object: {from, to, records, tables: {<table>: {rows, differences, unproven}}, '
        + 'removed: [{from, to}], repeats: {<table>: {rows, key}}, '
        + 'first: [{table, kind, seq, key, column, expected, found}], seconds}',
    )
    .addHelpText(
      'after',
      `
Compares counts and checksums of rows by range of sequences and tenant, while the system runs. The exit code is 0 only if all tables
match the log; "colloquy rebuild" repairs tables that do not.`,
    )
    .action(async (options: Options) => {
      const { settings: effective } = settings()
      const startedMs = performance.now()
      const verified = await verifySystem(effective, options, out)
      const seconds = Math.round(performance.now() - startedMs) / 1_000
      if (options.json) out.json({ ...verified, seconds })
      else print(out, verified, seconds)
      const wrong = Object.entries(verified.tables).filter(([, { differences }]) => differences > 0)
      if (wrong.length > 0) {
        const names = `${wrong.map(([name]) => name).join(', ')} ${wrong.length === 1 ? 'does' : 'do'}`
        throw new ColloquyError(
          'tables_differ',
          `${names} not match the log:\n${verified.first.map(described).join('\n')}\n"colloquy rebuild" repairs them.`,
        )
      }
    })

async function verifySystem(settings: Settings, { from, to, tenant }: Options, out: Output): Promise<Verified> {
  const clickhouse = createClient({ ...(await connectToRunningClickHouse(settings, 'colloquy')), request_timeout: QUERY_MS_MAX })
  const bar = createProgressBar(out)
  try {
    return await withJetStream(settings, (jetstream) =>
      verify({ jetstream, clickhouse, from, to, tenant, countRepeats: true, onProgress: bar.update, signal: new AbortController().signal }),
    )
  } finally {
    bar.stop()
    await clickhouse.close()
  }
}

const QUERY_MS_MAX = 600_000

function print(out: Output, { from, to, records, tables, repeats, removed }: Verified, seconds: number): void {
  out.table(
    ['table', 'rows compared', 'differences'],
    Object.entries(tables).map(([name, { rows, differences }]) => [
      name,
      String(rows),
      out.paint(differences > 0 ? 'red' : 'green', String(differences)),
    ]),
  )
  for (const [name, { rows, key }] of Object.entries(repeats)) {
    out.line(
      `${name}: ${rows} rows are on disk twice, the first ${printable(key.replaceAll('\n', ' '))}; `
        + 'the view shows each once, and ClickHouse removes the copies when it merges.',
    )
  }
  const unproven = Object.entries(tables).filter(([, one]) => one.unproven > 0)
  if (unproven.length > 0) {
    const rows = unproven.map(([name, one]) => `${one.unproven} of ${name}`).join(', ')
    out.line(
      `Unproven rows: ${rows}. LOG has lost their records (${textOf(removed)}); they are the last copy, and no differences. `
        + 'A rebuild keeps them, unless it is given --drop-unproven.',
    )
  }
  out.line(`${records} records, LOG sequences ${from} to ${to}, in ${seconds} s.`)
}

function described({ table, kind, seq, key, column, expected, found }: Named): string {
  const row = Object.entries(key)
    .map(([name, value]) => `${name} ${printable(value)}`)
    .join(', ')
  const what =
    column === undefined ? kind : `${column} is ${printable(JSON.stringify(found))}, by the log ${printable(JSON.stringify(expected))}`
  return `  ${table}, sequence ${seq}, row ${row}: ${what}`
}
