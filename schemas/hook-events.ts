import { z } from 'zod'
import { TOKEN } from './subjects.ts'

/** The kind that holds a hook: one actor a hook, whose id is its name. */
export const HOOK_KIND = 'hook'

/** Bounds of hooks. */
export const HOOK_LIMITS = {
  /** Hooks of a tenant that are called: the first ones by name. */
  perTenantMax: 16,
  /** Characters of a URL. */
  urlCharsMax: 2_048,
} as const

/** Every type of event. */
export const ANY_TYPE = '*'

const TYPE = /^(\*|[A-Za-z0-9_-]{1,128}(\.[A-Za-z0-9_-]{1,128}){0,15})$/

/** Calls a URL for each event of a type that actors of the tenant emit from now on. */
export const hookSet = z.object({
  kind: z
    .string()
    .regex(TOKEN, `must match ${TOKEN.source}`)
    .optional()
    .meta({ description: 'Only events of actors of this kind. Default: of every kind' }),
  type: z
    .string()
    .regex(TYPE, 'must be the type of an emitted event, such as message.sent, or * for every type')
    .meta({ description: 'Type of the events, such as `message.sent`; `*`: every type' }),
  url: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
    .max(HOOK_LIMITS.urlCharsMax)
    .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'must have no user and no password: they would stand in the log')
    .meta({ description: 'Receives a POST for each event' }),
})
export type HookSet = z.output<typeof hookSet>

/** Ends the calls. */
export const hookRemoved = z.object({})

/** Emitted when a hook begins, changes or ends. Its place in OUT is where the calls of a new hook begin. */
export const hookChanged = z.object({ hook: hookSet.nullable().meta({ description: 'null: it was removed' }) })

/** The state of a hook's actor. */
export const hookContextSchema = z.object({
  hook: hookSet.nullable(),
  /** How often it was set where there was none: a hook that is set again after its removal does not go on where it was. */
  beginnings: z.int().nonnegative(),
})
