import type { Logger } from 'pino'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import type { KnownCustomer } from '../../actors/definition/task-customers.ts'
import { profileContextSchema } from '../../actors/kinds/profile/profile-kind.ts'
import { type Fact, PROFILE_KIND } from '../../schemas/profile-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, recordsOf } from '../jetstream/last-record.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { createTenantCache } from '../tenants/tenant-cache.ts'
import type { CustomerKeys } from './customer-keys.ts'

/** The profile of a customer, with the messages that say its facts. */
export interface Profile {
  /** Id of its actor. */
  readonly id: string
  /** Oldest first. */
  readonly facts: readonly Fact[]
}

export interface ProfilesReader {
  /** What is known of a customer; nothing where his profile cannot be read. Never rejects. */
  of(tenant: string, customer: string | number): Promise<KnownCustomer>
  stop(): void
}

export interface ProfilesReaderOptions {
  readonly jetstream: Pick<JetStreamContext, 'nc' | 'jsm'>
  readonly keys: CustomerKeys
  readonly kinds: Kinds
  readonly log: Logger
}

const NOTHING: KnownCustomer = { profile: null, facts: [] }

/** Creates the profiles of customers for one process: each is read from LOG once, and again after a change. */
export function createProfilesReader({ jetstream, keys, kinds, log }: ProfilesReaderOptions): ProfilesReader {
  const cache = createTenantCache(
    jetstream.nc,
    `out.*.${PROFILE_KIND}.*.profile.changed`,
    (key): Promise<KnownCustomer> => {
      const [tenant = '', id = ''] = key.split('.')
      return readFacts(jetstream, tenant, id).then((facts) => ({ profile: id, facts: facts.map(({ about, value }) => ({ about, value })) }))
    },
    ([, tenant, , id]) => `${tenant}.${id}`,
  )
  return {
    async of(tenant, customer) {
      if (!kinds.has(PROFILE_KIND)) return NOTHING
      try {
        return await cache.of(`${tenant}.${await keys.idOf(tenant, customer)}`)
      } catch (err) {
        rateLimitedWarn(log, { tenant, err }, 'the profile of a customer cannot be read; nothing is known of him')
        return NOTHING
      }
    },
    stop: cache.stop,
  }
}

/** Reads the profile of a customer as it is now. @throws ColloquyError `other_customer_key` */
export async function readProfile(
  jetstream: Pick<JetStreamContext, 'jsm'>,
  keys: CustomerKeys,
  tenant: string,
  customer: string | number,
): Promise<Profile> {
  const id = await keys.idOf(tenant, customer)
  return { id, facts: await readFacts(jetstream, tenant, id) }
}

/** A kind of the installation's own with this name has no facts for others. */
async function readFacts({ jsm }: Pick<JetStreamContext, 'jsm'>, tenant: string, id: string): Promise<readonly Fact[]> {
  const last = await lastRecord({ jsm }, recordsOf({ tenant, kind: PROFILE_KIND, id }))
  return profileContextSchema.safeParse(last?.record.state?.context).data?.facts ?? []
}
