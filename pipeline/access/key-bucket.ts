import { randomBytes } from 'node:crypto'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { type AccessKey, accessKeySchema, isGoodKey, KEYS_MAX } from '../../schemas/access-keys.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { readPage } from '../jetstream/direct-page.ts'
import { removeBucketKey } from '../jetstream/removal.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import type { KeySigner } from './key-tokens.ts'

/** The bucket of keys: what each allows, and the public keys of those who signed them. No secret is in it. */
export const ACCESS_BUCKET = 'colloquy_access'
const STREAM = `KV_${ACCESS_BUCKET}`
const SUBJECTS = `$KV.${ACCESS_BUCKET}.`
const KEYS = 'key.'
const SIGNERS = 'signer.'
const PAGE_MESSAGES = 500
const ID_BYTES = 9

const signerSchema = z.object({ publicKey: z.string().max(1_024) })

/** What the bucket says: a key as it is now, or the public key (PEM) of a signer. */
export type AccessChange = { readonly key: AccessKey } | { readonly signer: string; readonly publicKey: string }

/**
 * Reads what has changed in the bucket after a revision of it.
 *
 * @param take gets each change, in order
 * @returns the last revision
 */
export async function readAccess(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  after: number,
  take: (change: AccessChange) => void,
): Promise<number> {
  for (let last = after; ;) {
    const before = last
    await readPage(jsm, { stream: STREAM, seq: last + 1, subject: `${SUBJECTS}>`, messagesMax: PAGE_MESSAGES }, (message) => {
      last = message.seq
      const change = changeOf(message.subject.slice(SUBJECTS.length), parseJson(message.string()))
      if (change !== undefined) take(change)
    })
    if (last === before) return last
  }
}

function changeOf(name: string, value: unknown): AccessChange | undefined {
  if (name.startsWith(SIGNERS)) {
    const { data } = signerSchema.safeParse(value)
    return data && { signer: name.slice(SIGNERS.length), publicKey: data.publicKey }
  }
  const { data } = accessKeySchema.safeParse(value)
  return data && { key: data }
}

/** Keeps what the bucket of another installation, or of an earlier time, said. */
export const putAccess = (kv: KV, change: AccessChange): Promise<void> =>
  'key' in change
    ? typedKey(kv, `${KEYS}${change.key.id}`, accessKeySchema).put(change.key)
    : typedKey(kv, `${SIGNERS}${change.signer}`, signerSchema).put({ publicKey: change.publicKey })

/** All keys, those that are revoked or have expired among them, by id. */
export async function readKeys(jetstream: Pick<JetStreamContext, 'jsm'>): Promise<Map<string, AccessKey>> {
  const keys = new Map<string, AccessKey>()
  await readAccess(jetstream, 0, (change) => {
    if ('key' in change) keys.set(change.key.id, change.key)
  })
  return keys
}

export type NewKey = Pick<AccessKey, 'tenant' | 'may' | 'kinds' | 'expires'>

/**
 * Keeps a new key.
 *
 * @returns its entry and the key itself, which is kept nowhere
 * @throws ColloquyError `too_many_keys`
 */
export async function issueKey(
  { jsm, kv, signer, now }: { readonly jsm: JetStreamContext['jsm']; readonly kv: KV; readonly signer: KeySigner; readonly now: number },
  asked: NewKey,
): Promise<{ readonly entry: AccessKey; readonly key: string }> {
  const known = await readKeys({ jsm })
  if (known.size >= KEYS_MAX) {
    throw new ColloquyError(
      'too_many_keys',
      `there are ${known.size} keys, of which ${KEYS_MAX} are kept; remove those that have ended with "colloquy key prune"`,
    )
  }
  await putAccess(kv, { signer: signer.id, publicKey: signer.publicKey })
  const entry = accessKeySchema.parse({ ...asked, id: `k${randomBytes(ID_BYTES).toString('hex')}`, issuedAt: new Date(now).toISOString() })
  await typedKey(kv, `${KEYS}${entry.id}`, accessKeySchema).compareAndSet(entry, undefined)
  return { entry, key: await signer.sign(entry) }
}

/**
 * Revokes a key: all processes refuse it within seconds. Repeating it changes nothing.
 *
 * @throws ColloquyError `unknown_key`
 */
export async function revokeKey(kv: KV, id: string, now: number): Promise<AccessKey> {
  const kept = typedKey(kv, `${KEYS}${id}`, accessKeySchema)
  for (;;) {
    const known = await kept.get()
    if (known === undefined) throw new ColloquyError('unknown_key', `there is no key ${id}; "colloquy key ls" lists all`)
    if (known.value.revokedAt !== undefined) return known.value
    const revoked = { ...known.value, revokedAt: new Date(now).toISOString() }
    if ((await kept.compareAndSet(revoked, known.revision)) !== undefined) return revoked
  }
}

/**
 * Removes keys that have ended, without a trace. One key always stays: without any, nothing would be protected.
 *
 * @returns how many
 */
export async function pruneKeys({ jsm }: Pick<JetStreamContext, 'jsm'>, now: number): Promise<number> {
  const keys = [...(await readKeys({ jsm })).values()]
  const ended = keys.filter((key) => !isGoodKey(key, now))
  const removed = ended.slice(0, keys.length - 1)
  for (const { id } of removed) await removeBucketKey(jsm, STREAM, `${SUBJECTS}${KEYS}${id}`)
  return removed.length
}
