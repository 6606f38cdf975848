import { tenantContextSchema } from '../../actors/kinds/tenant/kind.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Address } from '../../schemas/subjects.ts'
import { TENANT_KIND, type TenantSettings, tenantSettingsOf } from '../../schemas/tenant-settings.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, type ReadFrom, recordsOf } from '../jetstream/last-record.ts'
import { createTenantCache, type TenantCache } from './tenant-cache.ts'

/** The settings of a tenant at one time. */
export interface VersionedSettings {
  /** Number of changes so far; 0 before the first. */
  readonly version: number
  /** LOG sequence of the last record of the actor that holds them; 0 before the first. */
  readonly seq: number
  readonly settings: TenantSettings
  /** What is set, by key. All other settings have their defaults. */
  readonly set: Readonly<Record<string, unknown>>
}

/** The actor that holds the settings of a tenant. */
export const tenantAddress = (tenant: string): Address => ({ tenant, kind: TENANT_KIND, id: tenant })

/** Creates the settings of all tenants for one process: each tenant's are read from LOG once, and again after a change. */
export const createTenantSettingsReader = (jetstream: Pick<JetStreamContext, 'nc' | 'jsm'>): TenantCache<VersionedSettings> =>
  createTenantCache(jetstream.nc, `out.*.${TENANT_KIND}.*.tenant.changed`, (tenant) => readTenantSettings(jetstream, tenant))

/**
 * Reads the settings of a tenant.
 *
 * @throws ColloquyError `no_tenant_settings` if the actor with the settings is of another kind
 */
export async function readTenantSettings(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  tenant: string,
  from: ReadFrom = 'leader',
): Promise<VersionedSettings> {
  const last = await lastRecord({ jsm }, recordsOf(tenantAddress(tenant)), from)
  const { seq = 0 } = last ?? {}
  const state = last?.record.state ?? null
  if (state === null) return { version: 0, seq, settings: tenantSettingsOf({}), set: {} }
  const context = tenantContextSchema.safeParse(state.context)
  if (!context.success) {
    throw new ColloquyError(
      'no_tenant_settings',
      `settings of tenants are kept by the built-in kind "${TENANT_KIND}", and a colloquy.config.ts defines another kind of this name; `
        + 'rename that kind',
    )
  }
  const { version, settings: set } = context.data
  return { version, seq, settings: tenantSettingsOf(set), set }
}
