import { readFile, stat } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { type ModelEntry, MODELS_FILE_BYTES_MAX, modelsFileSchema } from '../../schemas/models-file.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'

/** A model with its key, or why it cannot be used. */
export interface ConfiguredModel {
  readonly entry: ModelEntry
  readonly apiKey: string | undefined
  /** What is missing, with the name of the variable; `undefined` for a model that can be asked. */
  readonly unusable: string | undefined
}

/** The value of an environment variable; `undefined` where it is unset or empty. */
export type KeyOf = (variable: string) => string | undefined

/**
 * Reads a file of models, YAML or JSON.
 *
 * @throws ColloquyError `bad_models`, whose message names the file, the line, the field, and what it must be
 */
export async function readModelsFile(file: string): Promise<readonly ModelEntry[]> {
  const lines = new LineCounter()
  // YAML contains JSON; one parser tells the lines of both.
  const document = parseDocument(await textOf(file), { lineCounter: lines })
  const [broken] = document.errors
  if (broken !== undefined) throw badModels(`${file}: it is no YAML or JSON: ${messageOf(broken)}`)
  const read = modelsFileSchema.safeParse(valueOf(document), IN_WORDS)
  if (read.success) return read.data
  const path = read.error.issues[0]?.path ?? []
  const line = lineOf(path)
  throw badModels(`${file}${line === undefined ? '' : `:${line}`}: ${zodProblem(read.error, 'models')}`)

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
      throw badModels(`${file}: ${messageOf(error)}`, error)
    }
  }
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > MODELS_FILE_BYTES_MAX) throw badModels(`${file} has ${size} bytes; a file of models has at most ${MODELS_FILE_BYTES_MAX}`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof ColloquyError) throw error
    const why = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`
    throw badModels(`${file} ${why}; COLLOQUY_MODELS names it`, error)
  }
}

const badModels = (message: string, cause?: unknown): ColloquyError => new ColloquyError('bad_models', message, { cause })

/**
 * Adds the keys.
 *
 * @param from the file or the settings that name the models
 * @throws ColloquyError `bad_models` if no model can be used
 */
export function withKeys(entries: readonly ModelEntry[], keyOf: KeyOf, from: string): readonly ConfiguredModel[] {
  const models = entries.map((entry): ConfiguredModel => {
    const apiKey = entry.apiKeyEnv === undefined ? undefined : keyOf(entry.apiKeyEnv)
    const isMissing = entry.apiKeyEnv !== undefined && apiKey === undefined
    return { entry, apiKey, unusable: isMissing ? `its key is missing: set the environment variable ${entry.apiKeyEnv}` : undefined }
  })
  if (models.some(({ unusable }) => unusable === undefined)) return models
  const variables = [...new Set(entries.map(({ apiKeyEnv }) => apiKeyEnv))].join(', ')
  throw badModels(`${from}: no model can be used, because all keys are missing; set ${variables}`)
}
