import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { INTENT_LIMITS, intentNameSchema, OUT_OF_SCOPE } from '../../../schemas/intent-events.ts'
import { parseJson } from '../../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { fileProblem } from '../../runtime/file-errors.ts'
import { csvTable } from '../chunking/csv-table.ts'
import { openLines } from '../line-file.ts'

/** An example as a file gives it. Without intents it is out of scope. */
export interface Example {
  readonly text: string
  readonly intents: readonly string[]
}

/** A line of a file that is no example. */
export interface BadExample {
  /** From 1. */
  readonly line: number
  readonly problem: string
}

export interface ExampleFile {
  readonly examples: readonly Example[]
  readonly bad: readonly BadExample[]
}

/** Names by which data sets mark what is out of scope. */
const OUT_OF_SCOPE_NAMES: ReadonlySet<string> = new Set([OUT_OF_SCOPE, 'oos'])
/** Divides the intents of one cell of a CSV file. */
const CSV_DIVIDER = '|'
/** 1,000 intents of 2,500 examples of 60 characters. */
const FILE_BYTES_MAX = 256 * 1024 * 1024

const exampleSchema = z
  .object({
    text: z.string().trim().min(1).max(INTENT_LIMITS.exampleCharsMax),
    intent: z.string().optional(),
    intents: z.array(z.string()).max(32).optional(),
  })
  .refine(({ intent, intents }) => intent !== undefined || intents !== undefined, {
    path: ['intent'],
    message: 'is missing; it must be the name of the intent, or "intents" a list of names',
  })
  .refine(({ intent, intents }) => intent === undefined || intents === undefined, {
    path: ['intent'],
    message: 'must not stand beside "intents"',
  })

/**
 * Reads examples from a file: JSON lines `{text, intent}` or `{text, intents}` (`.jsonl`, also `.gz`), or CSV with the columns `text` and
 * `intent` (`.csv`), where `|` divides several intents.
 *
 * @throws ColloquyError `bad_file`, `bad_table`
 */
export async function readExampleFile(path: string): Promise<ExampleFile> {
  const examples: Example[] = []
  const bad: BadExample[] = []
  const add = (line: number, value: unknown): void => {
    const read = exampleOf(value)
    if (typeof read === 'string') bad.push({ line, problem: read })
    else examples.push(read)
  }
  if (path.endsWith('.csv')) {
    for (const [index, row] of (await csvRows(path)).entries()) add(index + 2, row)
    return { examples, bad }
  }
  const file = await openLines(path)
  for await (const { number, bytes, problem } of file.lines) {
    const text = Buffer.from(bytes).toString('utf8')
    if (problem !== undefined) bad.push({ line: number, problem })
    else if (text.trim() !== '') add(number, parseJson(number === 1 ? text.replace(/^\uFEFF/, '') : text))
  }
  return { examples, bad }
}

function exampleOf(value: unknown): Example | string {
  if (value === undefined) return 'it is not JSON'
  const read = exampleSchema.safeParse(value, IN_WORDS)
  if (!read.success) return zodProblem(read.error, '')
  const { text, intent, intents = intent === undefined || intent === '' ? [] : [intent] } = read.data
  if (!text.isWellFormed()) return 'text: has half a character (a lone surrogate)'
  for (const name of intents) {
    const checked = intentNameSchema.safeParse(name, IN_WORDS)
    if (!checked.success) return `intent ${JSON.stringify(name.slice(0, 80))}: ${zodProblem(checked.error, '')}`
  }
  return { text, intents: [...new Set(intents.filter((name) => !OUT_OF_SCOPE_NAMES.has(name)))] }
}

async function csvRows(path: string): Promise<unknown[]> {
  const { size } = await stat(path).catch(badFile(path))
  if (size > FILE_BYTES_MAX) throw new ColloquyError('bad_file', `${path} has ${size} bytes; a CSV file may have ${FILE_BYTES_MAX}`)
  const { table } = csvTable((await readFile(path, 'utf8').catch(badFile(path))).replace(/^\uFEFF/, ''))
  const columns = table.header?.map((cell) => cell.trim().toLowerCase()) ?? []
  const textAt = columns.indexOf('text')
  const intentAt = columns.findIndex((name) => name === 'intent' || name === 'intents')
  if (textAt < 0 || intentAt < 0) throw new ColloquyError('bad_file', `${path} has no header with the columns "text" and "intent"`)
  return table.rows.map((row) => ({
    text: row[textAt] ?? '',
    intents: (row[intentAt] ?? '')
      .split(CSV_DIVIDER)
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  }))
}

const badFile =
  (path: string) =>
  (cause: unknown): never => {
    throw new ColloquyError('bad_file', `${path} cannot be read: ${fileProblem(cause)}`, { cause })
  }

/** The texts of each intent; those out of scope are under a name of their own. */
export function byIntent(examples: readonly Example[]): Map<string, Set<string>> {
  const texts = new Map<string, Set<string>>()
  for (const { text, intents } of examples) {
    for (const intent of intents.length === 0 ? [OUT_OF_SCOPE] : intents) {
      const known = texts.get(intent)
      if (known === undefined) texts.set(intent, new Set([text]))
      else known.add(text)
    }
  }
  return texts
}
