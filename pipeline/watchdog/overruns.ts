import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { parseLogSubject } from '../../schemas/subjects.ts'
import { typedKey } from '../jetstream/typed-kv.ts'

/**
 * How long the decisions of a kind and tenant have a shorter limit after one of them, or code that it left behind, held a host for the
 * whole limit: a decision that is in order takes microseconds, and all actors of the host wait for one that is not.
 */
const CAUTION_MS = 60_000

const KEY = 'host-overruns'
const overrunsSchema = z.array(
  z.object({
    tenant: z.string(),
    kind: z.string(),
    /** Milliseconds since 1970. */
    atMs: z.number(),
  }),
)

const entryIn = (kv: KV) => typedKey(kv, KEY, overrunsSchema)

/** When the caution ends, milliseconds since 1970, by `tenant/kind`. Other tenants of the kind keep the whole limit. */
export type Overruns = ReadonlyMap<string, number>

/** The tenant and the kind of an actor, as `tenant/kind`. @param subject of the actor's records */
export function overrunScope(subject: string): string {
  const { tenant, kind } = parseLogSubject(subject).address
  return `${tenant}/${kind}`
}

/** Stores, for the whole cluster, that a decision held its host for the whole limit. Forgets what is over. */
export async function storeOverrun(kv: KV, subject: string, atMs: number): Promise<void> {
  const { tenant, kind } = parseLogSubject(subject).address
  for (;;) {
    const before = await entryIn(kv).get()
    const others = (before?.value ?? []).filter((one) => one.atMs + CAUTION_MS > atMs && (one.tenant !== tenant || one.kind !== kind))
    if ((await entryIn(kv).compareAndSet([...others, { tenant, kind, atMs }], before?.revision)) !== undefined) return
  }
}

export async function loadOverruns(kv: KV): Promise<Overruns> {
  const entry = await entryIn(kv).get()
  return new Map((entry?.value ?? []).map(({ tenant, kind, atMs }) => [`${tenant}/${kind}`, atMs + CAUTION_MS]))
}
