import { PROGRESS, TABLES, type Column, type Table } from './tables.ts'
import { VIEWS, type View } from './views.ts'

/** Generates docs/tables.md from the same comments that ClickHouse shows. */
export const tablesPage = (): string => [
  '# The tables',
  '',
  'This page is made by `colloquy tables`. The same words stand in ClickHouse: `SELECT name, type, comment FROM system.columns WHERE table = \'cases\'`.',
  '',
  INTRODUCTION,
  '',
  ...Object.entries(TABLES).flatMap(([name, table]) => section(name, table, storage(table))),
  ...Object.entries(VIEWS).flatMap(([name, view]) => section(name, view, 'A view over `state_intervals` and `actors`.')),
  ...section('freshness', { ...PROGRESS, columns: shown(PROGRESS.columns) }, 'A view over `progress`.'),
].join('\n')

const INTRODUCTION = `What holds for all of them:

- A plain name gives current rows without duplicates. \`<name>_rows\` behind it has every version of them until ClickHouse merges them.
- Every row follows from one record of the log. \`freshness\` says up to which sequence all of them are there, \`colloquy verify\` that they are right.
- Unknown is \`NULL\`, never 0. Times are UTC with milliseconds; money is exact to six decimals; sums begin with a case.
- Times by which rows are kept (\`committed_at\`, \`at\`, \`first_at\`, \`started_at\`, \`left_at\`) are ours: only \`events.time\`, \`messages.time\` and the times of
  imported history are a producer's.
- Which event or label fills which column of a conversation stands in \`schemas/events.ts\`; any kind that has them fills the tables.`

const storage = ({ orderBy, partitionBy, version }: Table): string =>
  `Key and order \`(${orderBy.join(', ')})\`, by month of \`${partitionBy}\`${version === undefined ? '' : `; of one key the row with the highest \`${version}\` counts`}.`

const shown = ({ reader: _reader, positions: _positions, ...columns }: Table['columns']): Table['columns'] => columns

function section(name: string, { comment, columns }: Pick<View, 'comment' | 'columns'>, about: string): string[] {
  return [`## ${name}`, '', `${comment}. ${about}`.replace('..', '.'), '', '| column | type | |', '|---|---|---|', ...Object.entries(columns).map(row), '']
}

const row = ([name, { type, comment }]: [string, Column]): string => `| \`${name}\` | \`${type}\` | ${comment.replaceAll('|', '\\|')} |`
