import type { Logger } from 'pino'
import type { StreamMode } from '../../schemas/stream-mode.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { TenantCache } from './tenant-cache.ts'
import type { VersionedSettings } from './tenant-settings-reader.ts'

/** What the people of a tenant see of a reply while it is written. Never rejects. */
export type StreamModeOf = (tenant: string) => Promise<StreamMode>

/**
 * Creates the reader of the setting STREAM. Where the settings of a tenant cannot be read, its people see nothing: it may want its replies
 * to be checked.
 *
 * @param fallback where a tenant has not set it
 */
export const createStreamModeReader =
  (tenants: Pick<TenantCache<VersionedSettings>, 'of'>, fallback: StreamMode, log: Logger): StreamModeOf =>
  async (tenant) => {
    try {
      return (await tenants.of(tenant)).settings.STREAM ?? fallback
    } catch (err) {
      rateLimitedWarn(log, { tenant, err }, 'STREAM of a tenant cannot be read; nothing of its replies is told before they are sent')
      return 'off'
    }
  }
