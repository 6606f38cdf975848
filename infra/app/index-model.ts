import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { DTYPES, POOLINGS } from '../../pipeline/embedding/embedding-model.ts'
import { typedKey } from '../../pipeline/jetstream/typed-kv.ts'
import type { Settings } from '../settings.ts'

/** The settings that determine the vectors: the model and how it is used. */
const modelSettingsSchema = z.strictObject({
  EMBED_MODEL: z.string().optional(),
  EMBED_DTYPE: z.enum(DTYPES).optional(),
  EMBED_POOLING: z.enum(POOLINGS).optional(),
  EMBED_QUERY_PREFIX: z.string().optional(),
  EMBED_PASSAGE_PREFIX: z.string().optional(),
})
export type ModelSettings = z.output<typeof modelSettingsSchema>

const STORES = ['clickhouse', 'qdrant'] as const

/** The model that the cluster uses, the fingerprint that names its collection, and where that is; absent in data of an earlier version. */
const indexModelSchema = z.object({ settings: modelSettingsSchema, fingerprint: z.string(), store: z.enum(STORES).optional() })
export type IndexModel = z.output<typeof indexModelSchema>

/** Key in the cluster's bucket. */
const KEY = 'memory-model'
const modelIn = (kv: KV) => typedKey(kv, KEY, indexModelSchema)

/** Picks the model settings, in a form that can be compared: a folder by its absolute path, the built-in model as `{}`. */
export function modelSettingsOf(settings: Settings): ModelSettings {
  const { EMBED_MODEL: model, EMBED_DTYPE, EMBED_POOLING, EMBED_QUERY_PREFIX, EMBED_PASSAGE_PREFIX } = settings
  if (model === undefined || model === 'lexical') return {}
  const path = existsSync(model) ? resolve(model) : model
  const given = { EMBED_MODEL: path, EMBED_DTYPE, EMBED_POOLING, EMBED_QUERY_PREFIX, EMBED_PASSAGE_PREFIX }
  return modelSettingsSchema.parse(JSON.parse(JSON.stringify(given)))
}

export const isSameModel = (one: ModelSettings, other: ModelSettings): boolean =>
  JSON.stringify(modelSettingsSchema.parse(one)) === JSON.stringify(modelSettingsSchema.parse(other))

/** Where the collections of a process are. */
export const storeOf = ({ QDRANT_URL: url }: Settings): (typeof STORES)[number] => (url === undefined ? 'clickhouse' : 'qdrant')

/** The model's name for log lines and messages. */
export const nameOfModel = ({ EMBED_MODEL: model }: ModelSettings): string => model ?? 'lexical'

/** Returns the settings with other model settings. */
export const withModel = (settings: Settings, model: ModelSettings): Settings => ({
  ...settings,
  EMBED_MODEL: undefined,
  EMBED_DTYPE: undefined,
  EMBED_POOLING: undefined,
  EMBED_QUERY_PREFIX: undefined,
  EMBED_PASSAGE_PREFIX: undefined,
  ...model,
})

/** Reads the model that the cluster uses; `undefined` if nothing was ever embedded. */
export const readIndexModel = async (kv: KV): Promise<IndexModel | undefined> => (await modelIn(kv).get())?.value

/** Switches the cluster to a model. Other processes follow within seconds. */
export const writeIndexModel = (kv: KV, model: IndexModel): Promise<void> => modelIn(kv).put(model)
