import { createClient } from '@clickhouse/client'
import { Command } from 'commander'
import type { IndexDifference } from '../../pipeline/index-check/index-differences.ts'
import { textOf } from '../../pipeline/jetstream/removed.ts'
import { damagedTables } from '../../pipeline/projector/present-generations.ts'
import { damageError } from '../../pipeline/runtime/clickhouse-failures.ts'
import type { Named } from '../../pipeline/verify/table-differences.ts'
import { type Verified, verify } from '../../pipeline/verify/verify.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningClickHouse, withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { type IndexVerification, verifySearchIndex } from '../app/verify-search-index.ts'
import type { Settings } from '../settings.ts'
import { tokenArgument } from './arguments.ts'
import { createProgressBar } from './progress-bar.ts'

interface Options extends JsonOption {
  readonly from?: number
  readonly to?: number
  readonly tenant?: string
}

export const verifyCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option('--from <seq>', 'first LOG sequence (default: the first in LOG)', wholeNumber(1))
    .option('--to <seq>', 'last LOG sequence (default: the last one in the tables)', wholeNumber(1))
    .option('--tenant <tenant>', 'one tenant (default: all)', tokenArgument)
    .option(
      JSON_FLAG,
      'one JSON object: {from, to, records, tables: {<table>: {rows, differences, unproven}}, removed: [{from, to}], '
        + 'repeats: {<table>: {rows, key}}, first: [{table, kind, seq, key, column, expected, found}], '
        + 'index: {to, texts, unembeddable, unproven} or {skipped}, seconds}; the search index is the table search_index',
    )
    .addHelpText(
      'after',
      `
Compares counts and checksums of rows by range of sequences and tenant, while the system runs. Each text of the log must have its points
in the search index (table search_index), and no other point may exist. The exit code is 0 only if everything matches the log;
"colloquy rebuild" repairs tables that do not, and the role embed repairs the search index by itself.`,
    )
    .action(async (options: Options) => {
      const { settings: effective } = settings()
      const startedMs = performance.now()
      const { verified, index, damaged } = await verifySystem(effective, options, out)
      const seconds = Math.round(performance.now() - startedMs) / 1_000
      const checked = index === undefined || 'skipped' in index ? undefined : index
      const tables: Tables = { ...verified.tables, ...(checked && { [INDEX]: { rows: checked.points, differences: checked.differences } }) }
      const first = [...verified.first, ...(checked?.found.map(namedOf) ?? [])]
      if (options.json) out.json({ ...verified, tables, first, ...(index && { index: indexFacts(index) }), seconds })
      else print(out, verified, tables, index, seconds)
      const wrong = Object.entries(tables).flatMap(([name, { differences }]) => (differences > 0 ? [name] : []))
      const repairing = wrong.filter((name) => damaged.includes(name))
      if (repairing.length > 0) throw beingRepaired(repairing)
      if (wrong.length > 0) {
        const what = `${wrong.join(', ')} ${wrong.length === 1 ? 'does' : 'do'} not match the log`
        throw new ColloquyError('tables_differ', `${what}:\n${first.map(described).join('\n')}\n${remedyOf(wrong)}`)
      }
    })

/** The search index in the list of tables. */
const INDEX = 'search_index'
type Tables = Readonly<Record<string, { readonly rows: number; readonly differences: number; readonly unproven?: number }>>
/** A difference in a table or in the search index. */
type AnyNamed = Omit<Named, 'table'> & { readonly table: string }

const namedOf = ({ kind, seq, actor, key, id }: IndexDifference): AnyNamed => ({
  table: INDEX,
  kind,
  seq,
  key: { actor, ...(key === undefined ? {} : { text: key }), ...(id === undefined ? {} : { point: id }) },
})

function indexFacts(index: IndexVerification) {
  if ('skipped' in index) return index
  const { to, texts, unembeddable, unproven } = index
  return { to, texts, unembeddable, unproven }
}

function remedyOf(wrong: readonly string[]): string {
  const tables = wrong.some((name) => name !== INDEX) ? ['"colloquy rebuild" repairs the tables.'] : []
  const index = wrong.includes(INDEX) ? ['The role embed repairs the search index by itself; "colloquy status" shows how far it is.'] : []
  return [...tables, ...index].join(' ')
}

