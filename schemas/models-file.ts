import { z } from 'zod'

/** What a model can do and costs, least first. */
export const TIERS = ['small', 'medium', 'large'] as const
export type Tier = (typeof TIERS)[number]

/** The packages of the AI SDK through which models are asked. */
export const PROVIDERS = ['openai-compatible', 'openai', 'anthropic', 'google'] as const
export type ProviderName = (typeof PROVIDERS)[number]

/** Models of a file: each has places, figures and metrics of its own. */
export const MODELS_MAX = 32
/** Bytes of a file of models; one of `MODELS_MAX` models has some 10 KiB. */
export const MODELS_FILE_BYTES_MAX = 256 * 1024

/** The times of a model where its entry states none. */
export const MODEL_TIMES = { firstTokenMs: 6_000, stallMs: 4_000, totalMs: 20_000 } as const
/** Tokens of a model and requests to it at a time, where its entry states none. */
export const CONTEXT_DEFAULT = 32_768
export const REQUESTS_DEFAULT = 8
const MS_MAX = 3_600_000

const milliseconds = (fallback: number, about: string) =>
  z
    .int()
    .min(1)
    .max(MS_MAX)
    .default(fallback)
    .meta({ description: `${about}, in milliseconds. Default: ${fallback}` })
const price = (of: string) =>
  z
    .number()
    .min(0)
    .max(1e6)
    .optional()
    .meta({ description: `Price of a million tokens that the model ${of}, in the currency of the reports. Default: unknown` })

/** An entry of the file of models. */
const modelEntry = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be letters, digits and ".", "_", ":", "/", "@", "-"')
    .meta({ description: 'Name in reports, metrics and commands; no two models share one' }),
  tier: z.enum(TIERS),
  provider: z.enum(PROVIDERS).default('openai-compatible'),
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' })
    .optional()
    .meta({ description: "Of `openai-compatible` without the final `/chat/completions`. Default: the provider's own" }),
  apiKeyEnv: z
    .string()
    .max(128)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable, not the key itself')
    .optional()
    .meta({ description: 'Environment variable that holds the key. Default: no key is sent' }),
  model: z.string().min(1).max(256).meta({ description: 'Name of the model at the provider' }),
  priceIn: price('reads'),
  priceOut: price('writes'),
  contextMax: z
    .int()
    .min(512)
    .max(10_000_000)
    .default(CONTEXT_DEFAULT)
    .meta({ description: 'Tokens of a request and its answer together. Default: 32,768' }),
  requestsMax: z
    .int()
    .min(1)
    .max(1_000)
    .default(REQUESTS_DEFAULT)
    .meta({ description: 'Concurrent requests of one process with the role tasks. Default: 8' }),
  firstTokenMs: milliseconds(MODEL_TIMES.firstTokenMs, 'Time to the first token'),
  stallMs: milliseconds(MODEL_TIMES.stallMs, 'Time between two tokens'),
  totalMs: milliseconds(MODEL_TIMES.totalMs, 'Time from the request to the last token'),
})

const modelSchema = modelEntry.superRefine(({ provider, baseUrl, priceIn, priceOut, apiKeyEnv }, issues) => {
  const problem = (field: string, message: string): void => issues.addIssue({ code: 'custom', path: [field], message })
  if (provider === 'openai-compatible' && baseUrl === undefined)
    problem('baseUrl', 'is missing; openai-compatible has no address of its own')
  if (provider !== 'openai-compatible' && apiKeyEnv === undefined)
    problem('apiKeyEnv', `is missing; it names the environment variable that holds the key for ${provider}`)
  if ((priceIn === undefined) !== (priceOut === undefined))
    problem(priceIn === undefined ? 'priceIn' : 'priceOut', 'is missing; set both prices or neither, since a cost is the sum of both')
})

/** A language model of the installation. */
export type ModelEntry = z.output<typeof modelEntry>

/** The file of models: a list. */
export const modelsFileSchema = z
  .array(modelSchema)
  .min(1)
  .max(MODELS_MAX)
  .superRefine((models, issues) => {
    for (const [index, { name }] of models.entries()) {
      const first = models.findIndex((other) => other.name === name)
      if (first < index) issues.addIssue({ code: 'custom', path: [index, 'name'], message: `is the name of models[${first}], too` })
    }
  })
