import type { KV } from '@nats-io/kv'
import { resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { DTYPES, POOLINGS } from '../../pipeline/embedding/embedding-model.ts'
import { typedKey } from '../../pipeline/jetstream/typed-kv.ts'
import type { Settings } from '../settings.ts'

/** The settings that say which model makes the vectors, and how. */
const modelSettingsSchema = z.strictObject({
  EMBED_MODEL: z.string().optional(), EMBED_DTYPE: z.enum(DTYPES).optional(), EMBED_POOLING: z.enum(POOLINGS).optional(),
  EMBED_QUERY_PREFIX: z.string().optional(), EMBED_PASSAGE_PREFIX: z.string().optional(),
})
export type ModelSettings = z.output<typeof modelSettingsSchema>

/** The model that the whole cluster searches with, and the fingerprint that names its collection. */
const indexModelSchema = z.object({ settings: modelSettingsSchema, fingerprint: z.string() })
export type IndexModel = z.output<typeof indexModelSchema>

/** In the bucket of what the cluster agrees on. */
const KEY = 'memory-model'
const modelIn = (kv: KV) => typedKey(kv, KEY, indexModelSchema)

/** What the settings say of the model; a folder by its whole path, and the built-in one always by the same words. */
export function modelSettingsOf({ EMBED_MODEL: model, EMBED_DTYPE, EMBED_POOLING, EMBED_QUERY_PREFIX, EMBED_PASSAGE_PREFIX }: Settings): ModelSettings {
  if (model === undefined || model === 'lexical') return {}
  const given = { EMBED_MODEL: existsSync(model) ? resolve(model) : model, EMBED_DTYPE, EMBED_POOLING, EMBED_QUERY_PREFIX, EMBED_PASSAGE_PREFIX }
  return modelSettingsSchema.parse(JSON.parse(JSON.stringify(given)))
}

export const isSameModel = (one: ModelSettings, other: ModelSettings): boolean =>
  JSON.stringify(modelSettingsSchema.parse(one)) === JSON.stringify(modelSettingsSchema.parse(other))

export const nameOfModel = ({ EMBED_MODEL: model }: ModelSettings): string => model ?? 'lexical'

/** The settings with another model in them. */
export const withModel = (settings: Settings, model: ModelSettings): Settings => ({
  ...settings, EMBED_MODEL: undefined, EMBED_DTYPE: undefined, EMBED_POOLING: undefined, EMBED_QUERY_PREFIX: undefined, EMBED_PASSAGE_PREFIX: undefined, ...model,
})

/** `undefined` before anything was ever embedded. */
export const readIndexModel = async (kv: KV): Promise<IndexModel | undefined> => (await modelIn(kv).get())?.value

/** From now on the cluster searches with this one: whoever has another open sees it within seconds. */
export const writeIndexModel = (kv: KV, model: IndexModel): Promise<void> => modelIn(kv).put(model)
