import type { KV } from '@nats-io/kv'
import { CANCEL_TYPE } from '../../pipeline/http/chat/cancel-replies.ts'
import type { ChatKind, ChatKinds } from '../../pipeline/http/chat/chat-kinds.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createTenantCache } from '../../pipeline/tenants/tenant-cache.ts'
import { readTenantSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { readTaughtSet } from '../../pipeline/understanding/taught/taught-set.ts'
import { newestVersions } from './kind-registry.ts'

/** How long the kinds are kept before they are read again. */
const KINDS_MS_MAX = 5_000
/** What tells that a tenant's routes may have changed: `intents.changed` and `tenant.changed`. */
const CHANGES = 'out.*.*.*.*.changed'
const FRONT = 'front'
const FALLBACK = 'support'

/** Opens the kinds of the cluster with which one can chat. A kind counts by the newest version that is registered. */
export function openChatKinds({ kv, jetstream }: { readonly kv: KV; readonly jetstream: JetStreamContext }): ChatKinds & { stop(): void } {
  let reading: Promise<ReadonlyMap<string, ChatKind>> | undefined
  let readAtMs = 0
  const all = (): Promise<ReadonlyMap<string, ChatKind>> => {
    if (reading !== undefined && performance.now() - readAtMs < KINDS_MS_MAX) return reading
    readAtMs = performance.now()
    const started = readChatKinds(kv)
    reading = started
    started.catch(() => {
      if (reading === started) reading = undefined
    })
    return started
  }
  const routes = createTenantCache(jetstream.nc, CHANGES, (tenant) => hasRoutes(jetstream, tenant))
  return {
    all,
    defaultOf: async (tenant) => ((await all()).has(FRONT) && (await routes.of(tenant)) ? FRONT : FALLBACK),
    stop: () => routes.stop(),
  }
}

async function readChatKinds(kv: KV): Promise<ReadonlyMap<string, ChatKind>> {
  const kinds = new Map<string, ChatKind>()
  for (const { name, at, definition } of await newestVersions(kv)) {
    const { events, emits } = definition
    if (!Object.hasOwn(events, 'message.received') || !Object.hasOwn(emits, 'message.sent')) continue
    const [isFront, isCancellable] = [Object.hasOwn(events, 'message.sent'), Object.hasOwn(events, CANCEL_TYPE)]
    kinds.set(name, { name, createdAt: at, isFront, isCancellable })
  }
  return kinds
}

/** Whether the intents of a tenant have routes. */
async function hasRoutes(jetstream: JetStreamContext, tenant: string): Promise<boolean> {
  const { settings } = await readTenantSettings(jetstream, tenant)
  if (settings.INTENTS === 'off') return false
  const { intents } = await readTaughtSet(jetstream, { tenant, set: settings.INTENTS })
  return intents.some(({ route }) => route !== undefined)
}
