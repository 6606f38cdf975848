import { ColloquyError } from '../../schemas/errors.ts'
import { type ModelEntry, MODELS_FILE_BYTES_MAX, modelsFileSchema } from '../../schemas/models-file.ts'
import { readYamlFile } from '../runtime/yaml-file.ts'

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
export const readModelsFile = (file: string): Promise<readonly ModelEntry[]> =>
  readYamlFile(file, {
    schema: modelsFileSchema,
    bytesMax: MODELS_FILE_BYTES_MAX,
    code: 'bad_models',
    root: 'models',
    namedBy: 'COLLOQUY_MODELS names it',
  })

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
  throw new ColloquyError('bad_models', `${from}: no model can be used, because all keys are missing; set ${variables}`)
}
