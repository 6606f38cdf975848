import { createHmac, randomBytes } from 'node:crypto'
import type { KV } from '@nats-io/kv'
import { z } from 'zod'
import type { Address } from '../../schemas/subjects.ts'
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

/** What a hook is called by whose calls an actor's task makes. No name of a hook has a `/`. */
export const nameOfCaller = ({ kind, id }: Pick<Address, 'kind' | 'id'>): string => `${kind}/${id}`

/** The key of a hook. */
export type HookKeyOf = (hook: { readonly tenant: string; readonly name: string }) => Promise<Buffer>

/** Creates the keys of a cluster's hooks. It asks for the secret once. */
export function createHookKeys(kv: KV): HookKeyOf {
  let secret: Promise<Buffer> | undefined
  return async (hook) => {
    secret ??= clusterHookSecret(kv)
    // What failed is asked for again.
    secret.catch(() => {
      secret = undefined
    })
    return keyOfHook(await secret, hook)
  }
}

/** The key with which the calls of a hook are signed. A receiver that has it can forge calls of this hook, and of no other. */
export const keyOfHook = (secret: Buffer, { tenant, name }: { readonly tenant: string; readonly name: string }): Buffer =>
  createHmac('sha256', secret).update(`${tenant}/${name}`).digest()

/** A key as libraries of Standard Webhooks read it. */
export const shownKey = (key: Buffer): string => `whsec_${key.toString('base64')}`
