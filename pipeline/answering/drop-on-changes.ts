import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { INTENTS_KIND } from '../../schemas/intent-events.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import { PROMPT_KIND } from '../../schemas/prompt-events.ts'
import { outSubject } from '../../schemas/subjects.ts'
import { TENANT_KIND } from '../../schemas/tenant-settings.ts'
import type { Cache } from '../cache/two-level-cache.ts'
import { periodicJob } from '../runtime/periodic-job.ts'

/** Changes after which the answers of a tenant are dropped, by kind. */
const CHANGES = {
  [SOURCE_KIND]: 'knowledge.changed',
  [PROMPT_KIND]: 'prompt.rolled_out',
  [INTENTS_KIND]: 'intents.changed',
  [TENANT_KIND]: 'tenant.changed',
} as const

/** Changes of a tenant within this time drop its entries once: a library of documents is one change after the other. */
const DROP_MS = 250
/** Tenants that wait to be dropped; of more, the entries stay until they are looked at. */
const TENANTS_MAX = 10_000

/**
 * Drops the entries of a tenant when an event of OUT says that something has changed on which they rest. It frees room, and saves the
 * look at LOG; no entry is served for want of it, since each hit reads LOG.
 */
export function dropOnChanges(nc: NatsConnection, cache: Pick<Cache<unknown>, 'drop'>, log: Logger): { stop(): Promise<void> } {
  const changed = new Set<string>()
  const subscriptions = Object.entries(CHANGES).map(([kind, type]) =>
    nc.subscribe(outSubject({ tenant: '*', kind, id: '*' }, type), {
      callback(_, { subject }) {
        if (changed.size < TENANTS_MAX) changed.add(subject.split('.')[1] ?? '')
      },
    }),
  )
  const job = periodicJob(DROP_MS, async () => {
    const tenants = [...changed]
    changed.clear()
    for (const tenant of tenants) {
      log.debug({ tenant }, 'dropping the cached answers of a tenant after a change')
      await cache.drop(tenant)
    }
    return DROP_MS
  })
  return {
    async stop() {
      for (const subscription of subscriptions) subscription.unsubscribe()
      await job.stop()
    },
  }
}
