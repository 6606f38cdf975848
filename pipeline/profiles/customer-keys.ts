import { createHmac, hash } from 'node:crypto'
import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import { LRUCache } from 'lru-cache'
import { ColloquyError } from '../../schemas/errors.ts'
import { compareAndSet, entryOf } from '../jetstream/typed-kv.ts'
import { type KeyForm, keyOfFile } from '../runtime/key-file.ts'

/** Keys that a process keeps. */
const KEYS_MAX = 10_000
/** Hexadecimal digits of the id of a profile, and of what tells keys apart. */
const ID_CHARS = 32
const MARK_CHARS = 16
/** The folder of the keys of tenants in the data folder. */
export const KEYS_FOLDER = 'customer-keys'

const FORM: KeyForm = {
  encoding: 'hex',
  pattern: /^[0-9a-f]{64}$/,
  problem: (path) =>
    new ColloquyError('bad_customer_key', `${path} is no key: it must have 64 hexadecimal digits; put it back from another machine`),
}

/** Where the keys of customers are. */
export interface CustomerKeyPlace {
  /** The folder of the keys. */
  readonly folder: string
  /** From which the keys of all tenants are made, the same on all machines. Absent: a file for each tenant. */
  readonly secret?: string | undefined
}

export interface CustomerKeysOptions extends CustomerKeyPlace {
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

/** The key of a tenant, which is made where there is none. @throws ColloquyError `bad_customer_key` */
export const customerKey = async ({ folder, secret }: CustomerKeyPlace, tenant: string): Promise<Buffer> =>
  secret === undefined ? keyOfFile(join(folder, tenant), FORM) : createHmac('sha256', secret).update(`customers of ${tenant}`).digest()

/** Id of the profile of a customer, by the key of its tenant. */
export const profileIdBy = (key: Buffer, customer: string | number): string =>
  createHmac('sha256', key).update(String(customer)).digest('hex').slice(0, ID_CHARS)

/** Creates the ids of customers. The key of a tenant is made when it is first needed, readable by the owner of the files only. */
export function createCustomerKeys({ folder, secret, kv }: CustomerKeysOptions): CustomerKeys {
  // Promises, so that one process makes one key.
  const keys = new LRUCache<string, Promise<Buffer>>({ max: KEYS_MAX })
  const read = async (tenant: string): Promise<Buffer> => {
    const key = await customerKey({ folder, secret }, tenant)
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
      return profileIdBy(await reading, customer)
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
