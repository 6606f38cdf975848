import { hash } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import type { HashedKey } from './cache-key.ts'

/** Identifies the form of a cache's values. An entry of another version is no hit. */
export interface EntryForm {
  /** Name of the cache. */
  readonly cache: string
  /** Version of the form, from 1; raise it with each change of the value's schema or meaning. */
  readonly version: number
}

const entrySchema = z.object({
  v: z.int().positive(),
  /** Over the place of the entry and the body: an entry that was changed, or copied under another key or tenant, does not fit. */
  hash: z.string(),
  /** The value as JSON. */
  body: z.string(),
})

const versionSchema = entrySchema.pick({ v: true })

/** What was read at a place. `newer` and `older` are of another version of the code; `poisoned` fits neither its hash nor its schema. */
export type ReadEntry =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'newer' }
  | { readonly kind: 'older' }
  | { readonly kind: 'poisoned' }

/** The text of an entry of the shared level. */
export function entryText(form: EntryForm, key: HashedKey, value: unknown): string {
  const body = JSON.stringify(value)
  return JSON.stringify({ v: form.version, hash: hashOf(form.version, form, key, body), body } satisfies z.input<typeof entrySchema>)
}

/** Reads an entry. The caller checks the value by its schema. */
export function readEntry(form: EntryForm, key: HashedKey, text: string): ReadEntry {
  const json = parseJson(text)
  const version = versionSchema.safeParse(json).data?.v ?? form.version
  // Only newer code knows what else its entries have.
  if (version > form.version) return { kind: 'newer' }
  const entry = entrySchema.safeParse(json)
  if (!entry.success || entry.data.hash !== hashOf(version, form, key, entry.data.body)) return { kind: 'poisoned' }
  return version < form.version ? { kind: 'older' } : { kind: 'value', value: parseJson(entry.data.body) }
}

const hashOf = (version: number, { cache }: EntryForm, { tenant, name }: HashedKey, body: string): string =>
  hash('sha256', JSON.stringify([cache, version, tenant, name, body]), 'base64url')
