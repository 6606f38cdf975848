import { styleText } from 'node:util'
import type { WriteStream } from 'node:tty'
import Table from 'cli-table3'

export type Style = Parameters<typeof styleText>[0]
export type Paint = (style: Style, text: string) => string

/** Where a command writes: what it is asked for to stdout, all else to stderr. */
export interface Output {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Whether a person is looking at stdout: only then colour, tables and bars are used. */
  readonly isTerminal: boolean
  /** Characters of a line of the terminal. */
  columns(): number
  line(text?: string): void
  /** One JSON text on one line. */
  json(value: unknown): void
  /** For people, beside the result. */
  note(text: string): void
  /** Coloured on a terminal that wants it (NO_COLOR does not), else as it is. */
  paint: Paint
  /** A table on a terminal, tab-separated lines with a head otherwise. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void
}

const COLUMNS_DEFAULT = 80

export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  const isTerminal = isTty(stdout)
  const line = (text = ''): void => { stdout.write(`${text}\n`) }
  const paint: Paint = (style, text) => styleText(style, text, { stream: stdout })
  return {
    stdout, stderr, isTerminal, line, paint,
    columns: () => (isTty(stdout) ? stdout.columns : COLUMNS_DEFAULT),
    json: (value) => line(JSON.stringify(value)),
    note: (text) => { stderr.write(`${text}\n`) },
    table(head, rows) {
      if (isTerminal) line(drawTable(head.map((name) => paint('bold', name)), rows))
      else for (const row of [head, ...rows]) line(row.map(tabSeparated).join('\t'))
    },
  }
}

const isTty = (stream: NodeJS.WriteStream): stream is WriteStream & NodeJS.WriteStream => stream.isTTY === true

function drawTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  table.push(...rows.map((row) => [...row]))
  return table.toString()
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' }
const tabSeparated = (text: string): string => text.replace(/[\t\n\r\\]/g, (character) => ESCAPES[character] ?? character)

/** Text of strangers as it may be shown: nothing in it steers the terminal. */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
