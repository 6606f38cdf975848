import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { typedKey } from '../jetstream/typed-kv.ts'

const PREFIX = 'host-ends.'
const entrySchema = z.object({
  /** When INBOX stored the input, milliseconds since 1970. */
  storedMs: z.number(),
  /** How often it ended its host. */
  count: z.int().positive(),
  /** What it did, newest last. */
  what: z.array(z.string()),
  /** The newest end, ISO. */
  at: z.string(),
})
/** An input that ended its host while it was being decided. */
export type HostEnds = z.infer<typeof entrySchema>

/** An input that ended its host this often is rejected: a kill or a power failure in the middle of an innocent decision counts once. */
export const HOST_ENDS_MAX = 2

const entryIn = (kv: KV, seq: number) => typedKey(kv, `${PREFIX}${seq}`, entrySchema)

/** Counts one end of a host for an input, for the whole cluster. @returns how often the input has ended its host now */
export async function countHostEnd(
  kv: KV,
  { seq, storedMs }: { readonly seq: number; readonly storedMs: number },
  what: string,
  at: string,
): Promise<number> {
  for (;;) {
    const before = await entryIn(kv, seq).get()
    // Another input had this sequence, in a stream that was made again.
    const known = before?.value.storedMs === storedMs ? before.value : undefined
    const count = (known?.count ?? 0) + 1
    const entry = { storedMs, count, what: [...(known?.what ?? []), what].slice(-HOST_ENDS_MAX), at }
    if ((await entryIn(kv, seq).compareAndSet(entry, before?.revision)) !== undefined) return count
  }
}

/** Forgets an input that is recorded. */
export async function forgetHostEnds(kv: KV, seq: number): Promise<void> {
  await kv.delete(`${PREFIX}${seq}`)
}

/** The inputs that have ended a host and are not recorded yet, by INBOX sequence; usually none. */
export async function readHostEnds(kv: KV): Promise<Map<number, HostEnds>> {
  const seqs: number[] = []
  for await (const key of await kv.keys(`${PREFIX}>`)) seqs.push(Number(key.slice(PREFIX.length)))
  const found = new Map<number, HostEnds>()
  for (const seq of seqs) {
    const entry = await entryIn(kv, seq).get()
    if (entry !== undefined) found.set(seq, entry.value)
  }
  return found
}

/** As `readHostEnds`. Removes entries below `firstSeq`, the first message of INBOX. */
export async function loadHostEnds(kv: KV, firstSeq: number): Promise<Map<number, HostEnds>> {
  const found = await readHostEnds(kv)
  for (const seq of found.keys()) {
    if (seq >= firstSeq) continue
    await forgetHostEnds(kv, seq)
    found.delete(seq)
  }
  return found
}

/** The text of a rejection: what the input did to its hosts. */
export const hostEndsText = ({ count, what }: HostEnds): string =>
  `this input ended its host ${count === 1 ? 'once' : `${count} times`}: ${[...new Set(what)].join(', then ')}`
