import { createHmac, hash, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import { LRUCache } from 'lru-cache'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { compareAndSet, entryOf } from '../jetstream/typed-kv.ts'
import { namingFile } from '../runtime/file-errors.ts'

/** Keys that a process keeps. */
const KEYS_MAX = 10_000
const KEY_BYTES = 32
/** Hexadecimal digits of the id of a profile, and of what tells keys apart. */
const ID_CHARS = 32
const MARK_CHARS = 16
/** The folder of the keys of tenants in the data folder. */
export const KEYS_FOLDER = 'customer-keys'

export interface CustomerKeysOptions {
  /** The folder of the keys. */
  readonly folder: string
  /** From which the keys of all tenants are made, the same on all machines. Absent: a file for each tenant. */
  readonly secret?: string | undefined
  /** The bucket of the cluster, which remembers a mark of each key, so that two machines cannot use two. */
  readonly kv: KV
}

/** Makes ids of customers that tell nothing to those who have no key. */
export interface CustomerKeys {
  /**
   * Id of the profile of a customer: the first 32 hexadecimal digits of an HMAC-SHA-256 by the key of the tenant.
   *
   * @throws ColloquyError `other_customer_key` where profiles of the tenant were made by another key
   */
  idOf(tenant: string, customer: string | number): Promise<string>
}

/** Creates the ids of customers. The key of a tenant is made when it is first needed, readable by the owner of the files only. */
export function createCustomerKeys({ folder, secret, kv }: CustomerKeysOptions): CustomerKeys {
  // Promises, so that one process makes one key.
  const keys = new LRUCache<string, Promise<Buffer>>({ max: KEYS_MAX })
  const read = async (tenant: string): Promise<Buffer> => {
    const key = secret === undefined ? await ownKey(folder, tenant) : createHmac('sha256', secret).update(`customers of ${tenant}`).digest()
    const mark = hash('sha256', key).slice(0, MARK_CHARS)
    if ((await firstMark(kv, tenant, mark)) === mark) return key
    throw new ColloquyError(
      'other_customer_key',
      `the profiles of customers of ${tenant} were made by another key than the one of this process (${
        secret === undefined ? join(folder, tenant) : 'COLLOQUY_CUSTOMER_SECRET'
      }); give all machines the same COLLOQUY_CUSTOMER_SECRET, or the folder ${KEYS_FOLDER} of the machine that made them`,
    )
  }
  return {
    async idOf(tenant, customer) {
      const reading = keys.get(tenant) ?? read(tenant)
      keys.set(tenant, reading)
      reading.catch(() => keys.delete(tenant))
      return createHmac('sha256', await reading)
        .update(String(customer))
        .digest('hex')
        .slice(0, ID_CHARS)
    },
  }
}

/** The mark of the key by which the first profile of a tenant was made: this one, where none was. */
async function firstMark(kv: KV, tenant: string, mark: string): Promise<string | undefined> {
  const name = `customer-key.${tenant}`
  const known = await entryOf(kv, name)
  if (known !== undefined) return known.string()
  return (await compareAndSet(kv, name, mark, undefined)) === undefined ? (await entryOf(kv, name))?.string() : mark
}

/** The key in the file of a tenant. Of processes that make it at one time, one wins, and all get its key. */
async function ownKey(folder: string, tenant: string): Promise<Buffer> {
  const path = join(folder, tenant)
  const known = await keyIn(path)
  if (known !== undefined) return known
  await namingFile(folder, mkdir(folder, { recursive: true, mode: 0o700 }))
  const partial = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  await namingFile(partial, writeFile(partial, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flush: true }))
  try {
    await link(partial, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(partial, { force: true })
  }
  return (await keyIn(path)) ?? Promise.reject(new ColloquyError('bad_customer_key', `${path} went away while it was read`))
}

async function keyIn(path: string): Promise<Buffer | undefined> {
  try {
    const text = (await namingFile(path, readFile(path, 'utf8'))).trim()
    if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  throw new ColloquyError('bad_customer_key', `${path} is no key: it must have 64 hexadecimal digits; put it back from another machine`)
}
