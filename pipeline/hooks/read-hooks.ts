import pLimit from 'p-limit'
import { ColloquyError } from '../../schemas/errors.ts'
import { HOOK_KIND, HOOK_LIMITS, hookContextSchema, type HookSet } from '../../schemas/hook-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { actorsOfKind, lastRecord, recordsOf } from '../jetstream/last-record.ts'

const REQUESTS_MAX = 16

/** A hook of a tenant. */
export interface Hook extends HookSet {
  readonly tenant: string
  readonly name: string
  /** Rises when it is set again after its removal. */
  readonly beginnings: number
}

/**
 * The hooks that are set, of one tenant or of all, by tenant and name. `isCalled` is false for those beyond the limit of their tenant.
 *
 * @throws ColloquyError `no_hooks` if the actors that hold hooks are of another kind
 */
export async function readHooks(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  tenant?: string,
): Promise<(Hook & { readonly isCalled: boolean })[]> {
  const limit = pLimit(REQUESTS_MAX)
  const read = async (address: Address): Promise<Hook[]> => {
    const last = (await lastRecord({ jsm }, recordsOf(address)))?.record.state
    if (last === undefined || last === null) return []
    const context = hookContextSchema.safeParse(last.context)
    if (!context.success) {
      throw new ColloquyError(
        'no_hooks',
        `hooks are kept by the built-in kind "${HOOK_KIND}", and a colloquy.config.ts has another kind of this name; rename it`,
      )
    }
    const { tenant: of, id: name } = address
    return context.data.hook === null ? [] : [{ tenant: of, name, ...context.data.hook, beginnings: context.data.beginnings }]
  }
  const actors = await actorsOfKind({ jsm }, HOOK_KIND, tenant)
  const all = (await Promise.all(actors.map((address) => limit(read, address)))).flat()
  const byTenant = Map.groupBy(all, ({ tenant: of }) => of)
  return [...byTenant.values()].flatMap((own) => own.map((hook, index) => ({ ...hook, isCalled: index < HOOK_LIMITS.perTenantMax })))
}
