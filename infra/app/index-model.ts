import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { DTYPES, POOLINGS } from '../../pipeline/embedding/embedding-model.ts'
import { typedKey } from '../../pipeline/jetstream/typed-kv.ts'
import { CURRENT_CUTTER, cutterOf, type TermCutter } from '../../pipeline/search/term-cutter.ts'
import { AUTO } from '../servers/models/presets.ts'
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
const FIRST_CUTTER = 1

/** The model that the cluster uses, with its fingerprint; the store and the cutter of its collection. */
const indexModelSchema = z.object({
  settings: modelSettingsSchema,
  fingerprint: z.string(),
  /** Absent in data of an earlier version. */
  store: z.enum(STORES).optional(),
  /** Version of the cutter. Absent in data of an earlier version: 1. */
  cutter: z.int().positive().default(FIRST_CUTTER),
})
export type IndexModel = z.output<typeof indexModelSchema>

/** Key in the cluster's bucket. */
const KEY = 'memory-model'
const modelIn = (kv: KV) => typedKey(kv, KEY, indexModelSchema)

/** Picks the model settings, in a form that can be compared: a folder by its absolute path, the built-in model and `auto` as `{}`. */
export function modelSettingsOf(settings: Settings): ModelSettings {
  const { EMBED_MODEL: model, EMBED_DTYPE, EMBED_POOLING, EMBED_QUERY_PREFIX, EMBED_PASSAGE_PREFIX } = settings
  if (model === undefined || model === 'lexical' || model === AUTO) return {}
  const path = existsSync(model) ? resolve(model) : model
  const given = { EMBED_MODEL: path, EMBED_DTYPE, EMBED_POOLING, EMBED_QUERY_PREFIX, EMBED_PASSAGE_PREFIX }
  return modelSettingsSchema.parse(JSON.parse(JSON.stringify(given)))
}

export const isSameModel = (one: ModelSettings, other: ModelSettings): boolean =>
  JSON.stringify(modelSettingsSchema.parse(one)) === JSON.stringify(modelSettingsSchema.parse(other))

/** Where the collections of a process are. */
export const storeOf = ({ QDRANT_URL: url }: Settings): (typeof STORES)[number] => (url === undefined ? 'clickhouse' : 'qdrant')

/** Names a collection by the model of its vectors and the cutter of its terms. */
export const collectionName = ({ fingerprint, cutter }: Pick<IndexModel, 'fingerprint' | 'cutter'>): string =>
  cutter === FIRST_CUTTER ? fingerprint : `${fingerprint}-w${cutter}`

/**
 * The cutter of the collection to open: that of the agreed collection, if that is of this model and in this store, else the current one. A
 * collection of a later version of this program cannot be used, and stays the agreed one.
 */
export function cutterToOpen(agreed: IndexModel | undefined, fingerprint: string, store: IndexModel['store']): TermCutter {
  const isSameCollection = agreed?.fingerprint === fingerprint && (agreed.store ?? store) === store
  return (isSameCollection ? cutterOf(agreed.cutter) : undefined) ?? CURRENT_CUTTER
}

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

/** Switches the cluster from one collection to another, unless it uses neither by now. @returns whether it uses the other one */
export async function replaceIndexModel(kv: KV, from: IndexModel, to: IndexModel): Promise<boolean> {
  const present = await modelIn(kv).get()
  if (present === undefined || collectionName(present.value) !== collectionName(from)) return false
  return (await modelIn(kv).compareAndSet(to, present.revision)) !== undefined
}

/** Switches the cluster to a model. Other processes follow within seconds. */
export const writeIndexModel = (kv: KV, model: IndexModel): Promise<void> => modelIn(kv).put(model)
