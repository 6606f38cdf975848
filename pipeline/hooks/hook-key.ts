import { createHmac, randomBytes } from 'node:crypto'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import { typedKey } from '../jetstream/typed-kv.ts'

const KEY_BYTES = 32

/** The secret of the cluster from which the keys of all hooks follow. The first process that asks makes it. */
export async function clusterHookSecret(kv: KV): Promise<Buffer> {
  const stored = typedKey(kv, 'hooks.secret', z.base64())
  const known = await stored.get()
  if (known !== undefined) return Buffer.from(known.value, 'base64')
  const made = randomBytes(KEY_BYTES)
  if ((await stored.compareAndSet(made.toString('base64'), undefined)) !== undefined) return made
  return clusterHookSecret(kv)
}

/** The key with which the calls of a hook are signed. A receiver that has it can forge calls of this hook, and of no other. */
export const keyOfHook = (secret: Buffer, { tenant, name }: { readonly tenant: string; readonly name: string }): Buffer =>
  createHmac('sha256', secret).update(`${tenant}/${name}`).digest()

/** A key as libraries of Standard Webhooks read it. */
export const shownKey = (key: Buffer): string => `whsec_${key.toString('base64')}`