/** Rows that are missing while a damaged table is made again say nothing about the rest of it. */
const beingRepaired = (tables: readonly string[]): ColloquyError =>
  new ColloquyError(
    'table_damaged',
    `a part of ${tables.join(', ')} was damaged, and the table is being made again from LOG; `
      + 'verify again when "colloquy status --problems" names no table',
  )

interface SystemVerified {
  readonly verified: Verified
  readonly index: IndexVerification | undefined
  /** Tables that were marked as damaged before or after. */
  readonly damaged: readonly string[]
}

async function verifySystem(settings: Settings, { from, to, tenant }: Options, out: Output): Promise<SystemVerified> {
  const clickhouse = createClient({ ...(await connectToRunningClickHouse(settings, 'colloquy')), request_timeout: QUERY_MS_MAX })
  const bar = createProgressBar(out)
  const { signal } = new AbortController()
  try {
    return await withJetStream(settings, async (jetstream) => {
      const scope = { from, to, tenant, onProgress: bar.update, signal }
      const before = await damagedTables(clickhouse)
      const verified = await verify({ ...scope, jetstream, clickhouse, countRepeats: true })
      const index = await verifySearchIndex(settings, jetstream, clickhouse, { ...scope, tablesTo: verified.to })
      return { verified, index, damaged: [...before, ...(await damagedTables(clickhouse))] }
    })
  } catch (error) {
    throw damageError(error) ?? error
  } finally {
    bar.stop()
    await clickhouse.close()
  }
}

const QUERY_MS_MAX = 600_000

function print(
  out: Output,
  { from, to, records, repeats, removed }: Verified,
  tables: Tables,
  index: IndexVerification | undefined,
  seconds: number,
): void {
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
      `${name}: ${counted(rows, 'row')} ${rows === 1 ? 'is' : 'are'} on disk twice, the first ${printable(key.replaceAll('\n', ' '))}; `
        + 'the view shows each once, and ClickHouse removes the copies when it merges.',
    )
  }
  const unproven = Object.entries(tables).filter(([, one]) => (one.unproven ?? 0) > 0)
  if (unproven.length > 0) {
    const rows = unproven.map(([name, one]) => `${one.unproven} of ${name}`).join(', ')
    out.line(
      `Unproven rows: ${rows}. LOG has lost their records (${textOf(removed)}); they are the last copy, and no differences. `
        + 'A rebuild keeps them, unless it is given --drop-unproven.',
    )
  }
  if (index !== undefined) for (const line of indexLines(index, to)) out.line(line)
  out.line(`${counted(records, 'record')}, LOG sequences ${from} to ${to}, in ${seconds} s.`)
}

function indexLines(index: IndexVerification, tablesTo: number): string[] {
  if ('skipped' in index) return [`The search index was not verified: ${index.skipped}.`]
  const { to, texts, unembeddable, unproven } = index
  const without = unembeddable === 1 ? 'has no point' : 'have no point'
  const notes = [
    `The search index must have ${counted(texts, 'text')} of the log`,
    ...(unembeddable > 0
      ? [`${unembeddable} of them ${without}, because the model fails on them ("colloquy dead ls --reason embed_failed")`]
      : []),
    ...(unproven > 0
      ? [`${counted(unproven, 'point')} ${unproven === 1 ? 'comes' : 'come'} from records that LOG has lost, which nothing proves`]
      : []),
    ...(to < tablesTo ? [`it is filled up to LOG sequence ${to} of ${tablesTo}`] : []),
  ]
  return [`${notes.join('; ')}.`]
}

function described({ table, kind, seq, key, column, expected, found }: AnyNamed): string {
  const row = Object.entries(key)
    .map(([name, value]) => `${name} ${printable(value)}`)
    .join(', ')
  const what =
    column === undefined ? kind : `${column} is ${printable(JSON.stringify(found))}, by the log ${printable(JSON.stringify(expected))}`
  return `  ${table}, sequence ${seq}, row ${row}: ${what}`
}
