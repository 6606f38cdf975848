import { z } from 'zod'
import { entityDefinitionSchema, entityProblem } from './entity-definition.ts'
import { GLOSSARY_LIMITS, glossarySchema } from './glossary.ts'
import { IN_WORDS, zodProblem } from './problem-words.ts'
import { STREAM_MODES } from './stream-mode.ts'

/** The kind that holds the settings of a tenant: one actor a tenant, whose id is the tenant. */
export const TENANT_KIND = 'tenant'

/** Bytes of all settings of a tenant as JSON. They are in one actor's state. */
export const TENANT_SETTINGS_BYTES_MAX = 32_768

/** Names of sets of intents: they start the ids of actors, and `--` ends them there. */
export const intentSetSchema = z
  .string()
  .max(32)
  .regex(/^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$/, 'must be letters and digits, in parts that a single "-" or "_" joins')

const share = (fallback: number, description: string) => z.number().min(0).max(1).catch(fallback).meta({ description })

/** UTF-16 units of the texts that prompts are made of. */
const PROMPT_TEXT_CHARS_MAX = 2_000
const promptText = z.string().trim().max(PROMPT_TEXT_CHARS_MAX).catch('')

/** All settings that a tenant may have, by key. A value that a schema does not take counts as not set: its default holds. */
const tenantSettingsSchema = z.object({
  INTENTS: intentSetSchema
    .catch('main')
    .meta({ description: 'the set of intents that messages are understood by; "off": none, although one is taught' }),
  ENTITIES: z
    .array(entityDefinitionSchema)
    .superRefine((entities, issues) => {
      const problem = entityProblem(entities)
      if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem })
    })
    .catch([])
    .meta({ description: 'what to find in messages: [{"name", "pattern"?, "values"?: ["value" or {"value", "synonyms"}]}]' }),
  UNSURE_BELOW: share(0.5, 'confidence below which a language model, if any, decides between the best intents, and a person may review'),
  MEDIUM_FROM: share(0.3, 'complexity of a message, 0 to 1, from which on a language model of the tier medium answers'),
  LARGE_FROM: share(0.8, 'complexity from which on one of the tier large answers'),
  BUDGET_DAY: z
    .number()
    .min(0)
    .max(1e9)
    .nullable()
    .catch(null)
    .meta({ description: 'what language models may cost from 00:00 to 24:00 UTC, in the currency of the prices; unset: no limit' }),
  BUDGET_SMALLER_AT: share(0.8, 'share of BUDGET_DAY from which on the smallest models answer; 1: never'),
  STREAM: z
    .enum(STREAM_MODES)
    .nullable()
    .catch(null)
    .meta({ description: 'what people see of a reply while it is written: sentence (checked ones), token or off; unset: COLLOQUY_STREAM' }),
  CACHE_SIMILARITY_MIN: share(
    0.8,
    'similarity of two questions, 0 to 1, from which on the cached answer to one may be given to the other, if all else is equal; 1: never',
  ),
  PERSONA: promptText.meta({ description: 'who the assistant is and how it speaks: {{persona}} in a prompt' }),
  COMPANY: promptText.meta({ description: 'what the company is and does: {{company}} in a prompt' }),
  GLOSSARY: glossarySchema
    .catch([])
    .meta({
      description: `at most ${GLOSSARY_LIMITS.termsMax} terms that a translation keeps to: [{"en": "returns desk", "zh": "退货处"}]`,
    }),
  RULES: promptText.meta({ description: 'what the assistant must and must not do: {{rules}} in a prompt' }),
})
export type TenantSettings = z.output<typeof tenantSettingsSchema>
export type TenantSettingKey = keyof TenantSettings

export const TENANT_SETTING_KEYS = tenantSettingsSchema.keyof().options

export const isTenantSettingKey = (key: string): key is TenantSettingKey => Object.hasOwn(tenantSettingsSchema.shape, key)

/** What a setting is for, in a few words. */
export const tenantSettingAbout = (key: TenantSettingKey): string => tenantSettingsSchema.shape[key].description ?? ''

/** Why a tenant cannot have a setting; `undefined` where it can. */
export function tenantSettingProblem(key: string, value: unknown): string | undefined {
  if (!isTenantSettingKey(key)) return `key: a tenant has no setting ${JSON.stringify(key)}; it has ${TENANT_SETTING_KEYS.join(', ')}`
  const checked = tenantSettingsSchema.shape[key].unwrap().safeParse(value, IN_WORDS)
  return checked.success ? undefined : `value of ${key}: ${zodProblem(checked.error, '')}`
}

/**
 * The effective settings of a tenant: each as it was set, or its default.
 *
 * @param set the settings of the tenant's actor
 */
export const tenantSettingsOf = (set: Readonly<Record<string, unknown>>): TenantSettings => tenantSettingsSchema.parse(set)

/** Sets a setting of a tenant. `null` unsets it: the default holds again. */
export const tenantSet = z.object({
  key: z
    .string()
    .max(64)
    .meta({ description: `One of ${TENANT_SETTING_KEYS.join(', ')}` }),
  value: z.unknown().meta({ description: 'The value; null unsets it' }),
})

/** Emitted when a setting has changed. */
export const tenantChanged = z.object({
  key: z.string(),
  value: z.unknown(),
  version: z.int().positive().meta({ description: 'Number of changes of the tenant so far' }),
})
