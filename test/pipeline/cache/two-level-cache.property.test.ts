import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type HashedKey, hashedKey } from '../../../pipeline/cache/cache-key.ts'
import { type Eviction, EVICTIONS } from '../../../pipeline/cache/process-memory.ts'
import { type EntryForm, entryText, readEntry } from '../../../pipeline/cache/shared-entry.ts'
import type { SharedLevel } from '../../../pipeline/cache/shared-level.ts'
import { type Cache, createCache, type ServedFrom } from '../../../pipeline/cache/two-level-cache.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'

const TENANTS = ['acme', 'other'] as const
const KEYS = ['a', 'b', 'c'] as const
type Tenant = (typeof TENANTS)[number]
type Key = (typeof KEYS)[number]

const FORM: EntryForm = { cache: 'facts', version: 2 }
const valueSchema = z.object({ tenant: z.enum(TENANTS), key: z.enum(KEYS), at: z.int() })
type Value = z.infer<typeof valueSchema>

/** The shared level of all workers: what NATS would hold, without NATS. */
function createShared() {
  const entries = new Map<string, string>()
  let isAway = false
  const placeOf = (key: HashedKey): string => `${key.tenant}.${key.name}`
  const level: SharedLevel = {
    async get(form, key, schema) {
      const text = isAway ? undefined : entries.get(placeOf(key))
      if (text === undefined) return undefined
      const read = readEntry(form, key, text)
      const value = read.kind === 'value' ? schema.safeParse(read.value) : undefined
      if (read.kind === 'poisoned' || value?.success === false) entries.delete(placeOf(key))
      return value?.data
    },
    put(form, key, value) {
      if (!isAway) entries.set(placeOf(key), entryText(form, key, value))
      return !isAway
    },
    async drop(_, tenant) {
      for (const place of [...entries.keys()]) if (place.startsWith(`${tenant}.`)) entries.delete(place)
    },
    size: () => undefined,
    stop: () => Promise.resolve(),
  }
  return { level, entries, setAway: (away: boolean) => (isAway = away), isAway: () => isAway }
}

/** What the model knows of an entry: when its value was made, and, in memory, whether the worker has shared it. */
interface Known {
  readonly at: number
  readonly isShared: boolean
}

/** The state that the two levels should have, without hashes, bytes or flights. */
interface Model {
  readonly memory: readonly Map<string, Known>[]
  readonly asks: readonly Map<string, number>[]
  readonly shared: Map<string, number | 'poisoned' | 'newer'>
}

type Op =
  | { readonly op: 'ask'; readonly worker: number; readonly tenant: Tenant; readonly key: Key }
  | { readonly op: 'change'; readonly tenant: Tenant }
  | { readonly op: 'drop'; readonly worker: number; readonly tenant: Tenant }
  | { readonly op: 'restart'; readonly worker: number }
  | { readonly op: 'away'; readonly isAway: boolean }
  | { readonly op: 'lose' }
  | { readonly op: 'spoil'; readonly tenant: Tenant; readonly how: 'poisoned' | 'moved' | 'newer' | 'unfit' }

const worker = fc.constantFrom(0, 1)
const tenant = fc.constantFrom(...TENANTS)
const ops: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ op: fc.constant('ask' as const), worker, tenant, key: fc.constantFrom(...KEYS) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('change' as const), tenant }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drop' as const), worker, tenant }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restart' as const), worker }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('away' as const), isAway: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('lose' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('spoil' as const),
      tenant,
      how: fc.constantFrom('poisoned' as const, 'moved' as const, 'newer' as const, 'unfit' as const),
    }),
  },
)

const nameOf = (tenant: Tenant, key: Key): string => hashedKey({ tenant, parts: [key] }).name

const SHARED_ASKS = 2

