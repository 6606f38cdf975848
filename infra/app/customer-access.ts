import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import { createCustomerKeys, type CustomerKeys, KEYS_FOLDER } from '../../pipeline/profiles/customer-keys.ts'
import type { Settings } from '../settings.ts'

/** The ids of customers as the settings say. */
export const customerKeys = ({ DATA_DIR, CUSTOMER_SECRET: secret }: Pick<Settings, 'DATA_DIR' | 'CUSTOMER_SECRET'>, kv: KV): CustomerKeys =>
  createCustomerKeys({ folder: join(DATA_DIR, KEYS_FOLDER), secret, kv })
