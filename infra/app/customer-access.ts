import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import { createCustomerKeys, type CustomerKeyPlace, type CustomerKeys, KEYS_FOLDER } from '../../pipeline/profiles/customer-keys.ts'
import type { Settings } from '../settings.ts'

type Deciding = Pick<Settings, 'DATA_DIR' | 'CUSTOMER_SECRET'>

/** Where the settings put the keys of customers. */
export const customerKeyPlace = ({ DATA_DIR, CUSTOMER_SECRET: secret }: Deciding): CustomerKeyPlace => ({
  folder: join(DATA_DIR, KEYS_FOLDER),
  secret,
})

/** The ids of customers as the settings say. */
export const customerKeys = (settings: Deciding, kv: KV): CustomerKeys => createCustomerKeys({ ...customerKeyPlace(settings), kv })