test('two workers and their shared level serve what a model serves: never stale, poisoned, newer or of another tenant', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...EVICTIONS), fc.array(ops, { maxLength: 60 }), async (eviction, sequence) => {
      const shared = createShared()
      const workers = [workerOf(eviction, shared.level), workerOf(eviction, shared.level)]
      const model: Model = { memory: [new Map(), new Map()], asks: [new Map(), new Map()], shared: new Map() }
      const changedAt: Record<Tenant, number> = { acme: 0, other: 0 }
      let now = 1
      for (const op of sequence) {
        now += 1
        if (op.op === 'ask') {
          const { tenant: of, key } = op
          const cache = workers[op.worker]
          if (cache === undefined) throw new Error('there are two workers')
          const expected = askModel(model, op.worker, `${of}.${key}`, changedAt[of], now, shared.isAway())
          const fill = () => Promise.resolve({ value: { tenant: of, key, at: now }, isCacheable: true })
          const served = await cache.through({ tenant: of, parts: [key] }, fill, ({ at }) => Promise.resolve(at >= changedAt[of]))
          expect(served).toEqual({ value: { tenant: of, key, at: expected.at }, from: expected.from })
          expect(served.value.at).toBeGreaterThanOrEqual(changedAt[of])
        } else if (op.op === 'change') changedAt[op.tenant] = now
        else if (op.op === 'drop') {
          await workers[op.worker]?.drop(op.tenant)
          for (const known of [model.memory[op.worker], model.shared]) {
            for (const name of [...(known?.keys() ?? [])]) if (name.startsWith(`${op.tenant}.`)) known?.delete(name)
          }
        } else if (op.op === 'restart') {
          workers[op.worker] = workerOf(eviction, shared.level)
          model.memory[op.worker]?.clear()
          model.asks[op.worker]?.clear()
        } else if (op.op === 'away') shared.setAway(op.isAway)
        else if (op.op === 'lose') {
          shared.entries.clear()
          model.shared.clear()
        } else {
          const key = KEYS.find((one) => model.shared.has(`${op.tenant}.${one}`))
          if (key === undefined) continue
          const other: Tenant = op.tenant === 'acme' ? 'other' : 'acme'
          const [name, otherName] = [nameOf(op.tenant, key), nameOf(other, key)]
          const value = { tenant: other, key, at: now }
          const text = {
            poisoned: JSON.stringify({ v: 2, hash: 'wrong', body: JSON.stringify(value) }),
            // A whole entry of another tenant, under this tenant's key.
            moved: entryText(FORM, { tenant: other, name: otherName }, value),
            newer: entryText({ ...FORM, version: 3 }, { tenant: op.tenant, name }, value),
            unfit: entryText(FORM, { tenant: op.tenant, name }, { at: 'never' }),
          }[op.how]
          shared.entries.set(`${op.tenant}.${name}`, text)
          model.shared.set(`${op.tenant}.${key}`, op.how === 'newer' ? 'newer' : 'poisoned')
        }
      }
    }),
  )
})

const workerOf = (eviction: Eviction, shared: SharedLevel): Cache<Value> =>
  createCache<Value>({
    ...FORM,
    schema: valueSchema,
    toJson: (value) => value,
    bytesOf: () => 64,
    asksMin: { memory: 1, shared: SHARED_ASKS },
    eviction,
    // More than all keys need: what is evicted is not modelled.
    bytesMax: 1024 ** 2,
    shared,
    metrics: createMetrics(),
  })

function askModel(
  { memory, asks, shared }: Model,
  worker: number,
  name: string,
  changedAt: number,
  now: number,
  isAway: boolean,
): { at: number; from: ServedFrom } {
  const [own, counts] = [memory[worker], asks[worker]]
  if (own === undefined || counts === undefined) throw new Error('there are two workers')
  const asked = (counts.get(name) ?? 0) + 1
  counts.set(name, asked)
  const isToShare = asked >= SHARED_ASKS && !isAway
  const held = own.get(name)
  if (held !== undefined && held.at >= changedAt) {
    if (!held.isShared && isToShare) {
      shared.set(name, held.at)
      own.set(name, { ...held, isShared: true })
    }
    return { at: held.at, from: 'memory' }
  }
  own.delete(name)
  const stored = isAway ? undefined : shared.get(name)
  if (stored === 'poisoned') shared.delete(name)
  if (typeof stored === 'number' && stored >= changedAt) {
    own.set(name, { at: stored, isShared: true })
    return { at: stored, from: 'shared' }
  }
  own.set(name, { at: now, isShared: isToShare })
  if (isToShare) shared.set(name, now)
  return { at: now, from: 'filled' }
}
