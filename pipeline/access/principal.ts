import { type AccessKey, ADMIN_KINDS, ALL_TENANTS, type Right, RIGHTS } from '../../schemas/access-keys.ts'

/** Who asks, and what they may. */
export interface Principal {
  /** Id of the key; else how they came in. */
  readonly id: string
  /** False: by the administrator's token, or from this machine while nothing is protected. */
  readonly isKey: boolean
  /** Whose data they may use; `ALL_TENANTS`: everybody's. */
  readonly tenant: string
  readonly may: ReadonlySet<Right>
  /** Absent: every kind. */
  readonly kinds?: ReadonlySet<string> | undefined
}

/** Who may do everything: the holder of `COLLOQUY_HTTP_TOKEN`, and everybody on this machine while nothing is protected. */
export const administrator = (id: string): Principal => ({ id, isKey: false, tenant: ALL_TENANTS, may: new Set(RIGHTS) })

/** Everybody on this machine, while there is neither a token nor a key. */
export const LOCAL = administrator('local')

export const principalOf = ({ id, tenant, may, kinds }: AccessKey): Principal => ({
  id,
  isKey: true,
  tenant,
  may: new Set(may.includes('admin') ? RIGHTS : may),
  kinds: kinds && new Set(kinds),
})

/** Where something is to be done; what is absent is not about one tenant, or not about one kind. */
export interface Place {
  readonly tenant?: string | undefined
  readonly kind?: string | undefined
}

/** Why a principal may not do something. */
export interface Denial {
  readonly code: 'not_for_this_key' | 'key_may_not'
  readonly detail: string
}

/**
 * Why a principal may not use a right somewhere; `undefined` where it may. What is not theirs is denied before anything is looked up, so
 * that what exists is denied as what does not.
 */
export function denialOf({ tenant, kinds, may }: Principal, asked: Right, at: Place): Denial | undefined {
  if (at.tenant !== undefined && tenant !== ALL_TENANTS && at.tenant !== tenant) {
    return { code: 'not_for_this_key', detail: `this key is for the tenant ${tenant}; for it there is no other` }
  }
  if (at.kind !== undefined && kinds?.has(at.kind) === false) {
    return { code: 'not_for_this_key', detail: `this key is for the kinds ${[...kinds].join(', ')}; for it there are no others` }
  }
  const right = asked === 'publish' && at.kind !== undefined && ADMIN_KINDS.has(at.kind) ? 'admin' : asked
  if (may.has(right)) return undefined
  const what = right === asked ? '' : `, since ${at.kind ?? ''} says how the tenant works`
  return { code: 'key_may_not', detail: `this key may ${[...may].join(', ')}; this needs ${right}${what}` }
}
