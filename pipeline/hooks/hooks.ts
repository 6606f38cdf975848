import { isDeepStrictEqual } from 'node:util'
import { codeOf } from '../../schemas/errors.ts'
import { HOOK_KIND, HOOK_LIMITS } from '../../schemas/hook-events.ts'
import { actorKey, outSubject } from '../../schemas/subjects.ts'
import { createExclusive } from '../runtime/exclusive.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type Stage, startStage } from '../runtime/stage.ts'
import { type DeliveryOptions, forgetPlaces, startHookDelivery } from './deliver-hook.ts'
import { clusterHookSecret } from './hook-key.ts'
import { createPublicAgent } from './public-address.ts'
import { type Hook, readHooks } from './read-hooks.ts'

export interface HooksOptions extends Omit<DeliveryOptions, 'agent' | 'secret'> {
  /** Hosts that may have addresses which are not public. */
  readonly allowedHosts: readonly string[]
}

/** Events tell of changes at once; this bounds the time if one is lost. */
const POLL_MS = 10_000

const nameOf = ({ tenant, name }: Hook): string => actorKey({ tenant, kind: HOOK_KIND, id: name })

/** Calls the hooks of all tenants. Each is a stage of its own, so that one that hangs stops no other. One member of a cluster runs it. */
export async function startHooks(options: HooksOptions): Promise<{ stop(): Promise<void> }> {
  const { jetstream, kv, log } = options
  const secret = await clusterHookSecret(kv)
  const agent = createPublicAgent(options.allowedHosts)
  const called = new Map<string, { readonly hook: Hook; readonly stage: Stage }>()

  const begin = async (name: string, hook: Hook): Promise<void> => {
    try {
      const stage = await startStage(`hook ${name}`, () => startHookDelivery({ ...options, agent, secret }, hook), log)
      called.set(name, { hook, stage })
    } catch (err) {
      rateLimitedWarn(log, { hook: name, code: codeOf(err), err }, 'could not begin to call a hook; trying again')
    }
  }
  const reconcile = async (): Promise<void> => {
    const all = await readHooks(jetstream)
    const wanted = new Map(all.filter(({ isCalled }) => isCalled).map((hook) => [nameOf(hook), hook]))
    if (wanted.size < all.length)
      rateLimitedWarn(log, {}, `a tenant has more than ${HOOK_LIMITS.perTenantMax} hooks; the later ones are not called`)
    for (const [name, { hook, stage }] of called) {
      const next = wanted.get(name)
      if (next !== undefined && isDeepStrictEqual(hook, next)) continue
      called.delete(name)
      await stage.stop()
    }
    await forgetPlaces(kv, all)
    for (const [name, hook] of wanted) if (!called.has(name)) await begin(name, hook)
  }
  const exclusive = createExclusive()
  let isWaiting = false
  const reconcileSoon = (): void => {
    if (isWaiting) return
    isWaiting = true
    exclusive(() => {
      isWaiting = false
      return reconcile()
    }).catch((err: unknown) => rateLimitedWarn(log, { code: codeOf(err), err }, 'could not read the hooks; trying again'))
  }
  const changes = jetstream.nc.subscribe(outSubject({ tenant: '*', kind: HOOK_KIND, id: '*' }, 'hook.changed'), { callback: reconcileSoon })
  const polling = periodicJob(0, () => {
    reconcileSoon()
    return Promise.resolve(POLL_MS)
  })
  return {
    async stop() {
      changes.unsubscribe()
      await polling.stop()
      await exclusive(() => Promise.all(Array.from(called.values(), ({ stage }) => stage.stop())))
      await agent.destroy()
    },
  }
}
