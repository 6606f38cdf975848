import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client'
import { Command } from 'commander'
import { damageError } from '../../pipeline/runtime/clickhouse-failures.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import { ColloquyError, ForeignCodeError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningClickHouse, noAnswer } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { noteRepairingTables } from '../app/repairing-tables.ts'
import { type Output, printable } from '../app/terminal-output.ts'

/** A line of names, a line of types, then one JSON array of texts per row. */
const TABLE_FORMAT = 'JSONCompactStringsEachRowWithNamesAndTypes'
/** Max rows drawn as a table, because a table needs all of its rows in memory. */
const TABLE_ROWS_MAX = 1_000
const ERROR_CHARS_MAX = 8_192

interface Options extends JsonOption {
  readonly completeTo?: number
  readonly waitMs: number
}

export const sqlCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<query>', 'a query in ClickHouse SQL; its FORMAT clause is respected')
    .option('--complete-to <seq>', 'fail unless the tables hold the log up to this LOG sequence', wholeNumber(0))
    .option('--wait-ms <ms>', 'with --complete-to: wait up to this long', wholeNumber(0), 0)
    .option(JSON_FLAG, 'one JSON object per row')
    .addHelpText(
      'after',
      `
Examples:
  colloquy sql "SELECT role, count() FROM messages GROUP BY role"
  colloquy sql "SELECT actor, state, messages FROM conversations ORDER BY last_at DESC LIMIT 10"
  colloquy sql --complete-to 12345 --wait-ms 5000 "SELECT count() FROM events"

Other clients get the check of --complete-to with a condition: WHERE (SELECT ok FROM complete_to(seq = 12345)).`,
    )
    .action(async (query: string, options: Options) => {
      const { settings: effective } = settings()
      const format = options.json ? 'JSONEachRow' : out.isTerminal ? TABLE_FORMAT : 'TabSeparatedWithNames'
      const access = await connectToRunningClickHouse(effective, 'analyst')
      const send = (text: string, as: string): Promise<Response> =>
        ask(access, text, as).catch((cause: unknown) => {
          throw noAnswer(effective, 'ClickHouse', String(access.url), cause)
        })
      if (options.completeTo !== undefined) await untilComplete(send, options.completeTo, options.waitMs)
      const response = await send(query, format)
      if (!response.ok) throw await refusal(response)
      await noteRepairs(access, out)
      const rows = Readable.fromWeb(response.body as ReadableStream)
      if (response.headers.get('x-clickhouse-format') === TABLE_FORMAT && out.isTerminal) await printTable(out, rows)
      else await pipeline(rows, out.stdout, { end: false })
    })

async function noteRepairs(access: ClickHouseClientConfigOptions, out: Output): Promise<void> {
  const clickhouse = createClient(access)
  try {
    await noteRepairingTables(clickhouse, out)
  } finally {
    await clickhouse.close()
  }
}

/** @throws ColloquyError `not_complete` if the tables do not reach the sequence in time */
async function untilComplete(send: (query: string, format: string) => Promise<Response>, seq: number, waitMs: number): Promise<void> {
  const timeout = AbortSignal.timeout(waitMs)
  await pollUntil(async () => {
    const response = await send('SELECT max(projected_seq) FROM freshness', 'TabSeparated')
    if (!response.ok) throw await refusal(response)
    const reached = Number(await response.text())
    if (reached >= seq) return true
    if (!timeout.aborted && waitMs > 0) return undefined
    throw new ColloquyError(
      'not_complete',
      `the tables hold the log up to sequence ${reached} and not yet up to ${seq}; try again in a moment, or wait with --wait-ms`,
    )
  })
}

/** Sends one request to ClickHouse's HTTP interface. The ClickHouse client would hide the format of the answer and parts of errors. */
function ask(access: ClickHouseClientConfigOptions, query: string, format: string): Promise<Response> {
  const { url = '', username = '', password = '', database = '', clickhouse_settings: bounds } = access
  const target = new URL(url)
  const settings = { database, default_format: format, ...bounds }
  for (const [name, value] of Object.entries(settings)) target.searchParams.set(name, String(value))
  return fetch(target, { method: 'POST', body: query, headers: { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password } })
}

/** Reads the error from the end of the answer: if the query failed half-way, rows come before the error. */
async function refusal(response: Response): Promise<ColloquyError> {
  const error = await answeredError(response)
  return damageError(error) ?? error
}

async function answeredError(response: Response): Promise<ColloquyError> {
  const code = response.headers.get('x-clickhouse-exception-code') ?? String(response.status)
  let end = ''
  const body = Readable.fromWeb(response.body as ReadableStream).setEncoding('utf8')
  for await (const chunk of body) end = `${end}${chunk}`.slice(-ERROR_CHARS_MAX)
  const reason = /^Code: \d+\. DB::Exception: ([^]*)$/m.exec(end.slice(Math.max(0, end.lastIndexOf('Code: '))))?.[1] ?? end
  const message = reason.trim().replace(/ \(version [^)]*\)+$/, '')
  return new ForeignCodeError(code, message === '' ? `ClickHouse answered with status ${response.status}` : printable(message))
}

async function printTable(out: Output, rows: Readable): Promise<void> {
  const lines: string[][] = []
  const reader = createInterface({ input: rows })
  for await (const line of reader) {
    lines.push((JSON.parse(line) as string[]).map(printable))
    if (lines.length > TABLE_ROWS_MAX + 2) break
  }
  const isCut = lines.length > TABLE_ROWS_MAX + 2
  const [head = [], , ...cells] = lines.slice(0, TABLE_ROWS_MAX + 2)
  out.table(head, cells)
  // Nobody reads the other rows, so the error of closing the stream early is ignored.
  rows.on('error', () => undefined).destroy()
  if (isCut) out.note(`Only the first ${TABLE_ROWS_MAX} rows are shown: add a LIMIT to the query, or pipe the output to get all.`)
}
