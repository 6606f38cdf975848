import { z } from 'zod'
import { FUSIONS } from '../../../pipeline/search/fuse-ranks.ts'
import { SEARCH_MODES } from '../../../pipeline/search/search-request.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { type Tier, TIERS } from '../../../schemas/models-file.ts'
import { nearest } from '../../../schemas/nearest.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { promptNameSchema } from '../../../schemas/prompt-events.ts'

/** Names an arm of a strategy. */
export interface ArmName {
  readonly strategy: string
  readonly arm: string
}

const PROMPT = /^([^@]+)@(\d+|built-in|newest)$/

const ARM = /^([A-Za-z0-9_-]{1,128})\/([A-Za-z0-9_-]{1,32})$/

const shape = {
  arm: z
    .string()
    .regex(ARM, 'must be <strategy>/<arm>')
    .transform((text): ArmName => {
      const [, strategy = '', arm = ''] = ARM.exec(text) ?? []
      return { strategy, arm }
    }),
  prompt: z
    .string()
    .regex(PROMPT, 'must be <name>@<version>, <name>@newest or <name>@built-in')
    .transform((text) => {
      const [, name = '', version = ''] = PROMPT.exec(text) ?? []
      return { name, version }
    })
    .refine(({ name }) => promptNameSchema.safeParse(name).success, 'has no name of a prompt before the "@"'),
  model: z.string().min(1),
  tier: z.enum(TIERS),
  temperature: z.coerce.number().min(0).max(2),
  passages: z.enum(['search', 'dataset']),
  mode: z.enum(SEARCH_MODES),
  fusion: z.enum(FUSIONS),
  denseWeight: z.coerce.number().min(0).max(1),
  rerank: z.enum(['on', 'off']).transform((state) => state === 'on'),
}
const variantSchema = z.strictObject(shape).partial()
type Given = z.output<typeof variantSchema>

/** What each key of a variant sets. */
export const VARIANT_KEYS: Readonly<Record<keyof Given, string>> = {
  arm: '<strategy>/<arm>: lines are briefs, their context the facts, and texts are written as the arm says',
  prompt: '<name>@<version>, <name>@newest or <name>@built-in (default: answer@built-in)',
  model: 'name of a model of COLLOQUY_MODELS, or at COLLOQUY_LLM_BASE_URL; "off": the best passage is quoted (default: as routed)',
  tier: `${TIERS.join(', ')}: a model of this tier`,
  temperature: '0 to 2 (default: 0)',
  passages: '"search" in the knowledge of the tenant, or "dataset": the context of each line (default: search)',
  mode: `${SEARCH_MODES.join(', ')}: see "colloquy search --mode"`,
  fusion: `${FUSIONS.join(', ')}: see "colloquy search --fusion"`,
  denseWeight: 'weight of vectors, 0 to 1: see "colloquy search --dense-weight"',
  rerank: '"on" or "off": whether RERANK_MODEL of the running system orders the best passages (default: on)',
}

/** One side of an experiment. */
export interface Variant {
  /** As it was given. */
  readonly text: string
  readonly prompt: { readonly name: string; readonly version: string }
  /** Texts are written, in place of answers. */
  readonly arm: ArmName | undefined
  /** `off`: no model is asked. `undefined`: any of the settings. */
  readonly model: string | undefined
  readonly tier: Tier | undefined
  readonly temperature: number
  /** A key that was given and has no effect unless a model is asked. */
  readonly forModel: 'prompt' | 'temperature' | 'arm' | undefined
  readonly passages: 'search' | 'dataset'
  /** Settings of the search; absent ones have their defaults. */
  readonly search: Pick<Given, 'mode' | 'fusion' | 'denseWeight' | 'rerank'>
}

const ANSWER = { name: 'answer', version: 'built-in' }

/** The value of `model` by which no model is asked. */
export const NO_MODEL = 'off'

/**
 * Reads a variant: `key=value` pairs with commas between them; the empty text has all defaults.
 *
 * @throws ColloquyError `bad_variant`
 */
export function parseVariant(text: string): Variant {
  const pairs = text
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw bad(text, `${JSON.stringify(pair)} is no <key>=<value>`)
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const
    })
  const names = pairs.map(([key]) => key)
  const unknown = names.find((key) => !Object.hasOwn(shape, key))
  if (unknown !== undefined) {
    const near = nearest(unknown, Object.keys(shape))
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    throw bad(text, `there is no key ${JSON.stringify(unknown)}${hint} (keys: ${Object.keys(shape).join(', ')})`)
  }
  const twice = names.find((key, index) => names.indexOf(key) !== index)
  if (twice !== undefined) throw bad(text, `${twice} is given twice`)
  const given = variantSchema.safeParse(Object.fromEntries(pairs), IN_WORDS)
  if (!given.success) throw bad(text, zodProblem(given.error, ''))
  const { prompt = ANSWER, arm, model, tier, temperature = 0, passages = 'search', ...search } = given.data
  const unused = arm === undefined ? undefined : names.find((key) => !['arm', 'model', 'tier', 'temperature'].includes(key))
  if (unused !== undefined) throw bad(text, `${unused} has no meaning with arm, which says how a text is written`)
  if (passages === 'dataset' && Object.keys(search).length > 0)
    throw bad(text, `${Object.keys(search).join(', ')}: nothing is searched with passages=dataset`)
  if (search.fusion === 'auto' && search.denseWeight !== undefined) throw bad(text, 'denseWeight has no meaning with fusion=auto')
  if (model !== undefined && tier !== undefined) throw bad(text, 'give model or tier')
  const forModel = (['prompt', 'temperature', 'arm'] as const).find((key) => given.data[key] !== undefined)
  if (model === NO_MODEL && forModel !== undefined) throw bad(text, `${forModel}: no model is asked with model=off`)
  return { text: text === '' ? 'defaults' : text, prompt, arm, model, tier, temperature, forModel, passages, search }
}

const bad = (text: string, problem: string): ColloquyError =>
  new ColloquyError('bad_variant', `variant ${JSON.stringify(text)}: ${problem}`)
