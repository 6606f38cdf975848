import { readFile, stat } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'

/** How a file is read, and what its errors say. */
export interface YamlFileOptions<Schema extends z.ZodType> {
  readonly schema: Schema
  readonly bytesMax: number
  /** The code of its errors. */
  readonly code: ErrorCode
  /** What the file lists, as the root of a field: `models`. */
  readonly root: string
  /** What names the file, for an error: `COLLOQUY_MODELS names it`. */
  readonly namedBy: string
}

/**
 * Reads a file of YAML, which contains JSON, in the form of a schema.
 *
 * @throws ColloquyError with the code of the options; its message names the file, the line, the field, and what it must be
 */
export async function readYamlFile<Schema extends z.ZodType>(file: string, options: YamlFileOptions<Schema>): Promise<z.output<Schema>> {
  const { schema, root, code } = options
  const bad = (message: string, cause?: unknown): ColloquyError => new ColloquyError(code, message, { cause })
  const lines = new LineCounter()
  const document = parseDocument(await textOf(file, options), { lineCounter: lines })
  const [broken] = document.errors
  if (broken !== undefined) throw bad(`${file}: it is no YAML or JSON: ${messageOf(broken)}`)
  const read = schema.safeParse(valueOf(document), IN_WORDS)
  if (read.success) return read.data
  const path = read.error.issues[0]?.path ?? []
  const line = lineOf(path)
  throw bad(`${file}${line === undefined ? '' : `:${line}`}: ${zodProblem(read.error, root)}`)

  /** The line of a field, or of what should contain it. */
  function lineOf(of: readonly PropertyKey[]): number | undefined {
    for (let depth = of.length; depth >= 0; depth--) {
      const node: unknown = depth === 0 ? document.contents : document.getIn(of.slice(0, depth), true)
      const range = typeof node === 'object' && node !== null ? (Reflect.get(node, 'range') as unknown) : undefined
      if (Array.isArray(range) && typeof range[0] === 'number') return lines.linePos(range[0]).line
    }
    return undefined
  }

  function valueOf(parsed: typeof document): unknown {
    try {
      return parsed.toJS() as unknown
    } catch (error) {
      throw bad(`${file}: ${messageOf(error)}`, error)
    }
  }
}

async function textOf(file: string, { bytesMax, code, namedBy }: YamlFileOptions<z.ZodType>): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > bytesMax) throw new ColloquyError(code, `${file} has ${size} bytes; at most ${bytesMax} are read`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof ColloquyError) throw error
    const why = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`
    throw new ColloquyError(code, `${file} ${why}; ${namedBy}`, { cause: error })
  }
}
