import { z } from 'zod'
import { TOKEN } from './subjects.ts'

/**
 * What a key may allow: `publish` inputs; `read` actors, streams, search; `query` the tables with SQL; `admin`: all that, and the settings,
 * intents, prompts and items of its tenant.
 */
export const RIGHTS = ['publish', 'read', 'query', 'admin'] as const
export type Right = (typeof RIGHTS)[number]

/** In place of a tenant: a key of the whole installation. */
export const ALL_TENANTS = '*'

/** Kinds that one key may name. */
export const KEY_KINDS_MAX = 32
/** Keys that are kept, those that are revoked among them. */
export const KEYS_MAX = 10_000

/** Kinds whose actors say how a tenant works, not what its customers do: their inputs need `admin`. */
export const ADMIN_KINDS: ReadonlySet<string> = new Set(['tenant', 'intents', 'prompt', 'item'])

/** What is kept of a key; never the key itself. */
export const accessKeySchema = z.object({
  id: z.string().regex(TOKEN),
  tenant: z.union([z.literal(ALL_TENANTS), z.string().regex(TOKEN)]),
  may: z.array(z.enum(RIGHTS)).min(1),
  /** Absent: every kind. */
  kinds: z.array(z.string().regex(TOKEN)).max(KEY_KINDS_MAX).optional(),
  issuedAt: z.iso.datetime(),
  /** `null`: never. */
  expires: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().optional(),
})
export type AccessKey = z.output<typeof accessKeySchema>

/** Whether a key is neither revoked nor expired at `now` (ms since 1970). */
export const isGoodKey = ({ revokedAt, expires }: AccessKey, now: number): boolean =>
  revokedAt === undefined && (expires === null || Date.parse(expires) > now)
