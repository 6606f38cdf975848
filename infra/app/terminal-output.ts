import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import Table from 'cli-table3'

/** One style or several, as `util.styleText` takes them. */
export type Style = Parameters<typeof styleText>[0]
export type Paint = (style: Style, text: string) => string

/** The output of a command: results go to stdout, everything else to stderr. */
export interface Output {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Whether stdout is a terminal. Colours, tables and progress bars are used only then. */
  readonly isTerminal: boolean
  /** Width of the terminal in characters. Default: 80. */
  columns(): number
  /** Writes a line to stdout. */
  line(text?: string): void
  /** Writes a value as one line of JSON to stdout. */
  json(value: unknown): void
  /** Writes a message to stderr. */
  note(text: string): void
  /** Styles a text if stdout is a terminal and NO_COLOR is not set. */
  paint: Paint
  /** Writes a table on a terminal, else tab-separated lines with a header. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void
}

const COLUMNS_DEFAULT = 80

/** Creates the output of a command on two streams. */
export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  const isTerminal = isTty(stdout)
  const line = (text = ''): void => {
    stdout.write(`${text}\n`)
  }
  const paint: Paint = (style, text) => styleText(style, text, { stream: stdout })
  return {
    stdout,
    stderr,
    isTerminal,
    line,
    paint,
    columns: () => (isTty(stdout) ? stdout.columns : COLUMNS_DEFAULT),
    json: (value) => line(JSON.stringify(value)),
    note: (text) => {
      stderr.write(`${text}\n`)
    },
    table(head, rows) {
      if (isTerminal)
        line(
          drawTable(
            head.map((name) => paint('bold', name)),
            rows,
          ),
        )
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

/** Escapes control and bidirectional characters, so that text from outside cannot control the terminal. */
export const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** As `printable`, with line breaks as ⏎. */
export const onOneLine = (text: string): string => printable(text.replaceAll(/\s*\n\s*/g, ' ⏎ '))
