import { hash } from 'node:crypto'
import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import {
  PROMPT_KIND,
  PROMPT_LIMITS,
  promptChanged,
  promptNameSchema,
  promptReleased,
  promptRolledOut,
  promptSet,
  type PromptSet,
} from '../../../schemas/prompt-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { KNOWN_VARIABLE_NAMES } from '../../prompting/built-in-prompts.ts'
import { templateProblem } from '../../prompting/template.ts'

const textSchema = z.object({
  version: z.int().positive(),
  text: z.string(),
  variables: z.record(z.string(), z.string()),
  note: z.string().optional(),
  hash: z.string(),
})
/** A version of a prompt. */
export type PromptText = z.infer<typeof textSchema>

/** Which version whom: of both, 0 is the built-in text. */
const releaseSchema = z.object({
  version: z.int().nonnegative(),
  share: z.number().min(0).max(1),
  /** What the other conversations get or, with the share 1, what all got before. */
  before: z.int().nonnegative(),
})
export type PromptRelease = z.infer<typeof releaseSchema>

export const promptContextSchema = z.object({
  /** The newest version; 0 before the first. */
  version: z.int().nonnegative(),
  release: releaseSchema,
  /** Texts, oldest first: of the newest version, of the one released and of the one before it; of others as long as there is room. */
  texts: z.array(textSchema),
})
type Context = z.infer<typeof promptContextSchema>

const HASH_CHARS = 12
const hashOf = ({ text, variables }: Pick<PromptSet, 'text' | 'variables'>): string =>
  hash('sha256', JSON.stringify([text, Object.entries(variables).sort()])).slice(0, HASH_CHARS)

/** Texts that are kept, and their bytes as JSON: three of the largest fit. */
const TEXTS_MAX = 10
const TEXTS_BYTES_MAX = 3 * (PROMPT_LIMITS.textBytesMax + PROMPT_LIMITS.variablesBytesMax + 1_024)

/** The texts after a change: the oldest that nobody gets go first. */
function kept({ version, release, texts }: Context): PromptText[] {
  const inUse = [version, release.version, release.before]
  const left = [...texts]
  const isTooMuch = (): boolean => left.length > TEXTS_MAX || Buffer.byteLength(JSON.stringify(left)) > TEXTS_BYTES_MAX
  while (isTooMuch()) {
    const oldest = left.findIndex((one) => !inUse.includes(one.version))
    if (oldest < 0) break
    left.splice(oldest, 1)
  }
  return left
}

/** The release after an input. A version that only some conversations got is none to fall back to. */
const releasedBy = ({ release }: Context, { version, share }: z.output<typeof promptReleased>): PromptRelease => {
  const all = allGet(release)
  if (share < 1) return { version, share, before: all }
  return { version, share, before: version === all ? release.before : all }
}

/** The version that all conversations get but those of a share. */
const allGet = ({ version, share, before }: PromptRelease): number => (share < 1 ? before : version)

const kind = defineKind({
  name: PROMPT_KIND,
  version: 1,
  context: promptContextSchema,
  events: { 'prompt.set': promptSet, 'prompt.released': promptReleased },
  emits: { 'prompt.changed': promptChanged, 'prompt.rolled_out': promptRolledOut },
  tasks: {},
  label: ({ version, release }) => ({ version, released: release.version, share: release.share, before: release.before }),
  refuse: (context, input, { id }) => {
    const name = promptNameSchema.safeParse(id)
    if (!name.success) return `"${id}" is no name of a prompt: ${name.error.issues[0]?.message ?? 'it does not match'}`
    return input.type === 'prompt.set' ? setProblem(input.data) : releaseProblem(context, input.data)
  },
})

function setProblem({ text, variables }: PromptSet): string | undefined {
  const { textBytesMax, variablesBytesMax, variablesMax } = PROMPT_LIMITS
  const names = Object.keys(variables)
  if (names.length > variablesMax) return `variables: ${names.length} are given; at most ${variablesMax}`
  const known = names.find((name) => KNOWN_VARIABLE_NAMES.includes(name))
  if (known !== undefined) return `variables: every prompt has ${JSON.stringify(known)} already; give another name`
  const sizes = [
    ['text', text, textBytesMax],
    ['variables', variables, variablesBytesMax],
  ] as const
  for (const [field, value, max] of sizes) {
    const bytes = Buffer.byteLength(JSON.stringify(value))
    if (bytes > max) return `${field}: takes ${bytes} bytes as JSON; at most ${max}`
  }
  const problem = templateProblem(text, [...KNOWN_VARIABLE_NAMES, ...names])
  return problem === undefined ? undefined : `text: ${problem}`
}

function releaseProblem(context: Context, { version, share }: z.output<typeof promptReleased>): string | undefined {
  const { version: newest, texts, release } = context
  if (version > newest) {
    return newest === 0
      ? `version: nothing was set yet; send prompt.set first, or release version 0, the built-in text`
      : `version: there are the versions 1 to ${newest}, and 0, the built-in text; ${version} is none of them`
  }
  if (version > 0 && texts.every((one) => one.version !== version)) {
    const kept = texts.map((one) => one.version).join(', ')
    return `version: the text of version ${version} is no longer kept, only that of ${kept}; set it again, which makes a new version`
  }
  if (share === 1 || version !== allGet(release)) return undefined
  return `share: all other conversations get version ${version} already; release it with the share 1, or another version to a share`
}

/**
 * The kind `prompt`: a prompt of a tenant, in versions, and who gets which. Setting the newest version again changes nothing, nor does
 * releasing what is released.
 */
export const promptKind = kind.with(
  setup({
    ...kind.xstate,
    guards: {
      isNew: ({ context, event }) => {
        if (event.type === 'prompt.set') return context.texts.at(-1)?.hash !== hashOf(event.data)
        const { version, share } = event.data
        return version !== context.release.version || share !== context.release.share
      },
    },
    actions: {
      set: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'prompt.set') return
        const { text, variables, note } = event.data
        const version = context.version + 1
        const made = { version, text, variables, hash: hashOf(event.data), ...(note !== undefined && { note }) }
        enqueue.assign({ version, texts: kept({ ...context, version, texts: [...context.texts, made] }) })
        enqueue.emit({ type: 'prompt.changed', data: { version, hash: made.hash } })
      }),
      release: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'prompt.released') return
        const release = releasedBy(context, event.data)
        enqueue.assign({ release, texts: kept({ ...context, release }) })
        enqueue.emit({ type: 'prompt.rolled_out', data: release })
      }),
    },
  }).createMachine({
    id: 'prompt',
    context: { version: 0, release: { version: 0, share: 1, before: 0 }, texts: [] },
    initial: 'taught',
    states: {
      taught: { on: { 'prompt.set': { guard: 'isNew', actions: 'set' }, 'prompt.released': { guard: 'isNew', actions: 'release' } } },
    },
  }),
)
