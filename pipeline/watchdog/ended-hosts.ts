import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { typedKey } from '../jetstream/typed-kv.ts'
import { storeOverrun } from './overruns.ts'

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
  /** The subject of the actor's records. */
  subject: z.string().default(''),
  /** The watchdog ended the host because the input had run into a limit. */
  isOverrun: z.boolean().default(false),
  /** Code that the decision had left behind ended the host: the input may be recorded. */
  isLeftBehind: z.boolean().default(false),
})
/** An input that ended its host. */
export type HostEnds = z.infer<typeof entrySchema>

/** An input that ended its host this often is rejected: a kill or a power failure in the middle of an innocent decision counts once. */
export const HOST_ENDS_MAX = 2

const entryIn = (kv: KV, seq: number) => typedKey(kv, `${PREFIX}${seq}`, entrySchema)

/** One end of a host, by the input that caused it. */
export interface HostEnd extends Pick<HostEnds, 'storedMs' | 'subject' | 'isOverrun' | 'isLeftBehind' | 'at'> {
  readonly seq: number
  readonly what: string
  /** A shorter limit applied, so that an overrun says nothing about other inputs. */
  readonly wasSuspect: boolean
}

/** Counts one end of a host for an input, for the whole cluster. @returns how often the input has ended its host now */
export async function countHostEnd(kv: KV, { seq, what, wasSuspect, ...end }: HostEnd): Promise<number> {
  if (end.isOverrun && !wasSuspect) await storeOverrun(kv, end.subject, Date.parse(end.at))
  for (;;) {
    const before = await entryIn(kv, seq).get()
    // Another input had this sequence, in a stream that was made again.
    const known = before?.value.storedMs === end.storedMs ? before.value : undefined
    const count = (known?.count ?? 0) + 1
    const entry = { ...end, count, what: [...(known?.what ?? []), what].slice(-HOST_ENDS_MAX) }
    if ((await entryIn(kv, seq).compareAndSet(entry, before?.revision)) !== undefined) return count
  }
}

/** Forgets an input that is recorded. */
export async function forgetHostEnds(kv: KV, seq: number): Promise<void> {
  await kv.delete(`${PREFIX}${seq}`)
}

/** The inputs that have ended a host and are not recorded since, by INBOX sequence; usually none. */
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
export function hostEndsText({ count, what, isLeftBehind }: HostEnds): string {
  const who = isLeftBehind ? 'code that this input left behind' : 'this input'
  return `${who} ended its host ${count === 1 ? 'once' : `${count} times`}: ${[...new Set(what)].join(', then ')}`
}
